"""Panels: who sits on them and what they ask."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panels import services
from panels.exceptions import PanelsError
from panels.forms.panels import QuestionForm, SeatChangeForm, SeatForm
from panels.models import Panel, PanelSeat, Question, Review, ReviewCycle
from people.compiled import compiled_list
from people.models import User
from people.requests import sent, user_of
from people.rules import is_programme_staff

CYCLES_A_PAGE = 25


def visible_panel(request: HttpRequest, slug: str) -> Panel:
    """A panel that the person may see; any other is not found."""
    return get_object_or_404(Panel.objects.visible_to(request.user), slug=slug)


def _managed_panel(request: HttpRequest, slug: str) -> Panel:
    """A panel whose seats and questions the person may change."""
    panel = visible_panel(request, slug)
    if not request.user.has_perm("panels.manage_panel", panel):
        raise PermissionDenied
    return panel


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The panels: every one for staff, a member's own."""
    if not request.user.has_perm("panels.see_panels"):
        raise PermissionDenied
    user = user_of(request)
    return render(request, "panels/panel_index.html", {"panels": list(_listed(user.pk, is_programme_staff(user)))})


@compiled_list
def _listed(user_pk: int, is_staff: bool) -> QuerySet[Panel, tuple[Any, ...]]:
    panels = Panel.objects.visible_to(User(pk=user_pk, is_staff=is_staff)).with_counts().order_by("position", "name")
    return panels.values_list("pk", "slug", "name", "asks", "seats_now", "cycles_open")  # type: ignore[misc]


@require_GET
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A panel: what it asks, who sits on it, what it looks at."""
    panel = visible_panel(request, slug)
    cycles = panel.cycles.with_progress().select_related("study", "decision")
    cycles = cycles.order_by("-status", "-due_on", "-pk")
    page = Paginator(cycles, CYCLES_A_PAGE).get_page(request.GET.get("page"))
    shown = [cycle.pk for cycle in page]
    own = {review.cycle_id: review for review in Review.objects.of(request.user).filter(cycle__in=shown)}
    readable = set(ReviewCycle.objects.visible_to(request.user).filter(pk__in=shown).values_list("pk", flat=True))
    context = {
        "panel": panel,
        "seats": panel.seats.current().select_related("user", "organisation"),
        "past_seats": panel.seats.exclude(pk__in=panel.seats.current().values("pk")).select_related("user"),
        "questions": panel.questions.asked_now(),
        "page_obj": page,
        "rows": [{"cycle": cycle, "own": own.get(cycle.pk), "readable": cycle.pk in readable} for cycle in page],
        "may_manage": request.user.has_perm("panels.manage_panel", panel),
        "may_open": request.user.has_perm("panels.open_cycle_of_panel", panel),
    }
    return render(request, "panels/panel_detail.html", context)


@require_http_methods(["GET", "POST"])
def add_seat(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a member."""
    panel = _managed_panel(request, slug)
    form = SeatForm(sent(request), panel=panel, cancel_url=panel.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            if data["user"]:
                seat = services.seat_person(
                    panel=panel, user=data["user"], role=data["role"], organisation=data["organisation"]
                )
            else:
                seat = services.invite_to_seat(
                    panel=panel,
                    full_name=data["full_name"],
                    email=data["email"],
                    role=data["role"],
                    organisation=data["organisation"],
                    invited_by=user_of(request),
                )
        except PanelsError as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error("email", error)
        else:
            messages.success(request, f"{seat.user} now sits on the {panel.name}.")
            return redirect(panel)
    return render(request, "panels/seat_add.html", {"panel": panel, "form": form})


def _questions_url(panel: Panel) -> str:
    return reverse("panels:questions", args=[panel.slug])


def _seat(panel: Panel, pk: int) -> PanelSeat:
    return get_object_or_404(panel.seats.filter(ends_on=None).select_related("user", "organisation"), pk=pk)


@require_http_methods(["GET", "POST"])
def change_seat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a member's role or organisation."""
    panel = _managed_panel(request, slug)
    seat = _seat(panel, pk)
    initial = {"role": seat.role, "organisation": seat.organisation}
    form = SeatChangeForm(sent(request), initial=initial, cancel_url=panel.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            services.change_seat(seat=seat, **form.cleaned_data)
        except PanelsError as error:
            form.add_error("role", str(error))
        else:
            messages.success(request, f"{seat.user}’s seat has been changed.")
            return redirect(panel)
    return render(request, "panels/seat_change.html", {"panel": panel, "seat": seat, "form": form})


@require_http_methods(["GET", "POST"])
def end_seat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask, then end a member's seat today."""
    panel = _managed_panel(request, slug)
    seat = _seat(panel, pk)
    if request.method == "POST":
        services.end_seat(seat=seat)
        messages.success(request, f"{seat.user} no longer sits on the {panel.name} after today.")
        return redirect(panel)
    waiting = Review.objects.waiting().filter(cycle__panel=panel, member=seat.user, is_peer=False)
    context = {"panel": panel, "seat": seat, "waiting": waiting.select_related("cycle__study"), "destructive": True}
    return render(request, "panels/seat_end.html", context)


@require_http_methods(["GET", "POST"])
def add_question(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask something more."""
    panel = _managed_panel(request, slug)
    initial = {"kind": Question.Kind.SCORE, "is_required": True}
    form = QuestionForm(sent(request), initial=initial, cancel_url=_questions_url(panel))
    if request.method == "POST" and form.is_valid():
        services.add_question(panel=panel, **form.cleaned_data)
        messages.success(request, "The question has been added. Reviews opened from now on ask it.")
        return redirect("panels:questions", panel.slug)
    return render(request, "panels/question_edit.html", {"panel": panel, "form": form})


@require_GET
def questions(request: HttpRequest, slug: str) -> HttpResponse:
    """What the panel asks, to be reworded, reordered and retired."""
    panel = _managed_panel(request, slug)
    asked = list(panel.questions.asked_now())
    retired = panel.questions.exclude(retired_at=None).order_by("-retired_at")
    return render(request, "panels/question_list.html", {"panel": panel, "questions": asked, "retired": retired})


def _question(panel: Panel, pk: int) -> Question:
    return get_object_or_404(panel.questions.asked_now(), pk=pk)


@require_http_methods(["GET", "POST"])
def change_question(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Reword a question."""
    panel = _managed_panel(request, slug)
    question = _question(panel, pk)
    initial = {name: getattr(question, name) for name in ("text", "hint", "kind", "is_required")}
    form = QuestionForm(sent(request), initial=initial, cancel_url=_questions_url(panel))
    if request.method == "POST" and form.is_valid():
        services.change_question(question=question, **form.cleaned_data)
        messages.success(request, "The question has been changed.")
        return redirect("panels:questions", panel.slug)
    context = {"panel": panel, "form": form, "question": question, "asked_before": question.cycles.exists()}
    return render(request, "panels/question_edit.html", context)


@require_http_methods(["GET", "POST"])
def retire_question(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask, then stop asking a question in reviews to come."""
    panel = _managed_panel(request, slug)
    question = _question(panel, pk)
    if request.method == "POST":
        services.retire_question(question=question)
        messages.success(request, "The question is no longer asked.")
        return redirect("panels:questions", panel.slug)
    return render(request, "panels/question_retire.html", {"panel": panel, "question": question, "destructive": True})


@require_POST
def move_question(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Move a question up or down."""
    panel = _managed_panel(request, slug)
    services.move_question(question=_question(panel, pk), up=request.POST.get("direction") == "up")
    return redirect("panels:questions", panel.slug)
