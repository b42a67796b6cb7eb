"""A panel looking at a study: who is asked, until when, and what goes back to the study team."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from django.db import IntegrityError, transaction
from django.utils import timezone

from panels import emails
from panels.conflicts import conflicted, conflicts_with
from panels.exceptions import (
    AlreadyDecidedError,
    AlreadyOpenError,
    CycleClosedError,
    HasConflictError,
    NotAskedError,
    StillOpenError,
)
from panels.models import Decision, Panel, Question, Review, ReviewCycle, ReviewVersion
from panels.querysets import WAITING
from panels.services.content import restore_last_sent
from people.models import Organisation, User
from people.services import invite
from studies.models import Study, Suggestion
from studies.services import make_suggestion


def lock_cycle(pk: int) -> ReviewCycle:
    """The cycle, locked until the transaction ends."""
    return ReviewCycle.objects.select_for_update(of=("self",)).select_related("panel", "study__theme").get(pk=pk)


def lock_open_cycle(pk: int) -> ReviewCycle:
    """The same. Raises CycleClosedError where reviews are closed."""
    cycle = lock_cycle(pk)
    if not cycle.is_open:
        raise CycleClosedError("Reviews of this study are closed.")
    return cycle


@transaction.atomic
def open_cycle(
    *,
    panel: Panel,
    study: Study,
    reason: str,
    due_on: dt.date,
    members: Iterable[User],
    opened_by: User,
    note: str = "",
) -> ReviewCycle:
    """Ask a panel to look at a study, and email each member who is asked.

    The cycle asks the questions that the panel asks today, whatever becomes of them later. Raises AlreadyOpenError
    where the panel is looking at the study for the same reason, and HasConflictError where a member is on the study.
    """
    try:
        with transaction.atomic():
            cycle = ReviewCycle.objects.create(
                panel=panel, study=study, reason=reason, due_on=due_on, opened_by=opened_by, note=note
            )
    except IntegrityError as error:
        raise AlreadyOpenError(
            f"The {panel.name} is already looking at {study.short_title} for this reason. Use that review instead."
        ) from error
    cycle.questions.set(Question.objects.asked_now().filter(panel=panel))
    _ask(cycle, members)
    return cycle


@transaction.atomic
def add_reviewers(*, cycle: ReviewCycle, members: Iterable[User], is_peer: bool = False) -> list[Review]:
    """Ask more people, and email them; returns the reviews of those who were not being asked already.

    Somebody who was withdrawn is asked again and finds what they had written. Raises CycleClosedError and
    HasConflictError.
    """
    return _ask(lock_open_cycle(cycle.pk), members, is_peer=is_peer)


@transaction.atomic
def invite_peer_reviewer(
    *,
    cycle: ReviewCycle,
    invited_by: User,
    user: User | None = None,
    full_name: str = "",
    email: str = "",
    organisation: Organisation | None = None,
) -> Review | None:
    """Ask somebody from outside the panel, for this study only: a person who can log in, or somebody new by email.

    Returns None where they are being asked already. Raises CycleClosedError and HasConflictError; then nobody is
    invited.
    """
    locked = lock_open_cycle(cycle.pk)
    if user is None:
        words = f"Peer reviewer of {locked.study.short_title} for the {locked.panel.name}"
        user = invite(email=email, full_name=full_name, role=words, invited_by=invited_by, organisation=organisation)
    reviews = _ask(locked, [user], is_peer=True)
    return reviews[0] if reviews else None


def _ask(cycle: ReviewCycle, members: Iterable[User], *, is_peer: bool = False) -> list[Review]:
    members = list(members)
    on_study = conflicted(members, cycle.study, cycle.due_on)
    if on_study:
        names = ", ".join(str(user) for user in on_study)
        raise HasConflictError(f"{names} cannot review this study, because they are on it.")
    there = {review.member_id: review for review in cycle.reviews.select_for_update().filter(member__in=members)}
    asked = []
    for user in members:
        review = there.get(user.pk)
        if review is None:
            review = Review.objects.create(cycle=cycle, member=user, is_peer=is_peer)
        elif review.status == Review.Status.WITHDRAWN:
            review.status = Review.Status.DRAFT if review.saved_at else Review.Status.ASSIGNED
            review.assigned_at = timezone.now()
            review.save()
        else:
            continue
        review.cycle = cycle
        emails.asked(review)
        asked.append(review)
    if asked and cycle.completed_at is not None:
        cycle.completed_at = None
        cycle.save()
    return asked


@transaction.atomic
def withdraw_review(*, review: Review) -> Review:
    """No longer ask a member who has yet to send their review; what they wrote stays with them, and they are told.

    A second call changes nothing. Raises NotAskedError where the review is in, and CycleClosedError.
    """
    cycle = lock_open_cycle(review.cycle_id)
    review = Review.objects.select_for_update(of=("self",)).select_related("member").get(pk=review.pk)
    if review.status == Review.Status.WITHDRAWN:
        return review
    if review.status == Review.Status.SUBMITTED:
        raise NotAskedError(f"{review.member} has sent their review, so it stays.")
    was_waiting = review.status in WAITING
    review.status = Review.Status.WITHDRAWN
    review.longer_until, review.longer_words = None, ""
    review.save()
    review.cycle = cycle
    if was_waiting:
        emails.withdrawn(review)
    tell_if_complete(cycle)
    return review


@transaction.atomic
def change_cycle(*, cycle: ReviewCycle, due_on: dt.date, note: str) -> ReviewCycle:
    """Change the due date or the note. Raises CycleClosedError.

    Members who still write are told of a new date, which answers those who asked for longer.
    """
    locked = lock_open_cycle(cycle.pk)
    new_date = due_on != locked.due_on
    locked.due_on = due_on
    locked.note = note
    locked.save()
    if new_date:
        locked.reviews.exclude(longer_until=None).update(longer_until=None, longer_words="")
        _tell_new_date(locked)
    return locked


def _tell_new_date(cycle: ReviewCycle) -> None:
    for review in cycle.reviews.filter(status__in=WAITING).select_related("member"):
        review.cycle = cycle
        emails.new_date(review)


@transaction.atomic
def close_cycle(*, cycle: ReviewCycle, closed_by: User) -> ReviewCycle:
    """Close reviews. A second call keeps the first time.

    Drafts stay with those who wrote them and do not count. Whoever was changing a review that they had sent keeps both:
    the review as it was sent counts, and the unfinished change is kept as a version.
    """
    locked = lock_cycle(cycle.pk)
    if not locked.is_open:
        return locked
    sent_before = ReviewVersion.objects.filter(review__cycle=locked, kind=ReviewVersion.Kind.SENT)
    changing = locked.reviews.select_for_update(of=("self",)).filter(
        status=Review.Status.DRAFT, pk__in=sent_before.values("review")
    )
    for review in changing:
        restore_last_sent(review)
    locked.status = ReviewCycle.Status.CLOSED
    locked.closed_at = timezone.now()
    locked.closed_by = closed_by
    locked.save()
    return locked


@transaction.atomic
def reopen_cycle(*, cycle: ReviewCycle, due_on: dt.date) -> ReviewCycle:
    """Let members write again until a new date, and tell those whose review is not in. An open cycle stays as it is.

    Raises AlreadyDecidedError once the decision is recorded, AlreadyOpenError where the panel has since opened another.
    """
    locked = lock_cycle(cycle.pk)
    if locked.is_open:
        return locked
    if Decision.objects.filter(cycle=locked).exists():
        raise AlreadyDecidedError(
            "The panel's decision is recorded, so reviews stay closed. Open a new review instead."
        )
    locked.status = ReviewCycle.Status.OPEN
    locked.closed_at = locked.closed_by = None
    locked.due_on = due_on
    try:
        with transaction.atomic():
            locked.save()
    except IntegrityError as error:
        raise AlreadyOpenError(
            "The panel is already looking at this study for this reason, in a later review."
        ) from error
    _tell_new_date(locked)
    return locked


@transaction.atomic
def release_comments(*, cycle: ReviewCycle, texts: Mapping[Review, str], released_by: User) -> list[Suggestion]:
    """Send members' comments to the study as suggestions in its co-production ledger, without the members' names.

    Whoever answers for the study is told by email.

    ``texts`` has the words to send for each review, which staff or the chair may have edited. Each review's comments go
    once: those already sent are passed over, and so are reviews that are not in. Raises StillOpenError while reviews
    are open, because whoever still writes can read the ledger.
    """
    locked = lock_cycle(cycle.pk)
    if locked.is_open:
        raise StillOpenError("Close reviews first, so that nobody reads these comments before theirs are in.")
    waiting = locked.reviews.select_for_update(of=("self",)).filter(
        pk__in=[review.pk for review in texts], status=Review.Status.SUBMITTED, released_at=None
    )
    words = {review.pk: text for review, text in texts.items()}
    made = []
    for review in waiting.order_by("pk"):
        made.append(
            make_suggestion(
                study=locked.study,
                source=Suggestion.Source.PANEL,
                source_detail=locked.panel.name,
                text=words[review.pk],
                made_by=released_by,
            )
        )
        review.released_at = timezone.now()
        review.save(update_fields=["released_at"])
    if made:
        emails.released(locked, len(made))
    return made


def tell_if_complete(cycle: ReviewCycle) -> None:
    """Tell the chair and staff, once, when nobody who was asked still has to send a review and at least one is in."""
    if cycle.completed_at is not None or not cycle.is_open:
        return
    statuses = set(cycle.reviews.values_list("status", flat=True))
    if Review.Status.SUBMITTED not in statuses or statuses & set(WAITING):
        return
    cycle.completed_at = timezone.now()
    cycle.save()
    emails.complete(cycle, on_study=conflicts_with(cycle.study).keys())
