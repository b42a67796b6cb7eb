"""Review cycles: opening one, looking after it, and reading its reviews together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.text import get_text_list
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panels import services
from panels.changes import changes_to
from panels.conflicts import conflicts_with
from panels.exceptions import PanelsError
from panels.forms.cycles import (
    AddReviewersForm,
    ChooseStudyForm,
    CycleForm,
    OpenCycleForm,
    PeerForm,
    ReleaseForm,
    ReopenForm,
)
from panels.models import Panel, PanelSeat, Review, ReviewCycle
from panels.querysets import WAITING
from panels.together import export_rows, read_together
from panels.views.panels import visible_panel
from people.models import User
from people.requests import number_sent, sent, user_of
from people.spreadsheets import csv_file
from studies.models import Study


def run_cycle(request: HttpRequest, slug: str, pk: int) -> ReviewCycle:
    """A cycle that the person runs. One that they may not even see is not found."""
    cycles = ReviewCycle.objects.visible_to(request.user).select_related("panel", "study__theme")
    cycle = get_object_or_404(cycles, panel__slug=slug, pk=pk)
    if not request.user.has_perm("panels.run_cycle", cycle):
        raise PermissionDenied
    return cycle


def _split_seats(
    panel: Panel, study: Study, but: Iterable[int] = ()
) -> tuple[list[PanelSeat], list[dict[str, object]]]:
    """The seats whose members can be asked, and those that cannot, each with the reason."""
    reasons = conflicts_with(study)
    seats = panel.seats.current().select_related("user", "organisation").exclude(user__in=list(but))
    free = [seat for seat in seats.filter(user__is_active=True) if seat.user_id not in reasons]
    taken = [{"seat": seat, "reason": reasons[seat.user_id]} for seat in seats if seat.user_id in reasons]
    return free, taken


@require_GET
def choose_study(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask which study the panel should look at."""
    panel = visible_panel(request, slug)
    if not request.user.has_perm("panels.open_cycle_of_panel", panel):
        raise PermissionDenied
    form = ChooseStudyForm(
        request.GET if "study" in request.GET else None,
        studies=Study.objects.current(),
        cancel_url=panel.get_absolute_url(),
    )
    if form.is_bound and form.is_valid():
        study = form.cleaned_data["study"]
        return redirect(f"{reverse('panels:open_cycle', args=[study.slug])}?panel={panel.slug}")
    return render(request, "panels/cycle_choose_study.html", {"panel": panel, "form": form})


