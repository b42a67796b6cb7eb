"""Monthly updates: drafts are looked at, changed and approved by convenors and staff; staff send them."""

from __future__ import annotations

import datetime as dt

from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities.forms.send_back import SectionBackForm
from communities.forms.update import DeadlineForm, SectionForm
from communities.models import MonthlyUpdate, UpdateSection
from communities.progress import with_progress
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.update_sending import recipients_of, send_test
from communities.services.updates import decide_section, save_section, send_section_back, set_deadline
from communities.update_mail import message_of
from communities.views.preview import FRAME_POLICY, filled, frame_context
from communities.views.requests import edit, page_of
from people.requests import number_sent, sent, user_of

_SEND = "communities.send_updates"
_DECIDED = {
    UpdateSection.Status.DRAFT: "It is a draft again.",
    UpdateSection.Status.SKIPPED: "Skipped. Your members are told nothing of this community this month.",
}


def update_for(request: HttpRequest, year: int, month: int) -> MonthlyUpdate:
    """A month's update, for those who may see it: 404 for everybody else."""
    try:
        first = dt.date(year, month, 1)
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    return get_object_or_404(MonthlyUpdate.objects.visible_to(request.user), month=first)


def section_for(request: HttpRequest, pk: int) -> UpdateSection:
    """A section that this person may decide on: 404 where they may not see it."""
    section = get_object_or_404(
        UpdateSection.objects.visible_to(request.user).select_related(
            "update", "community__study", "decided_by", "sent_back_by"
        ),
        pk=pk,
    )
    if not request.user.has_perm("communities.approve_section", section):
        raise PermissionDenied
    return section


@permission_required("communities.see_updates", raise_exception=True)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every month, the newest first, with how many drafts wait: all for staff, of their communities for convenors."""
    seen = Q(sections__in=UpdateSection.objects.visible_to(request.user))
    months = (
        MonthlyUpdate.objects.visible_to(request.user)
        .annotate(
            drafts=Count("sections", filter=seen & Q(sections__status="draft"), distinct=True),
            approved=Count("sections", filter=seen & Q(sections__status="approved"), distinct=True),
            all_sections=Count("sections", distinct=True),
        )
        .order_by("-month")
    )
    return render(request, "updates/update_list.html", {"page_obj": page_of(request, months, 12)})


@require_safe
def detail(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """One month: each community's section and what became of it; for staff, how many get it and how far it is."""
    update = update_for(request, year, month)
    sections = (
        UpdateSection.objects.visible_to(request.user)
        .filter(update=update)
        .select_related("update", "community", "decided_by")
        .annotate(ticked=Count("entries", filter=Q(entries__included=True)))
        .order_by("community__name", "pk")
    )
    may_send = request.user.has_perm(_SEND)
    context = {"update": update, "sections": sections, "may_send": may_send}
    if may_send and update.is_open:
        context["audience"] = recipients_of(update).count()
    elif may_send:
        mailings = update.mailings.select_related("mailing").prefetch_related("communities")
        context["mailings"] = found = with_progress(mailings)
        context["is_going"] = update.is_preparing or any(not each.progress.is_over for each in found)
    return render(request, "updates/update_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, pk: int) -> HttpResponse:
    """What one community tells: while it is a draft a form, and always the email that it makes."""
    found = section_for(request, pk)
    message = _message_of(request, found)
    context = {"section": found, "update": found.update, "message": message, **frame_context(request)}
    if not (found.update.is_open and found.is_draft):
        return render(request, "updates/section_detail.html", context)
    approve = SectionForm.APPROVE in request.POST

    def save(form: SectionForm) -> UpdateSection:
        return save_section(
            section=found, version=form.cleaned_data["version"], introduction=form.cleaned_data["introduction"],
            included=form.included, by=user_of(request), approve=approve,
        )  # fmt: skip

    def done(saved: UpdateSection) -> HttpResponse:
        if approve:
            messages.success(request, f"Approved. It goes with the update of {saved.update.month_words}.")
            return redirect(saved.update)
        messages.success(request, "The draft is saved. This is how the email looks now.")
        return redirect(saved)

    form = SectionForm(sent(request), instance=UpdateSection.objects.get(pk=found.pk))
    return edit(
        request,
        form=form,
        template="updates/section_edit.html",
        context=context,
        save=save,  # type: ignore[arg-type]  # it is given the form above
        done=done,
    )


def _message_of(request: HttpRequest, section: UpdateSection) -> dict[str, str] | None:
    """The email of somebody who is in this community alone, as whoever looks would get it; None where nothing is in."""
    message = message_of(section)
    return filled(message, str(request.user)) if message else None


@xframe_options_sameorigin
@csp_replace(FRAME_POLICY)  # type: ignore[arg-type]  # its hints know only views that take nothing but the request
@require_safe
def section_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The email as HTML, for the preview's frame."""
    message = _message_of(request, section_for(request, pk))
    return HttpResponse(message["html"] if message else "")


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the email to whoever looks at it."""
    found, user = section_for(request, pk), user_of(request)
    try:
        send_test(section=found, to=user)
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"A test is on its way to {user.email}.")
    return redirect(found)


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Skip a section, or take it back to a draft (``to``)."""
    found = section_for(request, pk)
    to = request.POST.get("to", "")
    try:
        decide_section(section=found, to=to, version=number_sent(request, "version"), by=user_of(request))
    except StaleVersionError as error:
        messages.error(request, f"{error} Look at it again before you decide.")
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _DECIDED[UpdateSection.Status(to)])
    return redirect(found.update if to == UpdateSection.Status.SKIPPED else found)


@require_http_methods(["GET", "HEAD", "POST"])
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what has to be changed in a section; it is a draft then. Where it changed meanwhile, the words are kept."""
    found = section_for(request, pk)
    if request.method != "POST" and not found.update.is_open:
        return redirect(found)
    form, status = SectionBackForm(sent(request), initial={"version": found.version}), 200
    if request.method == "POST" and form.is_valid():
        try:
            send_section_back(section=found, by=user_of(request), **form.cleaned_data)
        except StaleVersionError as error:
            form, status = form.rebased_on(error.current.version), 409  # type: ignore[attr-defined]
            form.add_error(None, "It was changed while you were writing. Look at it, then send your words.")
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "It is sent back. Those who look after it get your words by email.")
            return redirect(found)
    form.cancel_url = found.get_absolute_url()
    context = {"section": found, "update": found.update, "form": form}
    return render(request, "updates/section_send_back.html", context, status=status)


@permission_required(_SEND, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def deadline(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """Choose when an update goes."""
    update = update_for(request, year, month)
    if not update.is_open:
        return redirect(update)
    form = DeadlineForm(sent(request), initial={"closes_at": update.closes_at})
    form.cancel_url = update.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        try:
            set_deadline(update=update, closes_at=form.cleaned_data["closes_at"])
        except RefusedError as error:
            form.add_error("closes_at", str(error))
        else:
            messages.success(request, "The time is saved.")
            return redirect(update)
    return render(request, "updates/update_deadline.html", {"form": form, "update": update})
