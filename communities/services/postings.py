"""Emails about events to those who asked to hear of them: that they are on, have changed or are off.

One email may be about several dates of a series, so that nobody gets one for each. It is a posting of each date. Where
it goes to very many, a worker makes the list (``list_making``), in the order in which the emails were written: whoever
is told that an event has changed is told first that it is on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower

from communities import ics
from communities.bulk_mail import Message, announcement_message, cancellation_message, change_message, list_of
from communities.lists import list_key, several_key, unsubscribe_headers
from communities.models import Associate, Event, EventPosting, Purpose, Registration
from communities.querysets import AssociateQuerySet
from communities.services.consents import hold_lists
from communities.services.errors import RefusedError
from communities.services.list_making import is_long, make_each, queue_list
from communities.services.registrations import lock_event
from mailing.models import Delivery, Mailing
from mailing.services import File, cancel, make_list
from people.models import User

_MESSAGES = {
    EventPosting.Kind.ANNOUNCEMENT: announcement_message,
    EventPosting.Kind.CHANGE: change_message,
    EventPosting.Kind.CANCELLATION: cancellation_message,
}


def audience_of(event: Event) -> AssociateQuerySet:
    """Who would be told of an event now, each once: those who asked for events in any of its communities, or in any at
    all where it is for everybody.
    """
    return Associate.objects.wanting(Purpose.EVENTS, *event.communities)


def told_of(events: Iterable[Event]) -> AssociateQuerySet:
    """Who was told of one of these events and did not register for it, may have it in their calendar, and still agrees
    to be emailed about events. Whoever registered is told as such, and not twice.
    """
    postings = EventPosting.objects.filter(event__in=[event.pk for event in events])
    theirs = (
        Delivery.objects.filter(mailing=OuterRef("mailing"))
        .reaching()
        .alias(address=Lower("recipient"))
        .filter(address=Lower(OuterRef(OuterRef("email"))))
    )
    registered = (
        Registration.objects.live()
        .filter(event=OuterRef("event"))
        .alias(address=Lower("email"))
        .filter(address=Lower(OuterRef(OuterRef("email"))))
    )
    told = postings.filter(Exists(theirs)).exclude(Exists(registered))
    return Associate.objects.consenting(Purpose.EVENTS).filter(Exists(told)).order_by("pk")


def will_be_told(events: Sequence[Event]) -> int:
    """How many would be told of a change of these events as those who were told of one (``told_of``), with those who
    are about to be.
    """
    people = told_of(events)
    for event in events:
        if is_being_announced(event):
            people |= audience_of(event)
    return people.count()


def is_being_announced(event: Event) -> bool:
    """Whether the list of those who are told that it is on is still being made."""
    return _being_told([event]).filter(kind=EventPosting.Kind.ANNOUNCEMENT).exists()


def _being_told(events: Iterable[Event]) -> QuerySet[EventPosting]:
    """The emails about these events whose lists are still to be made."""
    preparing = Mailing.objects.preparing().values("pk")
    return EventPosting.objects.filter(event__in=[event.pk for event in events], mailing__in=preparing)


def to_announce(event: Event, *, lock: bool = False) -> list[Event]:
    """The dates of its series of which nobody has been told yet, that are public, to come, and for the same people."""
    announced = EventPosting.objects.filter(event=OuterRef("pk"), kind=EventPosting.Kind.ANNOUNCEMENT)
    dates = Event.objects.in_series_of(event).upcoming().filter(status=Event.Status.PUBLISHED)
    dates = (
        dates.filter(community=event.community_id).exclude(Exists(announced)).prefetch_related("community", "also_for")
    )
    dates = dates.select_for_update() if lock else dates
    return [each for each in dates if each.also_for_keys == event.also_for_keys]


@transaction.atomic
def announce_event(*, event: Event, by: User, whole_series: bool = False) -> EventPosting:
    """Email those who asked to hear of events, with the event for their calendar attached.

    With ``whole_series`` one email names this date and all others of its series that nobody was told of yet
    (``to_announce``). Each event is announced once: a second call returns what went before. Raises ``RefusedError`` if
    the event is not public, is over, or nobody has asked.
    """
    current = lock_event(event)
    posted = current.postings.filter(kind=EventPosting.Kind.ANNOUNCEMENT).first()
    if posted:
        return posted
    if current.status != Event.Status.PUBLISHED:
        raise RefusedError("Publish the event first: people are sent a link to its page.")
    if current.is_past:
        raise RefusedError("This event is over.")
    dates = [current]
    if whole_series:
        others = [each for each in to_announce(current, lock=True) if each != current]
        dates = sorted([current, *others], key=lambda each: (each.starts_at, each.pk))
    audience = audience_of(current)
    later = is_long(audience)
    if not later:
        hold_lists_of_events(dates)
    if not audience.exists():
        raise RefusedError("Nobody has asked to be emailed about these events yet.")
    _post(dates, EventPosting.Kind.ANNOUNCEMENT, audience, by, later=later)
    return current.postings.get(kind=EventPosting.Kind.ANNOUNCEMENT)


def tell_of(events: Sequence[Event], kind: EventPosting.Kind, by: User) -> None:
    """Tell those who were told of these events that they have changed or are off, in one email for each audience.

    To be called in the transaction that changed them, which holds all lists: who was told may be in other communities
    by now, or in none. Whoever is still to be told of them, by
    a list that a worker has yet to make, is told of this afterwards.
    """
    by_audience: dict[tuple[int | None, frozenset[int]], list[Event]] = {}
    for event in events:
        by_audience.setdefault((event.community_id, event.also_for_keys), []).append(event)
    for dates in by_audience.values():
        audience = told_of(dates)
        is_unfinished = _being_told(dates).exists()
        if is_unfinished or audience.exists():
            _post(dates, kind, audience, by, later=is_unfinished or is_long(audience))


def withdraw_postings(events: Sequence[Event]) -> None:
    """Let nobody who still waits to be told that these events are on be told so: they are off.

    An email that is about other dates, too, goes on its way, and its readers are told afterwards which are off.
    """
    mailings = Mailing.objects.filter(pk__in=EventPosting.objects.filter(event__in=events).values("mailing"))
    still_on = EventPosting.objects.filter(mailing=OuterRef("pk")).exclude(event__status=Event.Status.CANCELLED)
    for mailing in mailings.exclude(Exists(still_on)).order_by("pk"):
        cancel(mailing=mailing)


def hold_lists_of_events(events: Sequence[Event]) -> None:
    """``hold_lists`` of whoever these events are for."""
    is_for_all = any(event.community_id is None for event in events)
    hold_lists(None if is_for_all else [community.pk for event in events for community in event.communities])


def make_lists() -> int:
    """Make the lists of those emails about events that were left to a worker; returns how many (``make_each``)."""
    same_email = EventPosting.objects.filter(mailing=OuterRef("mailing")).order_by("pk")
    first = EventPosting.objects.filter(pk=Subquery(same_email.values("pk")[:1]))
    return make_each(first.filter(mailing__preparing_since__isnull=False).select_related("mailing"), _make_list)


def _make_list(posting: EventPosting) -> bool:
    dates = list(Event.objects.filter(postings__mailing=posting.mailing_id).with_communities())
    if _being_told(dates).filter(mailing__lt=posting.mailing_id).exists():
        return False
    if posting.kind == EventPosting.Kind.ANNOUNCEMENT:
        hold_lists_of_events(dates)
        audience = audience_of(dates[0])
    else:
        hold_lists()
        audience = told_of(dates)
    make_list(mailing=posting.mailing, audience=audience.as_audience())
    return True


def _post(
    dates: Sequence[Event], kind: EventPosting.Kind, audience: AssociateQuerySet, by: User, *, later: bool
) -> None:
    first = dates[0]
    slug, issue = list_of(first)
    message: Message = _MESSAGES[kind](dates)
    mailing = queue_list(
        audience,
        later=later,
        topic="event posting",
        list_key=list_key(Purpose.EVENTS, slug) if slug else several_key(Purpose.EVENTS, first.pk),
        subject=message.subject,
        text=message.text,
        html=message.html,
        headers=unsubscribe_headers(Purpose.EVENTS, slug, issue),
        attachments=[_calendar(dates, kind)],
        created_by=by,
    )
    EventPosting.objects.bulk_create(
        EventPosting(event=event, kind=kind, mailing=mailing, made_by=by) for event in dates
    )


def _calendar(dates: Sequence[Event], kind: EventPosting.Kind) -> File:
    """The file to attach. CANCEL is about one entry (RFC 5546, 3.2.5), so several that are off are published anew, each
    with its status CANCELLED.
    """
    is_one_off = kind == EventPosting.Kind.CANCELLATION and len(dates) == 1
    with_link = {event.pk for event in dates if not event.link_needs_a_place}
    return ics.attachment(*dates, method="CANCEL" if is_one_off else "PUBLISH", with_link=with_link)