@require_http_methods(["GET", "POST"])
def open_cycle(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask a panel to look at a study: first which panel, then whom and by when."""
    study = get_object_or_404(Study.objects.current().select_related("theme"), slug=slug)
    if not request.user.has_perm("panels.open_cycle", study):
        raise PermissionDenied
    panels = list(Panel.objects.asked_by(request.user))
    chosen = request.GET.get("panel", panels[0].slug if len(panels) == 1 else "")
    panel = next((each for each in panels if each.slug == chosen), None)
    if panel is None:
        return render(request, "panels/cycle_choose_panel.html", {"study": study, "panels": panels})
    seats, unavailable = _split_seats(panel, study)
    form = OpenCycleForm(sent(request), panel=panel, seats=seats, cancel_url=panel.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            cycle = services.open_cycle(panel=panel, study=study, opened_by=user_of(request), **form.cleaned_data)
        except PanelsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The members have been asked. Each gets an email with a link.")
            return redirect(cycle)
    context = {
        "study": study,
        "panel": panel,
        "form": form,
        "unavailable": unavailable,
        "questions": panel.questions.asked_now(),
        "several": len(panels) > 1,
    }
    return render(request, "panels/cycle_open.html", context)


@require_GET
def detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The reviews together: for staff, the chair, and members whose own is in."""
    cycles = ReviewCycle.objects.visible_to(request.user).select_related(
        "panel", "study__theme", "opened_by", "closed_by"
    )
    cycle = get_object_or_404(cycles, panel__slug=slug, pk=pk)
    runs = request.user.has_perm("panels.run_cycle", cycle)
    reviews = []
    if runs:
        rows = cycle.reviews.select_related("member__organisation").prefetch_related("reminders")
        reviews = list(rows.order_by("member__full_name"))
    decision = getattr(cycle, "decision", None)
    context = {
        "cycle": cycle,
        "panel": cycle.panel,
        "study": cycle.study,
        "together": read_together(cycle, user_of(request)),
        "runs": runs,
        "reviews": reviews,
        "asked": sum(review.status in (*WAITING, Review.Status.SUBMITTED) for review in reviews),
        "returned": sum(review.is_submitted for review in reviews),
        "own_waiting": next((r for r in reviews if r.member_id == request.user.pk and r.is_waiting), None),
        "decision": decision,
        "conditions": list(decision.conditions.with_answers()) if decision else [],
        "may_release": runs and not cycle.is_open and bool(_releasable(cycle)),
    }
    return render(request, "panels/cycle_detail.html", context)


@require_POST
def remind(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Remind those who still owe a review, or the one whose review is posted."""
    cycle = run_cycle(request, slug, pk)
    review = None
    if request.POST.get("review"):
        review = get_object_or_404(cycle.reviews, pk=number_sent(request, "review"))
    reminded, left = services.remind_now(cycle=cycle, by=user_of(request), review=review)
    if reminded:
        messages.success(request, f"Reminded by email: {_names(reminded)}.")
    if left:
        messages.info(request, f"Not reminded: {_names(left)}. We asked or reminded them less than a day ago.")
    if not reminded and not left:
        messages.info(request, "Nobody owes a review, so nobody was reminded.")
    return redirect(cycle)


def _names(people: Iterable[User]) -> str:
    return get_text_list([str(each) for each in people], "and")


def _day(words: str) -> dt.date | None:
    """A day as links carry it, such as 2026-12-24; None where it is none."""
    try:
        return parse_date(words)
    except ValueError:
        return None


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change the due date or the note."""
    cycle = run_cycle(request, slug, pk)
    asked = cycle.reviews.waiting().exclude(longer_until=None).order_by("longer_until").select_related("member")
    wanted = _day(request.GET.get("due_on", ""))
    form = CycleForm(
        sent(request),
        cycle=cycle,
        initial={"due_on": wanted or cycle.due_on, "note": cycle.note},
        cancel_url=cycle.get_absolute_url(),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_cycle(cycle=cycle, **form.cleaned_data)
        except PanelsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The changes have been saved.")
            return redirect(cycle)
    context = {"cycle": cycle, "panel": cycle.panel, "form": form, "asked": asked}
    return render(request, "panels/cycle_edit.html", context)


@require_http_methods(["GET", "POST"])
def add_reviewers(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask more of the panel's members."""
    cycle = run_cycle(request, slug, pk)
    asked = cycle.reviews.exclude(status=Review.Status.WITHDRAWN).values_list("member", flat=True)
    seats, unavailable = _split_seats(cycle.panel, cycle.study, but=asked)
    form = AddReviewersForm(sent(request), seats=seats, cancel_url=cycle.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            reviews = services.add_reviewers(cycle=cycle, members=form.cleaned_data["members"])
        except PanelsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{len(reviews)} more asked, by email.")
            return redirect(cycle)
    context = {"cycle": cycle, "panel": cycle.panel, "form": form, "seats": seats, "unavailable": unavailable}
    return render(request, "panels/cycle_add_reviewers.html", context)


@require_http_methods(["GET", "POST"])
def invite_peer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask a peer subject reviewer from outside the panel."""
    cycle = run_cycle(request, slug, pk)
    asked = set(cycle.reviews.exclude(status=Review.Status.WITHDRAWN).values_list("member", flat=True))
    out = asked | set(conflicts_with(cycle.study, cycle.due_on))
    form = PeerForm(sent(request), exclude=out, cancel_url=cycle.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            review = services.invite_peer_reviewer(cycle=cycle, invited_by=user_of(request), **data)
        except PanelsError as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error("email", error)
        else:
            words = f"{review.member} has been asked." if review else "They had already been asked."
            messages.success(request, words)
            return redirect(cycle)
    return render(request, "panels/cycle_invite_peer.html", {"cycle": cycle, "panel": cycle.panel, "form": form})


@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, slug: str, pk: int, review_pk: int) -> HttpResponse:
    """Ask, then no longer ask a member."""
    cycle = run_cycle(request, slug, pk)
    review = get_object_or_404(cycle.reviews.select_related("member"), pk=review_pk)
    if request.method == "POST":
        try:
            services.withdraw_review(review=review)
        except PanelsError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{review.member} is no longer asked.")
        return redirect(cycle)
    context = {"cycle": cycle, "panel": cycle.panel, "review": review, "destructive": True}
    return render(request, "panels/cycle_withdraw.html", context)


@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask, then close reviews."""
    cycle = run_cycle(request, slug, pk)
    if request.method == "POST":
        services.close_cycle(cycle=cycle, closed_by=user_of(request))
        messages.success(request, "Reviews are closed.")
        return redirect(cycle)
    waiting = cycle.reviews.waiting().select_related("member")
    context = {"cycle": cycle, "panel": cycle.panel, "waiting": waiting, "destructive": True}
    return render(request, "panels/cycle_close.html", context)


@require_http_methods(["GET", "POST"])
def reopen(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let members write again, until a new date."""
    cycle = run_cycle(request, slug, pk)
    form = ReopenForm(sent(request), cancel_url=cycle.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            services.reopen_cycle(cycle=cycle, due_on=form.cleaned_data["due_on"])
        except PanelsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Reviews are open again.")
            return redirect(cycle)
    return render(request, "panels/cycle_reopen.html", {"cycle": cycle, "panel": cycle.panel, "form": form})


def _releasable(cycle: ReviewCycle) -> list[Review]:
    reviews = cycle.reviews.submitted().filter(released_at=None).exclude(comments_to_team="")
    return list(reviews.order_by("pk"))


@require_http_methods(["GET", "POST"])
def release(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Send members' comments to the study, without their names."""
    cycle = run_cycle(request, slug, pk)
    if not request.user.has_perm("panels.read_confidential", cycle):
        raise PermissionDenied
    form = ReleaseForm(sent(request), reviews=_releasable(cycle), cancel_url=cycle.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            made = services.release_comments(cycle=cycle, texts=form.chosen(), released_by=user_of(request))
        except PanelsError as error:
            form.add_error(None, str(error))
        else:
            words = "One comment has" if len(made) == 1 else f"{len(made)} comments have"
            messages.success(request, f"{words} been sent to the study team as suggestions.")
            return redirect(cycle)
    return render(request, "panels/cycle_release.html", {"cycle": cycle, "panel": cycle.panel, "form": form})


@require_GET
def history(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What was done with a cycle, its decision and its conditions; nothing of what reviewers wrote."""
    cycle = run_cycle(request, slug, pk)
    page = changes_to(cycle, request.GET.get("page", "1"))
    return render(request, "panels/cycle_history.html", {"cycle": cycle, "panel": cycle.panel, "page_obj": page})


@require_GET
def export(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The reviews as a CSV file."""
    cycle = run_cycle(request, slug, pk)
    return csv_file(f"reviews-{cycle.study.slug}-{cycle.pk}", export_rows(read_together(cycle, user_of(request))))
