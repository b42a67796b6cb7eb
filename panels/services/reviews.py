"""What a panel member does with a review: say whether they have a conflict, write, send, change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from panels import emails
from panels.conflicts import conflicts_with
from panels.exceptions import CycleClosedError, HasConflictError, IncompleteReviewError, NotAskedError, StaleReviewError
from panels.models import Question, Review, ReviewCycle, ReviewVersion
from panels.querysets import WAITING
from panels.services.content import FIELDS, content_of, write_answers
from panels.services.cycles import lock_cycle, lock_open_cycle, tell_if_complete


def _lock(review: Review, cycle: ReviewCycle) -> Review:
    locked = Review.objects.select_for_update(of=("self",)).select_related("member").get(pk=review.pk)
    locked.cycle = cycle
    return locked


def _refuse_unless_waiting(review: Review) -> None:
    if review.status == Review.Status.SUBMITTED:
        raise NotAskedError("You have already sent this review. Choose to change it if you want to write more.")
    if review.status == Review.Status.CONFLICTED:
        raise HasConflictError("You told us that you have a conflict of interest, so you cannot review this study.")
    if review.status == Review.Status.DECLINED:
        raise NotAskedError("You told us that you cannot review this study. Take that back first.")
    if review.status == Review.Status.WITHDRAWN:
        raise NotAskedError("You are no longer asked for this review.")


@transaction.atomic
def declare_conflict(*, review: Review, conflict: str) -> Review:
    """The member has a conflict of interest: they do not review the study, and the chair and staff are told.

    What they wrote stays with them. A second call changes nothing. Raises CycleClosedError, and NotAskedError where
    the review is in or no longer asked for.
    """
    cycle = lock_open_cycle(review.cycle_id)
    review = _lock(review, cycle)
    if review.status == Review.Status.CONFLICTED:
        return review
    _refuse_unless_waiting(review)
    review.status = Review.Status.CONFLICTED
    review.longer_until, review.longer_words = None, ""
    review.conflict = conflict
    review.no_conflict_at = None
    review.save()
    emails.conflict_declared(review, on_study=conflicts_with(cycle.study).keys())
    tell_if_complete(cycle)
    return review


@transaction.atomic
def declare_no_conflict(*, review: Review) -> Review:
    """The member has none, and may write. A second call keeps the first time.

    Raises HasConflictError where they are on the study, CycleClosedError, and NotAskedError as ``declare_conflict``
    does.
    """
    cycle = lock_open_cycle(review.cycle_id)
    review = _lock(review, cycle)
    _refuse_unless_waiting(review)
    _refuse_on_study(review)
    if review.no_conflict_at is None:
        review.no_conflict_at = timezone.now()
        review.save(update_fields=["no_conflict_at"])
    return review


@transaction.atomic
def undo_conflict(*, review: Review) -> Review:
    """The member takes a declared conflict back while reviews are open, and is asked about it anew.

    A second call changes nothing. Raises CycleClosedError.
    """
    cycle = lock_open_cycle(review.cycle_id)
    review = _lock(review, cycle)
    if review.status != Review.Status.CONFLICTED:
        return review
    review.conflict = ""
    review.no_conflict_at = None
    _is_asked_again(review, cycle)
    return review


def _is_asked_again(review: Review, cycle: ReviewCycle) -> None:
    review.status = Review.Status.DRAFT if review.saved_at else Review.Status.ASSIGNED
    review.save()
    if cycle.completed_at is not None:
        cycle.completed_at = None
        cycle.save()


@transaction.atomic
def decline_review(*, review: Review, reason: str) -> Review:
    """The member cannot review this study, for a reason that is no conflict of interest: the chair and staff are told.

    What they wrote stays with them. A second call changes nothing. Raises CycleClosedError, and NotAskedError where
    the review is in or no longer asked for.
    """
    cycle = lock_open_cycle(review.cycle_id)
    review = _lock(review, cycle)
    if review.status == Review.Status.DECLINED:
        return review
    _refuse_unless_waiting(review)
    review.status = Review.Status.DECLINED
    review.declined = reason
    review.longer_until, review.longer_words = None, ""
    review.save()
    emails.declined(review, on_study=conflicts_with(cycle.study).keys())
    tell_if_complete(cycle)
    return review


@transaction.atomic
def undo_decline(*, review: Review) -> Review:
    """The member can review the study after all, while reviews are open. A second call changes nothing.

    Raises CycleClosedError, and NotAskedError for a chair, who could read the others' reviews since.
    """
    cycle = lock_open_cycle(review.cycle_id)
    review = _lock(review, cycle)
    if review.status != Review.Status.DECLINED:
        return review
    if ReviewCycle.objects.run_by(review.member).filter(pk=cycle.pk).exists():
        raise NotAskedError("You could read the other members' reviews since, so you can no longer write one.")
    review.declined = ""
    _is_asked_again(review, cycle)
    return review


@transaction.atomic
def ask_for_longer(*, review: Review, until: dt.date, words: str = "") -> Review:
    """The member asks for more time, and the chair and staff are told; they answer by moving the date for everybody.

    A second call with the same changes and sends nothing. Raises CycleClosedError, NotAskedError and HasConflictError
    where the review is not the member's to write, and ValueError where reviews are due on that day or later.
    """
    cycle = lock_open_cycle(review.cycle_id)
    review = _lock(review, cycle)
    _refuse_unless_waiting(review)
    if until <= max(cycle.due_on, timezone.localdate()):
        raise ValueError("Time is asked for until a day after the due date, and to come.")
    if (review.longer_until, review.longer_words) == (until, words):
        return review
    review.longer_until, review.longer_words = until, words
    review.save(update_fields=["longer_until", "longer_words"])
    emails.longer_asked(review, on_study=conflicts_with(cycle.study).keys())
    return review


def _refuse_on_study(review: Review) -> None:
    if review.member_id in conflicts_with(review.cycle.study):
        raise HasConflictError(
            "You are on this study, so you cannot review it. Tell us that you have a conflict of interest."
        )


@transaction.atomic
def save_draft(
    *,
    review: Review,
    version: int,
    fields: Mapping[str, str],
    answers: Mapping[int, int | str | None],
    page: str = "",
) -> Review:
    """Keep what the member has written so far, whether or not it is complete.

    ``fields`` has those of the texts and the recommendation that may be kept, ``answers`` a score, a text or None for
    each question's key. ``version`` is the one that the page was made from, ``page`` the page's own random name: where
    the review has been saved from another page since, with other words, StaleReviewError is raised and nothing is kept.
    A page that saves again and again as somebody types meets only its own saves. Saving the same again changes nothing.

    After reviews have closed a draft can still be kept, so that nothing typed is lost, but it cannot be sent.
    Raises NotAskedError and HasConflictError where the review is not the member's to write.
    """
    cycle = lock_cycle(review.cycle_id)
    review = _lock(review, cycle)
    _refuse_unless_waiting(review)
    asked = set(cycle.questions.values_list("pk", flat=True))
    answers = {question: value for question, value in answers.items() if question in asked}
    fields = {name: value for name, value in fields.items() if name in FIELDS}
    if version != review.version and not (page and page == review.saved_from):
        if _says_already(review, fields, answers):
            return review
        raise StaleReviewError("This review was saved in another tab or on another device after you opened this page.")
    changed = [name for name, value in fields.items() if getattr(review, name) != value]
    for name in changed:
        setattr(review, name, fields[name])
    answered = write_answers(review, answers)
    if changed or answered:
        review.version += 1
        review.status = Review.Status.DRAFT
        review.saved_from = page
    if changed or answered or review.status == Review.Status.DRAFT:
        review.saved_at = timezone.now()
        review.save()
    return review


def _says_already(review: Review, fields: Mapping[str, str], answers: Mapping[int, int | str | None]) -> bool:
    if any(getattr(review, name) != value for name, value in fields.items()):
        return False
    said = {a.question_id: a.score if a.score is not None else a.text for a in review.answers.all()}
    return all((said.get(question) or None) == (value or None) for question, value in answers.items())


def missing_from(review: Review) -> dict[str, str]:
    """What the review still needs before it can be sent: a message for each field's name."""
    errors: dict[str, str] = {}
    said = {a.question_id: a for a in review.answers.all()}
    for question in review.cycle.questions.all():
        answer = said.get(question.pk)
        if not question.is_required or (answer and (answer.score or answer.text.strip())):
            continue
        verb = "Choose a score for" if question.kind == Question.Kind.SCORE else "Write an answer to"
        errors[question.field_name] = f"{verb} “{question.text}”"
    if not review.recommendation:
        errors["recommendation"] = "Choose what you recommend"
    return errors


