"""Events that repeat: making their dates, and finding those that a change or a cancellation is for as well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from communities.models import Event, EventSeries
from communities.querysets import EventQuerySet
from communities.repeats import MOST, Plan, Times, on_day, plan
from communities.services.errors import RefusedError
from communities.services.registrations import lock_event
from communities.slugs import free_slug
from communities.words import day_words
from people.models import User

#: What a new date has from the one that is repeated, and what a change may be of for those that follow as well. Their
#: times, addresses and states are their own.
_SHARED = (
    "title", "kind", "community", "also_for", "description", "place", "online_url", "show_online_url",
    "takes_registrations", "capacity",
)  # fmt: skip
_TIMES = ("starts_at", "ends_at")


def times_of(event: Event) -> Times:
    """When it begins and ends."""
    return Times(event.starts_at, event.ends_at)


def plan_repeats(event: Event, *, every: str, **how_long: Any) -> Plan:
    """The dates that ``repeat_event`` would make, as the series stands (``times`` or ``until``: ``repeats.plan``)."""
    known = {times_of(each).day for each in event.series.events.all()} if event.series else set()
    return plan(times_of(event), every, known=known, **how_long)


@transaction.atomic
def repeat_event(*, event: Event, every: str, as_drafts: bool = False, by: User, **how_long: Any) -> list[Event]:
    """Make the dates of an event that repeats, each an event of its own like it; returns the new ones, soonest first.

    ``how_long`` is ``times``, the number of dates with this one, or ``until``, a day. They are drafts if this one is
    or ``as_drafts``, otherwise public at once; nobody is emailed. Days that the series has are not made again, so a
    second call makes nothing. Raises ``RefusedError`` for an event that has been cancelled or is over, and where a
    series would have more than ``MOST`` dates to come.
    """
    current = lock_event(event)
    if current.is_cancelled or current.is_past:
        raise RefusedError("Repeat an event that is still to come.")
    series = current.series
    if series:
        EventSeries.objects.select_for_update().get(pk=series.pk)
    dates = plan_repeats(current, every=every, **how_long).dates
    if not dates:
        return []
    if len(dates) + (series.events.upcoming().count() if series else 1) > MOST:
        raise RefusedError(f"A series has at most {MOST} dates to come. Choose fewer.")
    if series is None:
        current.series = series = EventSeries.objects.create(every=every, created_by=by)
        current.save(update_fields=["series", "updated_at"])
    status = Event.Status.DRAFT if as_drafts or current.is_draft else Event.Status.PUBLISHED
    return [_make(current, at, series=series, status=status, by=by) for at in dates]


def _make(like: Event, at: Times, *, series: EventSeries, status: str, by: User) -> Event:
    fields = {name: getattr(like, name) for name in _SHARED if name != "also_for"}
    slug = free_slug(Event, f"{like.title[:90]} {at.day:%-d %B %Y}")
    event = Event.objects.create(
        slug=slug, series=series, status=status, starts_at=at.starts_at, ends_at=at.ends_at, created_by=by,
        updated_by=by, **fields,
    )  # fmt: skip
    event.also_for.set(others_for(event, like.also_for_keys))
    return event


def others_for(event: Event, communities: Iterable[int]) -> set[int]:
    """Which of these communities (keys) an event is for beside its own; none where it is for everybody."""
    return set(communities) - {event.community_id} if event.community_id else set()


def value_of(event: Event, name: str) -> Any:
    """What ``changes`` of an event would have for a field that stays as it is."""
    return event.also_for_keys if name == "also_for" else getattr(event, name)


def following(event: Event, *, lock: bool = False) -> EventQuerySet:
    """The dates of its series that follow and are still on, drafts among them; soonest first.

    With ``lock``, to be called in a transaction, in one order, so that two of us never wait for each other.
    """
    found = Event.objects.following(event).prefetch_related("community", "also_for")
    return found.select_for_update() if lock else found


def changes_for(
    event: Event, changes: dict[str, Any], *, following_too: bool, lock: bool = False
) -> list[tuple[Event, dict[str, Any]]]:
    """Which event gets which changes: this one all, those that follow what is new here, of when the time of day alone.

    Where one of those has been changed by itself before, what is not new here stays as it is there. Raises
    ``RefusedError`` where this one moves to another day, or a date has no such time because the clocks change.
    """
    rows = [(event, changes)]
    if not following_too:
        return rows
    new = {name: value for name, value in changes.items() if value_of(event, name) != value}
    shared = {name: value for name, value in new.items() if name in _SHARED}
    at = Times(*(changes.get(name, getattr(event, name)) for name in _TIMES))
    if at.day != times_of(event).day:
        raise RefusedError("To move this date to another day, choose “Only this date”.")
    for each in following(event, lock=lock):
        theirs = dict(shared)
        if set(_TIMES) & set(new):
            theirs |= _at_these_times(each, at)
        rows.append((each, theirs))
    return rows


def _at_these_times(event: Event, at: Times) -> dict[str, Any]:
    same = on_day(times_of(event).day, at)
    if same is None:
        raise RefusedError(f"The clocks change over this time on {day_words(event.starts_at)}. Choose another time.")
    return {"starts_at": same.starts_at, "ends_at": same.ends_at}


def drafts_of_series(event: Event) -> EventQuerySet:
    """The drafts among the dates of its series that are not over, itself included."""
    return Event.objects.in_series_of(event).filter(status=Event.Status.DRAFT, ends_at__gt=timezone.now())
