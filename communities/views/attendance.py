"""Who comes to an event: the list, adding and cancelling for people, ticking them off, and what they thought."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Avg, Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from communities.forms import AddRegistrationForm, RegistrationFilterForm
from communities.models import Event, EventFeedback, Registration
from communities.services.aftercare import tick_attendance
from communities.services.errors import RefusedError
from communities.services.registrations import add_by_hand, cancel_registration, places_left
from communities.views.requests import page_of, text_of
from people.numbers import whole_number
from people.requests import sent, user_of
from people.spreadsheets import csv_file

_MANAGE = "communities.manage_registrations"


def _event(slug: str) -> Event:
    return get_object_or_404(Event.objects.select_related("community"), slug=slug)


@permission_required(_MANAGE, raise_exception=True)
@never_cache
@require_safe
def registrations(request: HttpRequest, slug: str) -> HttpResponse:
    """Who registered for an event, in the order in which they did; ``?state=`` shows those of one state."""
    event = _event(slug)
    state = text_of(request, "state")
    found = event.registrations.select_related("needs", "added_by")
    if state in Registration.Status.values:
        found = found.filter(status=state)
    counts = dict(event.registrations.order_by().values_list("status").annotate(Count("pk")))
    context = {
        "event": event,
        "page_obj": page_of(request, found, 100),
        "filters": RegistrationFilterForm(initial={"state": state}),
        "is_filtered": bool(state),
        "counts": [(label, counts.get(value, 0)) for value, label in Registration.Status.choices],
        "left": places_left(event),
        "sees_needs": request.user.has_perm("communities.view_needs"),
    }
    return render(request, "events/registration_list.html", context)


@permission_required(_MANAGE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Register somebody who asked for it by telephone, on paper or at the door."""
    event = _event(slug)
    form = AddRegistrationForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            added = add_by_hand(event=event, by=user_of(request), **form.cleaned_data)
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{added.name}: {added.get_status_display().lower()}.")
            back = "attendance" if added.is_coming and _can_tick(event) else "registrations"
            return redirect(f"events:{back}", event.slug)
    return render(request, "events/registration_add.html", {"event": event, "form": form})


@permission_required(_MANAGE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_for(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Cancel somebody's registration for them, once it is sure."""
    registration = get_object_or_404(Registration.objects.select_related("event"), event__slug=slug, pk=pk)
    if request.method == "POST":
        try:
            cancel_registration(registration=registration, by=user_of(request))
        except RefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"The registration of {registration.name} is cancelled.")
        return redirect("events:registrations", slug)
    context = {"event": registration.event, "registration": registration, "destructive": True}
    return render(request, "events/registration_cancel_for.html", context)


@permission_required(_MANAGE, raise_exception=True)
@never_cache
@require_safe
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Who registered, as a CSV file."""
    event = _event(slug)
    sees_needs = request.user.has_perm("communities.view_needs")
    needs_headings = ["What they eat", "What they need"] if sees_needs else []
    rows: list[list[object]] = [
        ["Name", "Email address", "Organisation", "State", "Registered", "Came", *needs_headings]
    ]
    for each in event.registrations.select_related("needs"):
        needs = getattr(each, "needs", None)
        row: list[object] = [each.name, each.email, each.organisation, each.get_status_display()]
        row += [timezone.localdate(each.registered_at), "Yes" if each.attended else ""]
        if sees_needs:
            row += [needs.dietary, needs.access] if needs else ["", ""]
        rows.append(row)
    return csv_file(f"{event.slug}-registrations", rows)


@permission_required(_MANAGE, raise_exception=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def attendance(request: HttpRequest, slug: str) -> HttpResponse:
    """Tick who came, on a phone at the door.

    Only what was changed on the page is saved: it carries who was ticked when it was shown, so that two people who tick
    at once do not undo each other's ticks.
    """
    event = _event(slug)
    if request.method == "POST":
        shown, before, now = (_keys(request, name) for name in ("shown", "before", "came"))
        try:
            tick_attendance(event=event, came=(now - before) & shown, did_not=(before - now) & shown)
        except RefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Saved.")
        return redirect(request.get_full_path())
    # So many that a page of them, with what it carries, stays within DATA_UPLOAD_MAX_NUMBER_FIELDS.
    coming = page_of(request, event.registrations.coming().order_by("name", "pk"), 250)
    in_line = [Registration.Status.WAITING, Registration.Status.OFFERED]
    waiting = event.registrations.filter(status__in=in_line).order_by("turn")[:100] if event.has_started else []
    context = {"event": event, "page_obj": coming, "can_tick": _can_tick(event), "waiting": waiting}
    return render(request, "events/attendance.html", context)


def _can_tick(event: Event) -> bool:
    """Whether it is the day of the event, or later."""
    return event.status == Event.Status.PUBLISHED and timezone.localdate(event.starts_at) <= timezone.localdate()


def _keys(request: HttpRequest, name: str) -> set[int]:
    """The keys that were sent; whatever is none is left out."""
    return {key for each in request.POST.getlist(name) if (key := whole_number(each)) is not None}


@permission_required(_MANAGE, raise_exception=True)
@require_safe
def feedback_results(request: HttpRequest, slug: str) -> HttpResponse:
    """What those who came thought: how many gave each answer, and their words in no telling order."""
    event = _event(slug)
    counts = dict(event.feedback.order_by().values_list("score").annotate(Count("pk")))
    context = {
        "event": event,
        "scores": [(label, counts.get(score, 0)) for score, label in EventFeedback.Score.choices],
        "answers": sum(counts.values()),
        "average": event.feedback.aggregate(average=Avg("score"))["average"],
        "words": event.feedback.exclude(words="").order_by("-score", "words"),
    }
    return render(request, "events/feedback_results.html", context)