@transaction.atomic
def submit_review(*, review: Review, version: int | None = None) -> Review:
    """Send the review to the panel and thank the member; the last one in is told to the chair and staff.

    A second call changes nothing and sends nothing. Raises IncompleteReviewError with what is missing,
    StaleReviewError where ``version`` is not what is kept, CycleClosedError, NotAskedError, and HasConflictError where
    the member is on the study or has not said whether they have a conflict.
    """
    locked = lock_cycle(review.cycle_id)
    review = _lock(review, locked)
    if review.status == Review.Status.SUBMITTED:
        return review
    if not locked.is_open:
        raise CycleClosedError("Reviews of this study closed before you sent yours. What you wrote has been kept.")
    _refuse_unless_waiting(review)
    _refuse_on_study(review)
    if review.no_conflict_at is None:
        raise HasConflictError("Tell us first whether you have a conflict of interest.")
    if version is not None and version != review.version:
        raise StaleReviewError("This review was changed after you checked it. Check it again, then send it.")
    errors = missing_from(review)
    if errors:
        raise IncompleteReviewError(errors)
    review.status = Review.Status.SUBMITTED
    review.longer_until, review.longer_words = None, ""
    review.submitted_at = timezone.now()
    review.save()
    _keep_version(review)
    emails.thanks(review)
    tell_if_complete(locked)
    return review


def _keep_version(review: Review) -> None:
    ReviewVersion.objects.create(
        review=review,
        kind=ReviewVersion.Kind.SENT,
        content=content_of(review),
        made_at=review.submitted_at or timezone.now(),
    )


@transaction.atomic
def reopen_review(*, review: Review) -> Review:
    """Let the member change a review that is in, while reviews are open. What they sent stays on record.

    Until they send it again it does not count, unless reviews close first: then what they had sent counts. Calling
    it on a draft changes nothing. Raises CycleClosedError.
    """
    cycle = lock_open_cycle(review.cycle_id)
    review = _lock(review, cycle)
    if review.status in WAITING:
        return review
    if review.status != Review.Status.SUBMITTED:
        raise NotAskedError("There is no review to change.")
    if not review.versions.filter(kind=ReviewVersion.Kind.SENT).exists():
        _keep_version(review)
    review.status = Review.Status.DRAFT
    review.submitted_at = None
    review.version += 1
    review.saved_from = ""
    review.save()
    return review
