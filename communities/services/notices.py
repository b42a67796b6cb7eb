"""Telling those who registered of changes and cancellations, reminding and thanking them: each of each thing once."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from communities import registration_emails as emails
from communities.models import Event, Notice, Registration
from communities.models.event import OFFER_AT_LATEST
from communities.querysets import EventQuerySet, RegistrationQuerySet
from communities.services.list_making import leave_to_worker
from communities.services.registrations import lock_event

#: To more people than this, who each get an email of their own, it is written by a worker rather than while somebody
#: waits for the page; and so many of them at a time, while others who want something of the event wait.
AT_ONCE = 200
#: How many days before an event its reminders go, by their kind; the nearest first.
REMINDERS = {Notice.Kind.DAY: 1, Notice.Kind.WEEK: 7}
#: The hour, in London, from which people are thanked on the day after.
THANKS_FROM = dt.time(9)
#: How long after an event somebody is still told that there was no place for them.
NO_PLACE_UNTIL = dt.timedelta(days=1)


def to_tell(*events: Event) -> RegistrationQuerySet:
    """Those who registered for these events and can be emailed, whether they come or wait."""
    return Registration.objects.filter(event__in=events).live().reachable()


def tell_registered(*events: Event, kind: str) -> None:
    """Email everybody who registered for these locked events that they have changed or are off.

    Once per revision of an event: a second call finds nobody to tell. Where there are very many, a worker tells them
    (``tell_rest``), of what is the latest by then.
    """
    later = to_tell(*events).order_by()[AT_ONCE : AT_ONCE + 1].exists()
    for event in events:
        if later:
            _set_telling(event, kind, timezone.now(), event.sequence)
        else:
            _set_telling(event, "", None, 0)
            _tell(event, to_tell(event), kind, sequence=event.sequence)
    if later:
        leave_to_worker()


def _set_telling(event: Event, kind: str, since: dt.datetime | None, sequence: int) -> None:
    event.telling, event.telling_since, event.telling_sequence = kind, since, sequence
    Event.objects.filter(pk=event.pk).update(telling=kind, telling_since=since, telling_sequence=sequence)


def tell_rest() -> int:
    """Email those who registered for events of whose change or cancellation it was left to a worker to tell them;
    returns how many were told.

    A few at a time, each time in a transaction of its own, so that the event is not kept from others. Safe to run
    twice, at once with itself, and to kill. After ``MAIL_TASK_SECONDS`` it asks for another worker to go on.
    """
    until = time.monotonic() + settings.MAIL_TASK_SECONDS
    count = _in_parts(_tell_some, Event.objects.exclude(telling=""), until=until)
    if time.monotonic() > until:
        leave_to_worker()
    return count


@transaction.atomic
def _tell_some(pk: int) -> int:
    event = lock_event(Event(pk=pk))
    if not event.telling:
        return 0
    # Whoever has registered since was told how it is by the email that said so.
    whom = to_tell(event).filter(registered_at__lte=event.telling_since)
    told = _tell(event, whom, event.telling, sequence=event.telling_sequence)
    if not told:
        _set_telling(event, "", None, 0)
    return told


def _in_parts(tell: Callable[[int], int], events: EventQuerySet, *, until: float = float("inf")) -> int:
    """How many ``tell`` told of these events in all: it is asked of each, by its key, until it finds nobody more; or
    until that time of the machine's own clock.
    """
    count = 0
    for pk in list(events.order_by("pk").values_list("pk", flat=True)):
        while told := tell(pk):
            count += told
            if time.monotonic() > until:
                return count
    return count


def _tell(event: Event, whom: RegistrationQuerySet, kind: str, *, sequence: int = 0) -> int:
    """Tell as many of these as are told at once, who have not been told yet; returns how many."""
    about = {"kind": Notice.Kind(kind), "starts_at": event.starts_at, "sequence": sequence}
    told = Notice.objects.filter(**about, registration__event=event)
    waiting = list(whom.exclude(pk__in=told.values("registration")).order_by("turn")[:AT_ONCE])
    Notice.objects.bulk_create(Notice(registration=registration, **about) for registration in waiting)
    for registration in waiting:
        registration.event = event
        emails.send_notice(registration, kind)
    return len(waiting)


def reminder_due(event: Event, days: int) -> dt.datetime:
    """When the reminder so many days before is due: at the hour at which the event starts by London's clocks."""
    return timezone.localtime(event.starts_at) - dt.timedelta(days=days)


