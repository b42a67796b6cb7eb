"""Places at events: registering, the waiting list, offers, and giving a place back.

Every write here locks the event's row first. So places taken and offered together never exceed the capacity, and the
line keeps its order, however many people press a button at the same moment.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from communities import registration_emails as emails
from communities.models import AttendeeNeeds, Event, Notice, Registration
from communities.services.errors import RefusedError
from communities.services.limits import check_limit
from people.models import User

_NOT_OPEN = "You cannot register for this event at the moment."


def register(
    *,
    event: Event,
    email: str,
    name: str,
    organisation: str = "",
    dietary: str = "",
    access: str = "",
    agreed_to: str = "",
    host: str,
) -> Registration:
    """Give somebody a place, or their turn in the line where the event is full, and email them which.

    An address has one registration for an event: while it stands, a second call changes nothing of it and sends its
    owner an email that says so, since anybody may have filled in the form. Whoever had cancelled joins the line anew.
    ``agreed_to`` is the wording with which they let us keep ``dietary`` and ``access``; without it these are not kept.
    ``host`` is the network address the request came from. Raises ``TooManyRequestsError``, known or not, and
    ``RefusedError`` where nobody can register.
    """
    if not event.is_open_to_register:
        raise RefusedError(_NOT_OPEN)
    check_limit(email=email, host=host)
    with transaction.atomic():
        current = lock_event(event)
        if not current.is_open_to_register:
            raise RefusedError(_NOT_OPEN)
        found = current.registrations.with_email(email).first()
        if found and found.is_live:
            emails.send_again(found)
            return found
        registration = _enter(current, found, name=name, email=email, organisation=organisation)
        _save_needs(registration, dietary, access, agreed_to)
        _tell_state(current, registration)
        return registration


@transaction.atomic
def add_by_hand(
    *,
    event: Event,
    by: User,
    name: str,
    email: str = "",
    organisation: str = "",
    dietary: str = "",
    access: str = "",
    agreed_to: str = "",
) -> Registration:
    """Register somebody for them, also where the public cannot; they are emailed if they have an address.

    Where the address is registered already, that registration is returned as it is; but once the event has begun, the
    line is over, and whoever was in it gets a place that is free. Raises ``RefusedError`` for an event that is not
    public, and where it is full and there is no address to which a place could be offered later.
    """
    current = lock_event(event)
    if current.status != Event.Status.PUBLISHED:
        raise RefusedError("People can be added to an event while it is published.")
    found = current.registrations.with_email(email).first() if email else None
    if found and found.is_live and (found.is_coming or not current.has_started):
        return found
    has_place = found is not None and found.is_offered
    if not has_place and not _has_room(current) and (not email or current.has_started):
        or_cancel = "" if current.has_started else ", or cancel for somebody else"
        raise RefusedError(f"The event is full. Raise the number of places first{or_cancel}.")
    if found and found.is_live:
        _give_place(found)
        found.save(update_fields=["status", "coming_since", "offer_expires_at"])
        return found
    registration = _enter(current, found, name=name, email=email, organisation=organisation, added_by=by)
    _save_needs(registration, dietary, access, agreed_to)
    if not current.has_started:
        _tell_state(current, registration)
    return registration


def _tell_state(event: Event, registration: Registration) -> None:
    """Email whoever has registered how it stands. To wait in vain is said by the same email, so it counts as said."""
    emails.send_state(registration)
    if not registration.is_coming and event.offers_are_over:
        Notice.objects.get_or_create(
            registration=registration, kind=Notice.Kind.NO_PLACE, starts_at=event.starts_at, sequence=0
        )


def _enter(
    event: Event, found: Registration | None, *, name: str, email: str, organisation: str, added_by: User | None = None
) -> Registration:
    """A place, or the last turn in the line; over a cancelled registration of the same address."""
    registration = found or Registration(event=event, email=email)
    registration.event = event
    registration.name, registration.organisation, registration.added_by = name, organisation, added_by
    registration.turn = (event.registrations.aggregate(last=Max("turn"))["last"] or 0) + 1
    registration.registered_at, registration.ended = timezone.now(), ""
    if _has_room(event):
        _give_place(registration)
    else:
        registration.status = Registration.Status.WAITING
    registration.save()
    return registration


def _give_place(registration: Registration) -> None:
    registration.status, registration.coming_since = Registration.Status.COMING, timezone.now()
    registration.offer_expires_at = None


@transaction.atomic
def accept_offer(*, registration: Registration) -> Registration:
    """Take the place that was offered; it is confirmed by email. A second call changes nothing.

    Raises ``RefusedError`` where there is no offer any more.
    """
    event, current = _locked(registration)
    if current.is_coming:
        return current
    _refuse_if_over(event)
    if not current.is_offered or not current.offer_is_open:
        raise RefusedError("This offer has passed on to the next person in line.")
    _give_place(current)
    current.save(update_fields=["status", "coming_since", "offer_expires_at"])
    emails.send_state(current)
    return current


@transaction.atomic
def cancel_registration(*, registration: Registration, by: User | None = None, quietly: bool = False) -> Registration:
    """Give a place or a turn back, at once: a place goes to the next in line. ``by`` is the staff member who does it.

    An offer is declined by this. What the person needs is forgotten. They are emailed that it is done, unless
    ``quietly``. A second call changes nothing. Raises ``RefusedError`` once the event has begun or was called off.
    """
    event, current = _locked(registration)
    if not current.is_live:
        return current
    _refuse_if_over(event)
    ended = Registration.Ended
    how = ended.STAFF if by else ended.DECLINED if current.is_offered else ended.SELF
    _end(current, how)
    if not quietly:
        emails.send_cancelled(current)
    pass_places_on(event)
    return current


def _refuse_if_over(event: Event) -> None:
    if event.is_cancelled:
        raise RefusedError("This event has been cancelled, so there is nothing left to change.")
    if event.has_started:
        raise RefusedError("This event has begun, so there is nothing left to change.")


def _end(registration: Registration, how: str) -> None:
    if registration.attended:  # ticked too early, on the day itself
        Event.objects.filter(pk=registration.event_id).update(attended_count=F("attended_count") - 1)
    registration.status, registration.ended = Registration.Status.CANCELLED, Registration.Ended(how)
    registration.coming_since = registration.offer_expires_at = None
    registration.attended = False
    registration.save(update_fields=["status", "ended", "coming_since", "offer_expires_at", "attended"])
    AttendeeNeeds.objects.filter(registration=registration).delete()


@transaction.atomic
def change_registration(
    *,
    registration: Registration,
    name: str,
    organisation: str,
    dietary: str = "",
    access: str = "",
    agreed_to: str = "",
) -> Registration:
    """Change what somebody said of themselves. Raises ``RefusedError`` where they are not registered any more."""
    event, current = _locked(registration)
    _refuse_if_over(event)
    if not current.is_live:
        raise RefusedError("You are not registered any more.")
    current.name, current.organisation = name, organisation
    current.save(update_fields=["name", "organisation"])
    _save_needs(current, dietary, access, agreed_to)
    return current


def _save_needs(registration: Registration, dietary: str, access: str, agreed_to: str) -> None:
    """Keep what somebody needs, or nothing where they need nothing or did not agree. Agreement to the same words as
    before stays as old as it is.
    """
    if not agreed_to or not (dietary or access):
        AttendeeNeeds.objects.filter(registration=registration).delete()
        return
    needs = AttendeeNeeds.objects.filter(registration=registration).first() or AttendeeNeeds(registration=registration)
    if needs.agreed_to != agreed_to:
        needs.agreed_to, needs.agreed_at = agreed_to, timezone.now()
    needs.dietary, needs.access = dietary, access
    needs.save()


# --- The line -----------------------------------------------------------------------------------------------------


def places_left(event: Event) -> int | None:
    """Places that nobody has or was offered; None where the number is not limited."""
    if event.capacity is None:
        return None
    return max(0, event.capacity - event.registrations.taking_places().count())


def _has_room(event: Event) -> bool:
    """Whether whoever comes now gets a place: nobody overtakes those who can be offered one."""
    return places_left(event) != 0 and (event.has_started or not event.registrations.waiting().exists())


def offer_ends(event: Event, now: dt.datetime) -> dt.datetime:
    """Until when a place offered now is kept: ``EVENT_OFFER_HOURS``, or half of the time left if that is less."""
    return min(now + dt.timedelta(hours=settings.EVENT_OFFER_HOURS), now + (event.starts_at - now) / 2)


def shorten_offers(event: Event) -> None:
    """Keep no place for longer than one that is offered now, to be called where this locked event moved to sooner."""
    ends = max(timezone.now(), offer_ends(event, timezone.now()))
    event.registrations.filter(status=Registration.Status.OFFERED, offer_expires_at__gt=ends).update(
        offer_expires_at=ends
    )


def pass_places_on(event: Event) -> int:
    """Take back the offers of this locked event that were not answered in time, and offer every free place to the next
    in line; returns how many were offered. A second call finds nothing to do.
    """
    now = timezone.now()
    if event.status != Event.Status.PUBLISHED:
        return 0
    for registration in event.registrations.filter(status=Registration.Status.OFFERED, offer_expires_at__lte=now):
        registration.event = event
        _end(registration, Registration.Ended.LAPSED)
        if not event.has_started:
            emails.send_lapsed(registration)
    if event.offers_are_over:
        return 0
    left = places_left(event)
    following = list(event.registrations.waiting()[:left])
    for registration in following:
        registration.event = event
        registration.status = Registration.Status.OFFERED
        registration.offer_expires_at = offer_ends(event, now)
        registration.save(update_fields=["status", "offer_expires_at"])
        emails.send_offer(registration)
    return len(following)


def pass_all_places_on() -> int:
    """``pass_places_on`` for each event with something to pass on; returns how many places were offered.

    Whatever is overdue is dealt with, however long ago it fell due. Safe to run twice, and at once with itself.
    """
    return sum(_pass_on(pk) for pk in Event.objects.with_places_to_pass_on().values_list("pk", flat=True))


@transaction.atomic
def _pass_on(pk: int) -> int:
    return pass_places_on(lock_event(Event(pk=pk)))


def lock_event(event: Event) -> Event:
    """The event as it is now; whoever else asks for it waits until this transaction ends.

    Nothing is joined to it: PostgreSQL, having waited, would give the event as it is now beside what was joined before.
    """
    return Event.objects.select_for_update().get(pk=event.pk)


def _locked(registration: Registration) -> tuple[Event, Registration]:
    event = lock_event(Event(pk=registration.event_id))
    current = event.registrations.get(pk=registration.pk)
    current.event = event
    return event, current
