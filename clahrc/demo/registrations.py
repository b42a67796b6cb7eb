"""The demonstration's registrations: an event that is full, one that fills, one that is over and was liked."""

from __future__ import annotations

import datetime as dt
import random

from django.utils import timezone

from communities.models import Associate, AttendeeNeeds, Event, EventFeedback, Notice, Registration
from communities.wording import needs_wording

_NEEDS = [
    ("Vegetarian", ""), ("", "Step-free access from the car park"), ("No nuts", ""), ("", "A hearing loop"),
    ("Halal", "My husband cares for me and comes with me"), ("", "Papers in large print"),
]  # fmt: skip
_WORDS = [
    (5, "Hearing from a carer changed how I see our clinic. Do that again."),
    (5, "At last I know whom to ask."),
    (4, "Good talks. More time for questions, please."),
    (4, "Useful, though the room was hard to find."),
    (4, ""),
    (3, "Some of the words went over my head."),
    (5, ""),
    (2, "Too far to travel for a morning."),
]


def bring_to_life() -> None:
    """Let associates register for the events that take registrations, and remember who came to past ones."""
    chance = random.Random(2011)  # noqa: S311 - its own, so that the rest of the demonstration stays as it is
    people = list(Associate.objects.order_by("pk"))
    for event in Event.objects.filter(status=Event.Status.PUBLISHED).order_by("starts_at", "pk"):
        if event.is_past:
            _over(event, people, chance)
        elif event.takes_registrations:
            _coming(event, people, chance)


def _coming(event: Event, people: list[Associate], chance: random.Random) -> None:
    """Nearly half of the places are taken; at the roadshow all, and more people wait."""
    is_full = event.kind == Event.Kind.ROADSHOW
    places = event.capacity or 24
    who = _choose(people, places + 6 if is_full else places * 9 // 20, chance)
    rows = [_row(event, person, turn, chance) for turn, person in enumerate(who, start=1)]
    now = timezone.now()
    for row in rows[places:]:
        row.status, row.coming_since = Registration.Status.WAITING, None
    if is_full:
        last = rows[places - 1]
        last.status, last.coming_since = Registration.Status.OFFERED, None
        last.offer_expires_at = now + dt.timedelta(hours=30)
    Registration.objects.bulk_create(rows)
    wording = needs_wording()
    AttendeeNeeds.objects.bulk_create(
        AttendeeNeeds(registration=row, dietary=dietary, access=access, agreed_to=wording)
        for row, (dietary, access) in zip(rows[2::4], _NEEDS, strict=False)
    )


def _over(event: Event, people: list[Associate], chance: random.Random) -> None:
    """Past events keep how many came; one not long past still knows who, and has what they thought."""
    event.attended_count = 96 if event.kind == Event.Kind.CONFERENCE else 12 + event.pk % 9
    if event.kind == Event.Kind.REGIONAL:
        rows = [_row(event, person, turn, chance) for turn, person in enumerate(_choose(people, 26, chance), start=1)]
        for row in rows[:21]:
            row.attended = True
        event.attended_count = 21
        for row in rows[: len(_WORDS)]:
            row.gave_feedback = True
        Registration.objects.bulk_create(rows)
        Notice.objects.bulk_create(
            Notice(registration=row, kind=Notice.Kind.THANKS, starts_at=event.starts_at, made_at=event.ends_at)
            for row in rows[:21]
        )
        EventFeedback.objects.bulk_create(
            EventFeedback(event=event, score=score, words=words) for score, words in _WORDS
        )
    Event.objects.filter(pk=event.pk).update(attended_count=event.attended_count)


def _choose(people: list[Associate], count: int, chance: random.Random) -> list[Associate]:
    """So many associates, those who can log in among them."""
    known = [person for person in people if person.user_id]
    others = [person for person in people if not person.user_id]
    return [*known, *chance.sample(others, k=min(len(others), max(0, count - len(known))))][:count]


def _row(event: Event, person: Associate, turn: int, chance: random.Random) -> Registration:
    latest = min(timezone.now(), event.starts_at)
    registered_at = latest - dt.timedelta(hours=max(30, 24 * 20 - 4 * turn) + chance.random())
    return Registration(
        event=event, name=person.name, email=person.email, organisation=person.organisation, turn=turn,
        status=Registration.Status.COMING, registered_at=registered_at, coming_since=registered_at,
    )  # fmt: skip
