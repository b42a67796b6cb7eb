"""Events: writing, publishing and cancelling them, alone or with the dates of their series that follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from communities.models import Event, EventPosting, EventSeries, Notice
from communities.services.consents import hold_lists
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.history import save_with_lists
from communities.services.notices import tell_registered
from communities.services.postings import is_being_announced, tell_of, withdraw_postings
from communities.services.registrations import lock_event, pass_places_on, shorten_offers
from communities.services.series import changes_for, drafts_of_series, following, others_for
from communities.slugs import free_slug
from communities.words import day_words
from people.models import User

#: What calendars show: a change of any of these is a new revision of the entry (RFC 5545, 3.8.7.4).
_ON_CALENDARS = ("title", "description", "starts_at", "ends_at", "place", "online_url", "show_online_url", "kind")

#: When and where: whoever was told of an event is told if any of these changes.
_WHEN_AND_WHERE = ("starts_at", "ends_at", "place", "online_url")


@transaction.atomic
def create_event(*, by: User, also_for: Iterable[int] = (), **fields: Any) -> Event:
    """Begin an event as a draft. ``also_for`` are the keys of other communities that it is for (``others_for``)."""
    event = Event.objects.create(slug=free_slug(Event, fields["title"]), created_by=by, updated_by=by, **fields)
    event.also_for.set(others_for(event, also_for))
    return event


@transaction.atomic
def save_event(*, event: Event, version: int, changes: dict[str, Any], by: User, following_too: bool = False) -> Event:
    """Change an event; calendars that have it see a new revision if anything that they show is new.

    With ``following_too`` the dates of its series that follow are changed likewise (``changes_for`` says how). Where
    public events that are to come have another time or place now, everybody who registered or was told of them is told
    (``moved_by``). Places that are added are offered to those who wait. ``version`` is the one that the person edited.
    Raises ``StaleVersionError`` if somebody saved another since, ``RefusedError`` if it has been cancelled, more
    places are taken than there would be, or it would be for others while the list of those for whom it was is still
    being made; then no date is changed.
    """
    current = lock_event(event)
    if current.is_cancelled:
        raise RefusedError("This event has been cancelled, so it can no longer be changed.")
    if current.version != version:
        raise StaleVersionError(current)
    rows = changes_for(current, changes, following_too=following_too, lock=True)
    moved = [each for each, theirs in rows if is_moved_by(each, theirs)]
    for each, theirs in rows:
        _refuse_fewer_places(each, theirs, name_it=each is not current)
        _refuse_others_while_told(each, theirs)
        is_sooner = theirs.get("starts_at", each.starts_at) < each.starts_at
        _apply(each, theirs, by)
        if is_sooner:
            shorten_offers(each)
    _tell_of_changes([each for each in moved if not each.is_past], by)
    for each, _ in rows:
        pass_places_on(each)
    return current


def _apply(event: Event, changes: dict[str, Any], by: User) -> None:
    is_revision = any(name in changes and getattr(event, name) != changes[name] for name in _ON_CALENDARS)
    for field, value in changes.items():
        if field != "also_for":
            setattr(event, field, value)
    if is_revision and not event.is_draft:
        event.sequence += 1
    event.version += 1
    event.updated_by = by
    save_with_lists(event, by, also_for=others_for(event, changes.get("also_for", event.also_for_keys)))


def is_moved_by(event: Event, changes: dict[str, Any]) -> bool:
    """Whether these changes give a public event that is not over another time or place, so that people must be told."""
    if event.status != Event.Status.PUBLISHED or event.is_past:
        return False
    return any(name in changes and getattr(event, name) != changes[name] for name in _WHEN_AND_WHERE)


def moved_by(event: Event, changes: dict[str, Any], *, following_too: bool = False) -> list[Event]:
    """Those of the events that ``save_event`` would change of whose new time or place people must be told.

    None where it would refuse.
    """
    try:
        rows = changes_for(event, changes, following_too=following_too)
    except RefusedError:
        return []
    return [each for each, theirs in rows if is_moved_by(each, theirs)]


def _refuse_fewer_places(event: Event, changes: dict[str, Any], *, name_it: bool) -> None:
    capacity = changes.get("capacity")
    if capacity is None:
        return
    taken = event.registrations.taking_places().count()
    if capacity < taken:
        when = f" on {day_words(event.starts_at)}" if name_it else ""
        raise RefusedError(f"{taken} places{when} are taken or offered already, so there cannot be fewer than that.")


def _refuse_others_while_told(event: Event, changes: dict[str, Any]) -> None:
    whom = (event.community, event.also_for_keys)
    if (changes.get("community", whom[0]), frozenset(changes.get("also_for", whom[1]))) == whom:
        return
    if is_being_announced(event):
        raise RefusedError(
            "The list of those who are told that it is on is still being made. Change whom it is for in a minute or so."
        )


def _tell_of_changes(events: list[Event], by: User) -> None:
    if not events:
        return
    tell_registered(*events, kind=Notice.Kind.CHANGE)
    hold_lists()
    tell_of(events, EventPosting.Kind.CHANGE, by)


@transaction.atomic
def publish_event(*, event: Event, by: User, whole_series: bool = False) -> Event:
    """Show a draft to everyone; with ``whole_series``, every draft among the dates of its series that are not over.

    A second call changes nothing. Raises ``RefusedError`` if it has been cancelled.
    """
    current = lock_event(event)
    if current.is_cancelled:
        raise RefusedError("This event has been cancelled.")
    others = drafts_of_series(current).exclude(pk=current.pk).select_for_update() if whole_series else ()
    for each in [current, *others]:
        if each.is_draft:
            each.status, each.updated_by = Event.Status.PUBLISHED, by
            each.save(update_fields=["status", "updated_by", "updated_at"])
    return current


@transaction.atomic
def delete_event(*, event: Event, following_too: bool = False) -> int:
    """Delete a draft and, with ``following_too``, the drafts among the dates of its series that follow.

    Returns how many there were; a second call changes nothing. Raises ``RefusedError`` if it is public: cancel it
    instead.
    """
    current = Event.objects.select_for_update().filter(pk=event.pk).first()
    if current is None:
        return 0
    if not current.is_draft:
        raise RefusedError("This event is public. Cancel it instead, so that people's calendars say so.")
    rows = [current]
    if following_too:
        rows += following(current, lock=True).filter(status=Event.Status.DRAFT)
    for each in rows:
        each.delete()
    if current.series_id:
        EventSeries.objects.filter(pk=current.series_id, events=None).delete()
    return len(rows)


@transaction.atomic
def cancel_event(*, event: Event, reason: str, by: User, following_too: bool = False) -> Event:
    """Call a published event off and tell those who registered or were told that it is on; their calendars drop it.

    With ``following_too`` the published dates of its series that follow are off as well; drafts stay drafts. Whoever
    is still waiting to be told that they are on will not be. A second call changes nothing. Raises ``RefusedError``
    for a draft (delete it) and for an event that is over.
    """
    current = lock_event(event)
    if current.is_cancelled:
        return current
    if current.is_draft:
        raise RefusedError("This event is a draft that nobody has seen. Delete it instead.")
    if current.is_past:
        raise RefusedError("This event is over, so it can no longer be cancelled.")
    rows = [current]
    if following_too:
        rows += following(current, lock=True).filter(status=Event.Status.PUBLISHED)
    for each in rows:
        each.status, each.cancelled_reason, each.updated_by = Event.Status.CANCELLED, reason.strip(), by
        each.sequence += 1
        each.version += 1
        each.save()
    hold_lists()
    withdraw_postings(rows)
    tell_registered(*rows, kind=Notice.Kind.CANCELLATION)
    tell_of(rows, EventPosting.Kind.CANCELLATION, by)
    return current
