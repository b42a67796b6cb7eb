"""Reminders: seven days before and once overdue, each once for a due date."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from panels import services
from panels.models import Review, ReviewReminder
from panels.services.reminders import remind, reviews_to_remind
from panels.tasks import send_review_reminders
from tests.conftest import make_user

DAY = dt.timedelta(days=1)
SOON = ("panel-member@example.org", "panels/reminder_soon")
LATE = ("panel-member@example.org", "panels/reminder_overdue")


def at(day: dt.date) -> time_machine.travel:
    return time_machine.travel(dt.datetime.combine(day, dt.time(9), ZoneInfo("Europe/London")), tick=False)


@pytest.fixture
def one(cycle, second_review, outbox):
    """The cycle with one member who still writes."""
    services.withdraw_review(review=second_review)
    outbox.clear()
    return cycle


def test_reminders_when_the_days_pass_then_each_is_sent_once(one, outbox):
    seen = {}
    for days in (-8, -7, -6, 0, 1, 2, 30):
        with at(one.due_on + days * DAY):
            send_review_reminders()
            send_review_reminders()
        seen[days] = list(outbox)
        outbox.clear()
    assert seen == {-8: [], -7: [SOON], -6: [], 0: [], 1: [LATE], 2: [], 30: []}


def test_reminders_when_days_were_missed_then_the_next_run_makes_up(one, outbox):
    with at(one.due_on - 3 * DAY):
        assert send_review_reminders() == 1
    with at(one.due_on + 20 * DAY):
        assert send_review_reminders() == 1
    assert outbox == [SOON, LATE]


def test_reminders_when_the_date_moves_then_they_begin_anew(one, outbox):
    with at(one.due_on - 5 * DAY):
        send_review_reminders()
        services.change_cycle(cycle=one, due_on=one.due_on + 30 * DAY, note="")
        outbox.clear()
        assert send_review_reminders() == 0
    one.refresh_from_db()
    with at(one.due_on - 5 * DAY):
        assert send_review_reminders() == 1
    assert outbox == [SOON]


def test_reminders_when_just_asked_then_not_reminded_the_same_day(one, outbox):
    Review.objects.update(assigned_at=dt.datetime.combine(one.due_on - 4 * DAY, dt.time(9), dt.UTC))
    with at(one.due_on - 3 * DAY):
        assert send_review_reminders() == 0


@pytest.mark.parametrize("why", ["sent", "conflicted", "closed", "inactive"])
def test_reminders_when_no_longer_owed_then_none(one, review, staff, send, panel_member, outbox, why):
    if why == "sent":
        send(review)
    elif why == "conflicted":
        services.declare_conflict(review=review, conflict="I know them.")
    elif why == "closed":
        services.close_cycle(cycle=one, closed_by=staff)
    else:
        panel_member.is_active = False
        panel_member.save()
    outbox.clear()
    with at(one.due_on + DAY):
        assert send_review_reminders() == 0
        assert remind(review_id=review.pk, kind="overdue") is False
    assert outbox == []


def test_remind_when_two_workers_have_the_same_then_one_sends(one, review, outbox):
    with at(one.due_on + DAY):
        due = reviews_to_remind(one.due_on + DAY)
        assert [remind(review_id=pk, kind=kind) for pk, kind in due + due] == [True, False]
    assert ReviewReminder.objects.count() == 1
    assert outbox == [LATE]


def test_reviews_to_remind_when_there_are_many_then_the_queries_stay(cycle):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            reviews_to_remind(cycle.due_on + DAY)
        return len(seen)

    before = queries()
    for number in range(20):
        Review.objects.create(cycle=cycle, member=make_user(f"more-{number}"))
    assert queries() == before
