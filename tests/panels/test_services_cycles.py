"""Opening cycles, asking people, deciding."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from panels import services
from panels.exceptions import (
    AlreadyDecidedError,
    AlreadyOpenError,
    CycleClosedError,
    HasConflictError,
    NotAskedError,
    StillOpenError,
)
from panels.models import Condition, Decision, Review, ReviewCycle
from people.models import User
from studies.models import StudyPerson, Suggestion

SOON = dt.timedelta(days=20)


def open_for(panel, study, members, staff, **more):
    return services.open_cycle(
        panel=panel,
        study=study,
        reason=more.pop("reason", "annual"),
        due_on=timezone.localdate() + SOON,
        members=members,
        opened_by=staff,
        **more,
    )


def test_open_when_members_are_chosen_then_each_is_asked_by_email(
    panel, study, panel_member, second_member, score, staff, outbox
):
    cycle = open_for(panel, study, [panel_member, second_member], staff)
    assert {review.member for review in cycle.reviews.all()} == {panel_member, second_member}
    assert sorted(outbox) == [
        ("panel-member@example.org", "panels/asked"),
        ("second-member@example.org", "panels/asked"),
    ]
    assert list(cycle.questions.all()) == [score]


def test_open_when_the_same_is_open_then_refused_and_nobody_is_asked(cycle, panel, study, chair, staff, outbox):
    with pytest.raises(AlreadyOpenError):
        open_for(panel, study, [chair], staff)
    assert ReviewCycle.objects.get() == cycle
    assert outbox == []


def test_open_when_another_reason_or_after_closing_then_allowed(cycle, panel, study, chair, staff):
    open_for(panel, study, [chair], staff, reason="protocol")
    services.close_cycle(cycle=cycle, closed_by=staff)
    open_for(panel, study, [chair], staff)
    assert ReviewCycle.objects.open().count() == 2


def test_open_when_a_member_is_on_the_study_then_refused_whole(
    panel, other_study, panel_member, conflicted_member, staff, outbox
):
    with pytest.raises(HasConflictError):
        open_for(panel, other_study, [panel_member, conflicted_member], staff)
    assert not ReviewCycle.objects.exists()
    assert outbox == []


@pytest.mark.parametrize(
    ("starts_in", "ends_in", "refused"),
    [(-100, -1, False), (-100, 0, True), (-100, None, True), (20, None, True), (21, None, False)],
)
def test_open_when_on_the_study_within_the_cycle_then_refused(
    panel, study, panel_member, staff, starts_in, ends_in, refused
):
    today = timezone.localdate()
    StudyPerson.objects.create(
        study=study,
        user=panel_member,
        role=StudyPerson.Role.FELLOW,
        starts_on=today + dt.timedelta(days=starts_in),
        ends_on=None if ends_in is None else today + dt.timedelta(days=ends_in),
    )
    if refused:
        with pytest.raises(HasConflictError):
            open_for(panel, study, [panel_member], staff)
    else:
        open_for(panel, study, [panel_member], staff)


def test_add_when_already_asked_then_not_asked_again(cycle, panel_member, chair, outbox):
    added = services.add_reviewers(cycle=cycle, members=[panel_member, chair])
    assert [review.member for review in added] == [chair]
    assert outbox == [("chair@example.org", "panels/asked")]


def test_withdraw_when_writing_then_the_text_is_kept_and_asking_again_gives_it_back(cycle, review, write, outbox):
    write(review)
    for _ in range(2):
        services.withdraw_review(review=review)
    review.refresh_from_db()
    assert (review.status, review.comments_to_team) == ("withdrawn", "To the team from Panel Member.")
    assert outbox == [("panel-member@example.org", "panels/withdrawn")]
    services.add_reviewers(cycle=cycle, members=[review.member])
    review.refresh_from_db()
    assert (review.status, review.comments_to_team) == ("draft", "To the team from Panel Member.")


def test_withdraw_when_sent_then_refused(review, send):
    send(review)
    with pytest.raises(NotAskedError):
        services.withdraw_review(review=review)


def test_withdraw_when_the_others_are_in_then_the_cycle_is_complete(review, second_review, send, chair, outbox):
    send(review)
    services.withdraw_review(review=second_review)
    assert ("chair@example.org", "panels/complete") in outbox


def test_invite_peer_when_new_then_invited_asked_and_without_a_seat(cycle, staff, organisation):
    review = services.invite_peer_reviewer(
        cycle=cycle, invited_by=staff, full_name="Pat Peer", email="pat@example.org", organisation=organisation
    )
    assert review is not None
    pat = User.objects.get(email="pat@example.org")
    assert (review.member, review.is_peer) == (pat, True)
    assert not pat.panel_seats.exists()
    assert pat.invitations.count() == 1


def test_invite_peer_when_on_the_study_then_refused(cycle, team, staff):
    with pytest.raises(HasConflictError):
        services.invite_peer_reviewer(cycle=cycle, invited_by=staff, user=team)


def test_change_when_the_date_moves_then_only_those_who_still_write_are_told(
    cycle, review, second_review, send, outbox
):
    send(review)
    outbox.clear()
    later = cycle.due_on + dt.timedelta(days=14)
    services.change_cycle(cycle=cycle, due_on=later, note="More time")
    services.change_cycle(cycle=cycle, due_on=later, note="More time still")
    assert outbox == [("second-member@example.org", "panels/new_date")]


def test_close_when_called_twice_then_the_first_time_stays(cycle, staff, administrator):
    first = services.close_cycle(cycle=cycle, closed_by=staff)
    second = services.close_cycle(cycle=cycle, closed_by=administrator)
    assert (second.closed_at, second.closed_by) == (first.closed_at, staff)
    for call in (
        lambda: services.add_reviewers(cycle=cycle, members=[]),
        lambda: services.change_cycle(cycle=cycle, due_on=cycle.due_on, note=""),
    ):
        with pytest.raises(CycleClosedError):
            call()


def test_reopen_when_another_is_open_then_refused(cycle, panel, study, chair, staff):
    services.close_cycle(cycle=cycle, closed_by=staff)
    open_for(panel, study, [chair], staff)
    with pytest.raises(AlreadyOpenError):
        services.reopen_cycle(cycle=cycle, due_on=cycle.due_on)


def test_release_when_closed_then_suggestions_name_the_panel_and_no_reviewer(cycle, review, send, staff, study):
    send(review)
    with pytest.raises(StillOpenError):
        services.release_comments(cycle=cycle, texts={review: "Shorten it."}, released_by=staff)
    services.close_cycle(cycle=cycle, closed_by=staff)
    for _ in range(2):
        services.release_comments(cycle=cycle, texts={review: "Shorten it."}, released_by=staff)
    suggestion = Suggestion.objects.get()
    assert (suggestion.study, suggestion.source, suggestion.source_detail) == (study, "panel", "Scientific committee")
    assert (suggestion.text, suggestion.made_by) == ("Shorten it.", staff)


def test_decide_when_conditions_then_closed_told_and_in_the_ledger(cycle, review, write, team, staff, study, outbox):
    write(review)
    outbox.clear()
    decision = services.record_decision(
        cycle=cycle,
        outcome="conditions",
        reasons="Good, but small.",
        conditions=["Recruit more", "  ", "Recruit more", "Say how"],
        recorded_by=staff,
    )
    cycle.refresh_from_db()
    assert cycle.status == "closed"
    assert [condition.text for condition in decision.conditions.all()] == ["Recruit more", "Say how"]
    assert {s.text for s in study.suggestions.all()} == {"Recruit more", "Say how"}
    assert {condition.suggestion.study for condition in decision.conditions.all()} == {study}
    assert outbox == [("team@example.org", "panels/decision")]
    review.refresh_from_db()
    assert review.status == "draft"


def test_decide_when_decided_then_refused_and_reviews_stay_closed(cycle, staff):
    services.record_decision(cycle=cycle, outcome="agreed", reasons="Sound.", recorded_by=staff)
    with pytest.raises(AlreadyDecidedError):
        services.record_decision(cycle=cycle, outcome="revise", reasons="No.", recorded_by=staff)
    with pytest.raises(AlreadyDecidedError):
        services.reopen_cycle(cycle=cycle, due_on=cycle.due_on)
    assert Decision.objects.get().outcome == "agreed"


@pytest.mark.parametrize(("outcome", "conditions"), [("agreed", ["Do more"]), ("conditions", [" "])])
def test_decide_when_outcome_and_conditions_disagree_then_refused(cycle, staff, outcome, conditions):
    with pytest.raises(ValueError, match="conditions"):
        services.record_decision(
            cycle=cycle, outcome=outcome, reasons="Sound.", conditions=conditions, recorded_by=staff
        )
    assert not Decision.objects.exists()


def test_condition_when_met_and_undone_then_the_history_says_so(cycle, staff, administrator):
    services.record_decision(cycle=cycle, outcome="conditions", reasons="R", conditions=["C"], recorded_by=staff)
    condition = Condition.objects.get()
    services.mark_condition_met(condition=condition, met_by=staff, note="Seen")
    again = services.mark_condition_met(condition=condition, met_by=administrator, note="Me too")
    assert (again.met_by, again.met_note) == (staff, "Seen")
    undone = services.mark_condition_unmet(condition=condition)
    assert (undone.met_at, undone.met_by, undone.met_note) == (None, None, "")
    assert undone.history.count() == 3


def test_questions_when_a_cycle_has_asked_them_then_rewording_keeps_past_words(cycle, review, score, panel, write):
    write(review)
    new = services.change_question(
        question=score, text="Are the methods sound?", hint="", kind="score", is_required=True
    )
    assert new.pk != score.pk
    assert new.position == score.position
    assert score.text in [q.text for q in cycle.questions.all()]
    assert [q.text for q in panel.questions.asked_now()] == ["Are the methods sound?", "What should change?"]
    assert review.answers.get(question=score).score == 4
    assert Review.objects.get(pk=review.pk).cycle.questions.count() == 2
