"""After an event: who came, what they thought, and forgetting them again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from communities.models import AttendeeNeeds, Event, EventFeedback, Registration
from communities.privacy import is_known
from communities.services.errors import RefusedError
from communities.services.registrations import cancel_registration, lock_event
from mailing.privacy import forget


@transaction.atomic
def tick_attendance(*, event: Event, came: Collection[int] = (), did_not: Collection[int] = ()) -> Event:
    """Record who came and who, ticked by mistake, did not (keys of registrations); the event keeps the number.

    Whoever is in neither is left as they are, so that two people can tick at once. A second call changes nothing.
    Raises ``RefusedError`` before the day of the event and for one that was called off.
    """
    current = lock_event(event)
    if current.status != Event.Status.PUBLISHED or timezone.localdate(current.starts_at) > timezone.localdate():
        raise RefusedError("You can tick who came from the day of the event on.")
    coming = current.registrations.coming()
    more = coming.filter(pk__in=came, attended=False).update(attended=True)
    fewer = coming.filter(pk__in=did_not, attended=True).update(attended=False)
    # Counted on from what was there, not anew: some of those who came may have been forgotten since.
    current.attended_count = max(0, (current.attended_count or 0) + more - fewer)
    Event.objects.filter(pk=current.pk).update(attended_count=current.attended_count)
    return current


@transaction.atomic
def give_feedback(*, registration: Registration, score: int, words: str = "") -> bool:
    """Keep what somebody who came thought, without who they are; False where they have said so before."""
    first = Registration.objects.filter(pk=registration.pk, attended=True, gave_feedback=False).update(
        gave_feedback=True
    )
    if first:
        EventFeedback.objects.create(event_id=registration.event_id, score=score, words=words)
    return bool(first)


def delete_old_needs() -> int:
    """Forget what people needed ``EVENT_KEEP_NEEDS_DAYS`` after their event, and at once where it is off; returns how
    many that was.
    """
    ended = timezone.now() - dt.timedelta(days=settings.EVENT_KEEP_NEEDS_DAYS)
    is_over = Q(registration__event__ends_at__lte=ended) | Q(registration__event__status=Event.Status.CANCELLED)
    return AttendeeNeeds.objects.filter(is_over).delete()[0]


def delete_old_registrations() -> int:
    """Forget who registered ``EVENT_KEEP_REGISTRATIONS_DAYS`` after their event; returns how many that was.

    The event keeps how many came, and what they thought of it.
    """
    ended = timezone.now() - dt.timedelta(days=settings.EVENT_KEEP_REGISTRATIONS_DAYS)
    old = Registration.objects.filter(event__ends_at__lte=ended)
    return old.delete()[1].get("communities.Registration", 0)


@transaction.atomic
def erase_registrations(*, email: str) -> int:
    """Delete every registration of an address; places that it had go to the next in line. Returns how many."""
    theirs = Registration.objects.with_email(email)
    for registration in theirs.live().order_by("event_id"):
        try:
            cancel_registration(registration=registration, quietly=True)
        except RefusedError:
            continue  # over or called off: there is no place to pass on
    return theirs.delete()[1].get("communities.Registration", 0)


@transaction.atomic
def erase_attendee(*, registration: Registration) -> None:
    """Erase whoever registered, as they ask: every registration of their address and, where nothing else here knows
    that address, what was emailed to it (UK GDPR, article 17). A second call changes nothing.
    """
    email = registration.email
    erase_registrations(email=email)
    if not is_known(email):
        forget(email=email)