def send_reminders() -> int:
    """Remind those with a place of each event that is a week or a day away; returns how many were reminded.

    Whatever is due goes, however late it is noticed; but only the nearest, and not to somebody who has been told of
    the place or of a new date since it fell due. A date that moves is reminded of anew. Safe to run twice, and at once
    with itself.
    """
    now = timezone.now()
    soon = Event.objects.filter(
        status=Event.Status.PUBLISHED, starts_at__gt=now, starts_at__lte=now + dt.timedelta(days=8)
    )
    return _in_parts(_remind, soon)


@transaction.atomic
def _remind(pk: int) -> int:
    event, now = lock_event(Event(pk=pk)), timezone.now()
    if event.status != Event.Status.PUBLISHED or event.has_started:
        return 0
    for kind, days in REMINDERS.items():
        due = reminder_due(event, days)
        if due <= now:
            told_since = Notice.objects.filter(kind=Notice.Kind.CHANGE, starts_at=event.starts_at, made_at__gte=due)
            whom = event.registrations.coming().reachable().filter(coming_since__lt=due)
            return _tell(event, whom.exclude(pk__in=told_since.values("registration")), kind)
    return 0


def send_no_places() -> int:
    """Tell those who still wait for a place that none came free, once no more are offered; returns how many were told.

    That is so an hour before an event (``OFFER_AT_LATEST``). Whoever is noticed late is told until a day after its end,
    and nobody of an event that is off. Once for each date: if it moves after that, they wait again. Safe to run twice,
    and at once with itself.
    """
    now = timezone.now()
    waiting = Registration.objects.waiting().reachable().filter(event=OuterRef("pk")).order_by()
    told = Notice.objects.filter(registration=OuterRef("pk"), kind=Notice.Kind.NO_PLACE)
    untold = waiting.exclude(Exists(told.filter(starts_at=OuterRef("event__starts_at"))))
    over = Event.objects.filter(
        Exists(untold),
        status=Event.Status.PUBLISHED,
        starts_at__lt=now + OFFER_AT_LATEST,
        ends_at__gt=now - NO_PLACE_UNTIL,
    )
    return _in_parts(_tell_no_place, over)


@transaction.atomic
def _tell_no_place(pk: int) -> int:
    event = lock_event(Event(pk=pk))
    if event.status != Event.Status.PUBLISHED or not event.offers_are_over:
        return 0
    return _tell(event, event.registrations.waiting().reachable(), Notice.Kind.NO_PLACE)


def send_thanks() -> int:
    """Thank those who were ticked as there, from the morning after the event, and ask what they thought.

    Returns how many were thanked. Whoever is ticked later is thanked at the next run; nobody is twice.
    """
    nine = dt.datetime.combine(timezone.localdate(), THANKS_FROM, tzinfo=timezone.get_current_timezone())
    midnight = nine.replace(hour=0)
    before = midnight if timezone.now() >= nine else midnight - dt.timedelta(days=1)
    waiting = (
        Registration.objects.reachable()
        .filter(attended=True, event__status=Event.Status.PUBLISHED, event__ends_at__lt=before)
        .exclude(notices__kind=Notice.Kind.THANKS)
    )
    return _in_parts(_thank, Event.objects.filter(pk__in=waiting.values("event")))


@transaction.atomic
def _thank(pk: int) -> int:
    event = lock_event(Event(pk=pk))
    whom = event.registrations.coming().reachable().filter(attended=True, gave_feedback=False)
    return _tell(event, whom.exclude(notices__kind=Notice.Kind.THANKS), Notice.Kind.THANKS)
