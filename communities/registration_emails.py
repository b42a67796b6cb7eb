"""The emails to one person about their registration for an event. Each has the private link by which they change it."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from communities import ics
from communities.models import Event, Registration
from communities.tokens import registration_token
from mailing.services import File, send_template

TOPIC = "event registration"


def send_state(registration: Registration) -> None:
    """Say that somebody has a place, with the event for their calendar, or that they wait for one."""
    _send(registration, "registration_coming" if registration.is_coming else "registration_waiting")


def send_again(registration: Registration) -> None:
    """Say that somebody had registered before, and how that stands."""
    _send(registration, "registration_again")


def send_offer(registration: Registration) -> None:
    """Offer a place to whoever is next in line."""
    _send(registration, "registration_offer")


def send_lapsed(registration: Registration) -> None:
    """Say that a place that was offered has passed on."""
    _send(registration, "registration_lapsed")


def send_cancelled(registration: Registration) -> None:
    """Say that a place or a turn in the line has been given back."""
    _send(registration, "registration_cancelled")


def send_notice(registration: Registration, kind: str) -> None:
    """Tell somebody of a change, of a cancellation, remind them, or thank them (``kind`` of ``Notice``)."""
    template = {"week": "registration_reminder", "day": "registration_reminder"}.get(kind, f"registration_{kind}")
    _send(registration, template)


def _days_off(event: Event) -> str:
    """How far off its day is in London, in words, however late a reminder is written."""
    days = (timezone.localdate(event.starts_at) - timezone.localdate()).days
    return {0: "today", 1: "tomorrow", 7: "in a week"}.get(days, f"in {days} days")


def registration_url(registration: Registration, name: str = "registration") -> str:
    """The private address of somebody's registration, or of another page of theirs, with the host."""
    return f"{settings.SITE_URL}{reverse(f'events:{name}', args=[registration_token(registration)])}"


def _send(registration: Registration, template: str) -> None:
    """Email somebody, if they have an address; the calendar entry goes to those who have a place and need it."""
    if not registration.email:
        return
    event = registration.event
    has_link = registration.is_coming or not event.link_needs_a_place
    calendar = _calendar_for(registration, template, has_link)
    send_template(
        to=registration.email,
        name=registration.name,
        template=f"communities/{template}",
        topic=TOPIC,
        subject_id=registration.key,
        context={
            "event": event,
            "registration": registration,
            "has_link": has_link,
            "has_calendar": bool(calendar),
            "days_off": _days_off(event),
            "registration_url": registration_url(registration),
            "feedback_url": registration_url(registration, "feedback"),
            "event_url": f"{settings.SITE_URL}{event.get_absolute_url()}",
        },
        attachments=calendar,
    )


def _calendar_for(registration: Registration, template: str, has_link: bool) -> list[File]:
    with_link = {registration.event_id} if has_link else set()
    if template == "registration_cancellation":
        return [ics.attachment(registration.event, method="CANCEL", with_link=with_link)]
    wanted = {"registration_coming", "registration_change", "registration_reminder"}
    if registration.is_coming and template in wanted:
        return [ics.attachment(registration.event, with_link=with_link)]
    return []
