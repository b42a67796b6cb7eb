"""Events: writing, publishing and cancelling them, and telling those who asked."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from communities import ics
from communities.bulk_mail import Message, announcement_message, cancellation_message, change_message
from communities.lists import list_key, unsubscribe_headers
from communities.models import Associate, Event, EventPosting, Notice, Purpose, Registration
from communities.querysets import AssociateQuerySet
from communities.services.consents import hold_lists
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.notices import tell_registered
from communities.services.registrations import pass_places_on
from communities.slugs import free_slug
from mailing.models import Delivery, Mailing
from mailing.services import cancel, queue_bulk
from people.models import User

#: What calendars show: a change of any of these is a new revision of the entry (RFC 5545, 3.8.7.4).
_ON_CALENDARS = ("title", "description", "starts_at", "ends_at", "place", "online_url", "show_online_url", "kind")

#: When and where: whoever was told of an event is told if any of these changes.
_WHEN_AND_WHERE = ("starts_at", "ends_at", "place", "online_url")


@transaction.atomic
def create_event(*, by: User, **fields: Any) -> Event:
    """Begin an event as a draft."""
    return Event.objects.create(slug=free_slug(Event, fields["title"]), created_by=by, updated_by=by, **fields)


@transaction.atomic
def save_event(*, event: Event, version: int, changes: dict[str, Any], by: User) -> Event:
    """Change an event; calendars that have it see a new revision if anything that they show is new.

    Where a public event that is to come has another time or place now, everybody who registered or was told of it is
    told (``is_moved_by``). Places that are added are offered to those who wait. ``version`` is the one that the person
    edited. Raises ``StaleVersionError`` if somebody saved another since, ``RefusedError`` if it has been cancelled or
    more places are taken than it would have.
    """
    current = _locked(event)
    if current.is_cancelled:
        raise RefusedError("This event has been cancelled, so it can no longer be changed.")
    if current.version != version:
        raise StaleVersionError(current)
    is_revision = any(name in changes and getattr(current, name) != changes[name] for name in _ON_CALENDARS)
    is_moved = is_moved_by(current, changes)
    _refuse_fewer_places(current, changes)
    for field, value in changes.items():
        setattr(current, field, value)
    if is_revision and not current.is_draft:
        current.sequence += 1
    current.version += 1
    current.updated_by = by
    current.save()
    if is_moved and not current.is_past:
        _tell_of_change(current, by)
    pass_places_on(current)
    return current


def is_moved_by(event: Event, changes: dict[str, Any]) -> bool:
    """Whether these changes give a public event that is not over another time or place, so that people must be told."""
    if event.status != Event.Status.PUBLISHED or event.is_past:
        return False
    return any(name in changes and getattr(event, name) != changes[name] for name in _WHEN_AND_WHERE)


def _refuse_fewer_places(event: Event, changes: dict[str, Any]) -> None:
    capacity = changes.get("capacity")
    taken = event.registrations.taking_places().count()
    if capacity is not None and capacity < taken:
        raise RefusedError(f"{taken} places are taken or offered already, so there cannot be fewer than that.")


def _tell_of_change(event: Event, by: User) -> None:
    tell_registered(event=event, kind=Notice.Kind.CHANGE)
    hold_lists(None if event.community_id is None else [event.community_id])
    audience = told_but_not_registered(event)
    if audience.exists():
        _post(event, EventPosting.Kind.CHANGE, change_message(event), audience, by)


@transaction.atomic
def publish_event(*, event: Event, by: User) -> Event:
    """Show a draft to everyone. A second call changes nothing. Raises ``RefusedError`` if it has been cancelled."""
    current = _locked(event)
    if current.is_cancelled:
        raise RefusedError("This event has been cancelled.")
    if current.is_draft:
        current.status, current.updated_by = Event.Status.PUBLISHED, by
        current.save(update_fields=["status", "updated_by", "updated_at"])
    return current


@transaction.atomic
def delete_event(*, event: Event) -> None:
    """Delete a draft. A second call changes nothing. Raises ``RefusedError`` if it is public: cancel it instead."""
    current = Event.objects.select_for_update().filter(pk=event.pk).first()
    if current is None:
        return
    if not current.is_draft:
        raise RefusedError("This event is public. Cancel it instead, so that people's calendars say so.")
    current.delete()


def audience_of(event: Event) -> AssociateQuerySet:
    """Who would be told of an event now: its community's members who asked, or anybody's where it has none."""
    return Associate.objects.wanting(Purpose.EVENTS, event.community)


def told_before(event: Event) -> AssociateQuerySet:
    """Who was told of an event, may have put it in their calendar, and still agrees to be emailed about events."""
    told = (
        Delivery.objects.filter(mailing__in=event.postings.values("mailing"))
        .exclude(status__in=[Delivery.Status.SKIPPED, Delivery.Status.FAILED])
        .annotate(address=Lower("recipient"))
        .filter(address=Lower(OuterRef("email")))
    )
    return Associate.objects.consenting(Purpose.EVENTS).filter(Exists(told)).order_by("pk")


def told_but_not_registered(event: Event) -> AssociateQuerySet:
    """Those of ``told_before`` who did not register: whoever did is told as such, and not twice."""
    registered = (
        Registration.objects.live()
        .filter(event=event)
        .annotate(address=Lower("email"))
        .filter(address=Lower(OuterRef("email")))
    )
    return told_before(event).exclude(Exists(registered))


@transaction.atomic
def announce_event(*, event: Event, by: User) -> EventPosting:
    """Email those who asked to hear of events, with the event for their calendar attached.

    It goes once: a second call returns what went before. Raises ``RefusedError`` if the event is not public, is over,
    or nobody has asked.
    """
    current = _locked(event)
    posted = current.postings.filter(kind=EventPosting.Kind.ANNOUNCEMENT).first()
    if posted:
        return posted
    if current.status != Event.Status.PUBLISHED:
        raise RefusedError("Publish the event first: people are sent a link to its page.")
    if current.is_past:
        raise RefusedError("This event is over.")
    hold_lists(None if current.community_id is None else [current.community_id])
    audience = audience_of(current)
    if not audience.exists():
        raise RefusedError("Nobody has asked to be emailed about these events yet.")
    return _post(current, EventPosting.Kind.ANNOUNCEMENT, announcement_message(current), audience, by)


@transaction.atomic
def cancel_event(*, event: Event, reason: str, by: User) -> Event:
    """Call a published event off and tell those who registered or were told that it is on; their calendars drop it.

    Whoever is still waiting to be told that it is on will not be. A second call changes nothing. Raises
    ``RefusedError`` for a draft (delete it) and for an event that is over.
    """
    current = _locked(event)
    if current.is_cancelled:
        return current
    if current.is_draft:
        raise RefusedError("This event is a draft that nobody has seen. Delete it instead.")
    if current.is_past:
        raise RefusedError("This event is over, so it can no longer be cancelled.")
    current.status, current.cancelled_reason, current.updated_by = Event.Status.CANCELLED, reason.strip(), by
    current.sequence += 1
    current.version += 1
    current.save()
    hold_lists(None if current.community_id is None else [current.community_id])
    for posting in current.postings.select_related("mailing"):
        cancel(mailing=posting.mailing)
    tell_registered(event=current, kind=Notice.Kind.CANCELLATION)
    audience = told_but_not_registered(current)
    if audience.exists():
        _post(current, EventPosting.Kind.CANCELLATION, cancellation_message(current), audience, by)
    return current


def _post(event: Event, kind: str, message: Message, audience: AssociateQuerySet, by: User) -> EventPosting:
    slug = event.community.slug if event.community else ""
    method = "CANCEL" if kind == EventPosting.Kind.CANCELLATION else "PUBLISH"
    mailing: Mailing = queue_bulk(
        topic="event posting",
        list_key=list_key(Purpose.EVENTS, slug),
        subject=message.subject,
        text=message.text,
        html=message.html,
        headers=unsubscribe_headers(Purpose.EVENTS, slug),
        audience=audience.as_audience(),
        attachments=[ics.attachment(event, method=method, with_link=not event.link_needs_a_place)],
        created_by=by,
    )
    return EventPosting.objects.create(event=event, kind=kind, mailing=mailing, made_by=by)


def _locked(event: Event) -> Event:
    return Event.objects.select_related("community").select_for_update(of=("self",)).get(pk=event.pk)
