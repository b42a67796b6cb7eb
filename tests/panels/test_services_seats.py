"""Seats and questions."""

from __future__ import annotations

import pytest

from panels import services
from panels.default_questions import DEFAULT_QUESTIONS
from panels.exceptions import AlreadySeatedError, ChairTakenError
from panels.models import Panel, PanelSeat, Question
from people.models import Invitation, User


def test_seat_when_already_seated_or_a_second_chair_then_refused(panel, panel_member, chair, stranger):
    with pytest.raises(AlreadySeatedError):
        services.seat_person(panel=panel, user=panel_member)
    with pytest.raises(ChairTakenError):
        services.seat_person(panel=panel, user=stranger, role="chair")
    with pytest.raises(ChairTakenError):
        services.change_seat(seat=panel_member.panel_seats.get(), role="chair", organisation=None)


def test_invite_when_refused_then_nobody_is_invited(panel, chair, staff):
    with pytest.raises(ChairTakenError):
        services.invite_to_seat(
            panel=panel, full_name="New Chair", email="new@example.org", role="chair", invited_by=staff
        )
    assert not User.objects.filter(email="new@example.org").exists()
    assert not Invitation.objects.exists()


def test_invite_when_the_address_is_somebodys_then_that_person_is_seated(panel, stranger, staff):
    seat = services.invite_to_seat(panel=panel, full_name="Whoever", email="STRANGER@example.org", invited_by=staff)
    assert seat.user == stranger


def test_end_seat_when_reviews_are_owed_then_they_are_no_longer_asked_for_and_the_text_stays(
    panel, panel_member, review, write
):
    write(review)
    seat = panel_member.panel_seats.get()
    ended = services.end_seat(seat=seat)
    assert services.end_seat(seat=seat).ends_on == ended.ends_on
    review.refresh_from_db()
    assert (review.status, review.comments_to_team) == ("withdrawn", "To the team from Panel Member.")


def test_end_seat_when_a_review_is_in_then_it_stays(panel_member, review, send):
    send(review)
    services.end_seat(seat=panel_member.panel_seats.get())
    review.refresh_from_db()
    assert review.status == "submitted"


@pytest.mark.parametrize("kind", Panel.Kind.values)
def test_default_questions_when_given_twice_then_each_is_there_once(programme, kind):
    panel = Panel.objects.create(slug="p", kind=kind, name="P")
    count = len(DEFAULT_QUESTIONS[kind])
    assert [services.give_default_questions(panel=panel) for _ in range(2)] == [count, 0]
    assert panel.questions.count() == count
    assert [q.position for q in panel.questions.all()] == list(range(1, count + 1))


def test_default_questions_when_staff_reworded_and_retired_some_then_they_do_not_come_back(panel):
    services.give_default_questions(panel=panel)
    first, second, *_ = panel.questions.all()
    services.change_question(question=first, text="In our words?", hint="", kind="score", is_required=True)
    services.retire_question(question=second)
    before = list(panel.questions.values_list("pk", "text", "retired_at"))
    assert services.give_default_questions(panel=panel) == 0
    assert list(panel.questions.values_list("pk", "text", "retired_at")) == before


def test_move_when_moved_then_the_order_changes_and_the_ends_hold(panel, score, words):
    services.move_question(question=words, up=True)
    assert list(panel.questions.asked_now()) == [words, score]
    services.move_question(question=words, up=True)
    assert list(panel.questions.asked_now()) == [words, score]
    services.move_question(question=Question.objects.get(pk=words.pk), up=False)
    assert list(panel.questions.asked_now()) == [score, words]


def test_change_when_nobody_was_asked_then_it_is_changed_in_place(panel, score):
    changed = services.change_question(question=score, text="Better?", hint="", kind="score", is_required=True)
    assert changed.pk == score.pk
    assert panel.questions.count() == 1


def test_change_when_retired_meanwhile_then_its_successor_is_returned(cycle, score):
    new = services.change_question(question=score, text="Once", hint="", kind="score", is_required=True)
    assert services.change_question(question=score, text="Twice", hint="", kind="score", is_required=True) == new


def test_seat_when_two_chairs_are_forced_then_the_database_refuses(panel, chair, stranger):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        PanelSeat.objects.create(panel=panel, user=stranger, role="chair")
