"""Who sits on a panel and what the panel asks."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from panels.default_questions import DEFAULT_QUESTIONS
from panels.exceptions import AlreadySeatedError, ChairTakenError
from panels.models import Panel, PanelSeat, Question, Review, ReviewCycle
from panels.querysets import WAITING
from people.models import Organisation, User
from people.services import invite


def _refuse_second_chair(panel: Panel, but: PanelSeat | None = None) -> None:
    chair = PanelSeat.objects.filter(panel=panel, role=PanelSeat.Role.CHAIR, ends_on=None).select_related("user")
    other = (chair.exclude(pk=but.pk) if but else chair).first()
    if other:
        raise ChairTakenError(f"{other.user} is the chair. Make them a member or end their seat first.")


@transaction.atomic
def seat_person(
    *, panel: Panel, user: User, role: str = PanelSeat.Role.MEMBER, organisation: Organisation | None = None
) -> PanelSeat:
    """Give a person a seat from today. Raises AlreadySeatedError and ChairTakenError."""
    Panel.objects.select_for_update().get(pk=panel.pk)
    if PanelSeat.objects.filter(panel=panel, user=user, ends_on=None).exists():
        raise AlreadySeatedError(f"{user} already sits on this panel.")
    if role == PanelSeat.Role.CHAIR:
        _refuse_second_chair(panel)
    return PanelSeat.objects.create(
        panel=panel,
        user=user,
        role=role,
        organisation=organisation or user.organisation,
        starts_on=timezone.localdate(),
    )


@transaction.atomic
def invite_to_seat(
    *,
    panel: Panel,
    full_name: str,
    email: str,
    invited_by: User,
    role: str = PanelSeat.Role.MEMBER,
    organisation: Organisation | None = None,
) -> PanelSeat:
    """Invite somebody by email and give them a seat from today; whoever already has the address is that person.

    Raises AlreadySeatedError and ChairTakenError; then nobody is invited.
    """
    words = f"{'Chair' if role == PanelSeat.Role.CHAIR else 'Member'} of the {panel.name}"
    user = invite(email=email, full_name=full_name, role=words, invited_by=invited_by, organisation=organisation)
    return seat_person(panel=panel, user=user, role=role, organisation=organisation)


@transaction.atomic
def change_seat(*, seat: PanelSeat, role: str, organisation: Organisation | None) -> PanelSeat:
    """Change a member's role or the organisation they speak for. Raises ChairTakenError."""
    Panel.objects.select_for_update().get(pk=seat.panel_id)
    if role == PanelSeat.Role.CHAIR:
        _refuse_second_chair(seat.panel, but=seat)
    seat.role = role
    seat.organisation = organisation
    seat.save()
    return seat


@transaction.atomic
def end_seat(*, seat: PanelSeat, on: dt.date | None = None) -> PanelSeat:
    """End a seat; ``on`` is the last day, today unless told. A seat that has ended stays as it is.

    Reviews that the member has yet to send are no longer asked for, whatever was written stays with them.
    Reviews for which they were asked as a peer subject reviewer are left alone.
    """
    seat = PanelSeat.objects.select_for_update().get(pk=seat.pk)
    if seat.ends_on is not None:
        return seat
    seat.ends_on = max(on or timezone.localdate(), seat.starts_on)
    seat.save()
    Review.objects.filter(
        member=seat.user_id,
        cycle__panel=seat.panel_id,
        cycle__status=ReviewCycle.Status.OPEN,
        status__in=WAITING,
        is_peer=False,
    ).update(status=Review.Status.WITHDRAWN)
    return seat


@transaction.atomic
def give_default_questions(*, panel: Panel) -> int:
    """Give a panel the questions that come with its kind; returns how many were added.

    Each default question is given once in the panel's life: a second call adds nothing, and neither brings back nor
    rewords what staff have retired or reworded.
    """
    Panel.objects.select_for_update().get(pk=panel.pk)
    had = set(panel.questions.exclude(key="").values_list("key", flat=True))
    last = panel.questions.order_by("-position").values_list("position", flat=True).first() or 0
    added = 0
    for default in DEFAULT_QUESTIONS[panel.kind]:
        if default.key in had:
            continue
        added += 1
        Question.objects.create(
            panel=panel,
            position=last + added,
            key=default.key,
            kind=default.kind,
            text=default.text,
            hint=default.hint,
            is_required=default.is_required,
        )
    return added


@transaction.atomic
def add_question(*, panel: Panel, text: str, hint: str = "", kind: str, is_required: bool = True) -> Question:
    """Ask something more, last. Cycles that are already open go on asking what they asked."""
    Panel.objects.select_for_update().get(pk=panel.pk)
    last = panel.questions.order_by("-position").values_list("position", flat=True).first() or 0
    return Question.objects.create(
        panel=panel, position=last + 1, text=text, hint=hint, kind=kind, is_required=is_required
    )


@transaction.atomic
def change_question(*, question: Question, text: str, hint: str, kind: str, is_required: bool) -> Question:
    """Reword a question; returns the one that is asked from now on.

    One that no cycle has asked yet is changed in place. One that has been asked is retired and replaced, so that
    reviews already written keep the words that they answered. Changing a retired question changes nothing: the
    question that replaced it is returned.
    """
    question = Question.objects.select_for_update().get(pk=question.pk)
    if question.retired_at is not None:
        return Question.objects.filter(replaces=question).first() or question
    new = {"text": text, "hint": hint, "kind": kind, "is_required": is_required}
    if all(getattr(question, name) == value for name, value in new.items()):
        return question
    if not question.cycles.exists() and not question.answers.exists():
        for name, value in new.items():
            setattr(question, name, value)
        question.save()
        return question
    question.retired_at = timezone.now()
    question.save()
    return Question.objects.create(
        panel_id=question.panel_id, position=question.position, key=question.key, replaces=question, **new
    )


@transaction.atomic
def retire_question(*, question: Question) -> Question:
    """Ask it no more in cycles to come. A second call keeps the first time."""
    question = Question.objects.select_for_update().get(pk=question.pk)
    if question.retired_at is None:
        question.retired_at = timezone.now()
        question.save()
    return question


@transaction.atomic
def move_question(*, question: Question, up: bool) -> None:
    """Swap a question with the one before it (``up``) or after it. At the end of the list nothing happens."""
    Panel.objects.select_for_update().get(pk=question.panel_id)
    asked = list(Question.objects.asked_now().filter(panel=question.panel_id).order_by("position", "pk"))
    place = next((n for n, other in enumerate(asked) if other.pk == question.pk), None)
    if place is None:
        return
    other = place - 1 if up else place + 1
    if not 0 <= other < len(asked):
        return
    asked[place], asked[other] = asked[other], asked[place]
    for position, each in enumerate(asked, start=1):
        if each.position != position:
            each.position = position
            each.save()
