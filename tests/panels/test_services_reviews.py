"""Writing, sending and changing a review."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from panels import services
from panels.exceptions import (
    CycleClosedError,
    HasConflictError,
    IncompleteReviewError,
    NotAskedError,
    StaleReviewError,
)
from panels.models import Answer, Review, ReviewVersion
from studies.models import StudyPerson


def save(review, version=None, page="", answers=None, **fields):
    return services.save_draft(
        review=review,
        version=review.version if version is None else version,
        page=page,
        fields=fields,
        answers=answers or {},
    )


def test_save_draft_when_partly_written_then_it_is_kept_as_a_draft(review, score, words):
    saved = save(review, comments_to_team="Half a thou", answers={score.pk: 3, words.pk: None})
    assert (saved.status, saved.comments_to_team, saved.version) == ("draft", "Half a thou", 2)
    assert [(a.question, a.score) for a in saved.answers.all()] == [(score, 3)]
    assert saved.saved_at is not None


def test_save_draft_when_nothing_is_said_then_it_stays_not_started(review):
    saved = save(review, comments_to_team="")
    assert (saved.status, saved.saved_at, saved.version) == ("assigned", None, 1)


def test_save_draft_when_saved_twice_the_same_then_nothing_changes(review, score):
    save(review, version=1, comments_to_team="Once", answers={score.pk: 5})
    again = save(review, version=1, comments_to_team="Once", answers={score.pk: 5})
    assert again.version == 2
    assert Answer.objects.count() == 1


def test_save_draft_when_another_tab_saved_other_words_then_nothing_is_overwritten(review):
    save(review, version=1, page="tab-a", comments_to_team="From A")
    with pytest.raises(StaleReviewError):
        save(review, version=1, page="tab-b", comments_to_team="From B")
    review.refresh_from_db()
    assert review.comments_to_team == "From A"


def test_save_draft_when_one_page_saves_again_and_again_then_it_meets_only_its_own_saves(review):
    for words in ("T", "Ty", "Typing"):
        save(review, version=1, page="tab-a", comments_to_team=words)
    review.refresh_from_db()
    assert (review.comments_to_team, review.version) == ("Typing", 4)


def test_save_draft_when_a_second_tab_took_over_then_the_first_is_refused(review):
    save(review, version=1, page="tab-a", comments_to_team="A")
    save(review, version=2, page="tab-b", comments_to_team="B")
    with pytest.raises(StaleReviewError):
        save(review, version=1, page="tab-a", comments_to_team="A again")


def test_save_draft_when_the_question_is_not_the_cycles_then_it_is_left_out(review, panel):
    later = services.add_question(panel=panel, text="Added later?", kind="score")
    save(review, answers={later.pk: 4})
    assert not Answer.objects.exists()


def test_save_draft_when_sent_then_it_is_refused(review, send):
    send(review)
    with pytest.raises(NotAskedError):
        save(Review.objects.get(pk=review.pk), comments_to_team="More")


def test_save_draft_when_the_cycle_has_closed_then_the_text_is_kept_and_not_sent(review, cycle, staff):
    services.close_cycle(cycle=cycle, closed_by=staff)
    save(review, comments_to_team="Nearly there")
    review.refresh_from_db()
    assert (review.status, review.comments_to_team) == ("draft", "Nearly there")
    with pytest.raises(CycleClosedError):
        services.submit_review(review=review)


def test_submit_when_complete_then_it_is_in_and_its_member_is_thanked(review, send, outbox):
    sent = send(review)
    assert sent.status == "submitted"
    assert sent.submitted_at is not None
    assert outbox == [("panel-member@example.org", "panels/thanks")]
    assert [version.kind for version in sent.versions.all()] == ["sent"]


def test_submit_when_called_twice_then_one_version_and_one_email(review, send, outbox):
    first = send(review)
    second = services.submit_review(review=first)
    assert second.submitted_at == first.submitted_at
    assert len(outbox) == 1
    assert ReviewVersion.objects.count() == 1


def test_submit_when_incomplete_then_each_gap_is_named_and_nothing_changes(review, score, words):
    services.declare_no_conflict(review=review)
    with pytest.raises(IncompleteReviewError) as refused:
        services.submit_review(review=review)
    assert refused.value.errors == {
        score.field_name: "Choose a score for “Are the methods right?”",
        "recommendation": "Choose what you recommend",
    }
    review.refresh_from_db()
    assert review.status == "assigned"


def test_submit_when_conflict_was_not_asked_about_then_refused(review, write):
    write(review)
    Review.objects.update(no_conflict_at=None)
    with pytest.raises(HasConflictError):
        services.submit_review(review=review)


def test_submit_when_the_member_joined_the_study_then_refused_and_kept(review, write, study, panel_member):
    write(review)
    StudyPerson.objects.create(study=study, user=panel_member, role=StudyPerson.Role.RESEARCHER)
    with pytest.raises(HasConflictError):
        services.submit_review(review=review)
    review.refresh_from_db()
    assert review.status == "draft"
    assert review.comments_to_team


def test_submit_when_changed_after_checking_then_refused(review, write):
    written = write(review)
    with pytest.raises(StaleReviewError):
        services.submit_review(review=written, version=written.version - 1)


def test_submit_when_the_last_is_in_then_chair_and_staff_are_told_once(
    review, second_review, send, chair, staff, administrator, outbox
):
    send(review)
    send(second_review)
    services.reopen_review(review=review)
    services.submit_review(review=review)
    told = sorted(to for to, template in outbox if template == "panels/complete")
    assert told == ["administrator@example.org", "chair@example.org", "staff@example.org"]


def test_declare_conflict_when_declared_then_chair_and_staff_are_told_once_and_it_is_closed(review, chair, outbox):
    for _ in range(2):
        declared = services.declare_conflict(review=review, conflict="My sister works there.")
    assert (declared.status, declared.conflict) == ("conflicted", "My sister works there.")
    assert sorted(outbox) == [
        ("chair@example.org", "panels/conflict"),
        ("staff@example.org", "panels/conflict"),
    ]
    with pytest.raises(HasConflictError):
        save(declared, comments_to_team="All the same")


def test_declare_conflict_when_a_draft_was_written_then_undo_gives_it_back(review, write):
    write(review)
    services.declare_conflict(review=review, conflict="Just found out.")
    back = services.undo_conflict(review=review)
    assert (back.status, back.conflict, back.no_conflict_at) == ("draft", "", None)
    assert back.comments_to_team == "To the team from Panel Member."


def test_undo_conflict_when_the_cycle_has_closed_then_refused(review, cycle, staff):
    services.declare_conflict(review=review, conflict="I know them.")
    services.close_cycle(cycle=cycle, closed_by=staff)
    with pytest.raises(CycleClosedError):
        services.undo_conflict(review=review)


def test_reopen_when_changed_and_sent_again_then_both_versions_are_on_record(review, send):
    send(review, score=2)
    services.reopen_review(review=review)
    send(Review.objects.get(pk=review.pk), score=5)
    scores = [version.content["answers"][0]["score"] for version in review.versions.all()]
    assert scores == [2, 5]


def test_close_when_a_change_is_unfinished_then_what_was_sent_counts_and_the_change_is_kept(
    review, cycle, send, write, staff
):
    send(review, score=2, comments_to_team="As sent")
    services.reopen_review(review=review)
    write(Review.objects.get(pk=review.pk), score=5, comments_to_team="Half a change")
    services.close_cycle(cycle=cycle, closed_by=staff)
    review.refresh_from_db()
    assert (review.status, review.comments_to_team) == ("submitted", "As sent")
    assert review.answers.get(question__kind="score").score == 2
    unfinished = review.versions.get(kind="unfinished")
    assert unfinished.content["comments_to_team"] == "Half a change"


def test_reopen_when_it_was_sent_without_a_version_then_closing_still_gives_it_back(review, cycle, send, staff):
    send(review)
    review.versions.all().delete()
    services.reopen_review(review=review)
    services.close_cycle(cycle=cycle, closed_by=staff)
    review.refresh_from_db()
    assert review.status == "submitted"


def test_reopen_when_closed_then_refused(review, cycle, send, staff):
    send(review)
    services.close_cycle(cycle=cycle, closed_by=staff)
    with pytest.raises(CycleClosedError):
        services.reopen_review(review=review)


@pytest.mark.parametrize(
    "broken",
    [{"status": "submitted"}, {"status": "conflicted"}, {"status": "submitted", "recommendation": "proceed"}],
)
def test_review_when_a_state_lacks_what_it_needs_then_the_database_refuses(review, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(**broken)


@pytest.mark.parametrize("value", [0, 6])
def test_answer_when_the_score_is_none_of_the_five_then_the_database_refuses(review, score, value):
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(review=review, question=score, score=value)
