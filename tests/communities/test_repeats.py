"""On which days an event that repeats takes place."""

from __future__ import annotations

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.repeats import MOST, Every, Times, plan, words_for

LONDON = ZoneInfo("Europe/London")


def at(day: dt.date, start: str = "10:30", hours: float = 2) -> Times:
    starts_at = dt.datetime.combine(day, dt.time.fromisoformat(start), tzinfo=LONDON)
    wall = starts_at.replace(tzinfo=None) + dt.timedelta(hours=hours)
    return Times(starts_at.astimezone(dt.UTC), wall.replace(tzinfo=LONDON).astimezone(dt.UTC))


def days(found) -> list[str]:
    return [f"{each.day:%Y-%m-%d}" for each in found.dates]


@pytest.mark.parametrize(
    ("every", "first", "expected"),
    [
        (Every.WEEK, dt.date(2026, 12, 22), ["2026-12-29", "2027-01-05", "2027-01-12"]),
        (Every.FORTNIGHT, dt.date(2026, 12, 22), ["2027-01-05", "2027-01-19", "2027-02-02"]),
        (Every.MONTH_DAY, dt.date(2026, 12, 22), ["2027-01-22", "2027-02-22", "2027-03-22"]),
        (Every.MONTH_WEEKDAY, dt.date(2026, 12, 8), ["2027-01-12", "2027-02-09", "2027-03-09"]),
    ],
)
def test_plan_when_so_many_times_then_these_days_with_the_first_counted(every, first, expected):
    found = plan(at(first), every, times=4)
    assert (days(found), found.left_out, found.is_cut) == (expected, [], False)


def test_plan_when_until_a_day_then_that_day_is_included_and_none_later():
    first = at(dt.date(2026, 12, 1))
    assert days(plan(first, Every.WEEK, until=dt.date(2026, 12, 15))) == ["2026-12-08", "2026-12-15"]
    assert days(plan(first, Every.WEEK, until=dt.date(2026, 12, 14))) == ["2026-12-08"]
    assert plan(first, Every.WEEK, until=dt.date(2026, 12, 7)).dates == []


def test_plan_when_a_month_has_no_such_day_then_left_out_and_said_and_not_counted():
    found = plan(at(dt.date(2027, 1, 31)), Every.MONTH_DAY, times=4)
    assert days(found) == ["2027-03-31", "2027-05-31", "2027-07-31"]
    assert found.left_out == [
        "February 2027: it has no 31st",
        "April 2027: it has no 31st",
        "June 2027: it has no 31st",
    ]
    fifth = plan(at(dt.date(2026, 12, 29)), Every.MONTH_WEEKDAY, until=dt.date(2027, 4, 30))
    assert days(fifth) == ["2027-03-30"]
    assert fifth.left_out == [f"{month} 2027: it has no fifth Tuesday" for month in ("January", "February", "April")]


def test_plan_when_the_clocks_change_then_the_same_time_of_day_and_another_in_utc():
    found = plan(at(dt.date(2027, 3, 23)), Every.WEEK, times=3)
    assert [each.starts_at.isoformat() for each in found.dates] == [
        "2027-03-30T09:30:00+00:00", "2027-04-06T09:30:00+00:00",
    ]  # fmt: skip
    assert {each.starts_at.astimezone(LONDON).time() for each in found.dates} == {dt.time(10, 30)}


@pytest.mark.parametrize("first", [dt.date(2027, 3, 21), dt.date(2027, 10, 24)])
@pytest.mark.parametrize(("start", "hours"), [("01:15", 1.5), ("00:15", 1.25)])
def test_plan_when_the_clocks_skip_or_repeat_the_time_then_left_out_and_said(first, start, hours):
    found = plan(at(first, start, hours), Every.WEEK, times=3)
    day = first + dt.timedelta(days=7)
    assert days(found) == [f"{day + dt.timedelta(weeks=n):%Y-%m-%d}" for n in (1, 2)]
    assert found.left_out == [f"{day.day} {day:%B} 2027: the clocks change over that time"]


def test_plan_when_it_lasts_over_night_then_ends_as_many_days_later():
    first = Times(dt.datetime(2026, 12, 1, 20, tzinfo=dt.UTC), dt.datetime(2026, 12, 3, 9, tzinfo=dt.UTC))
    assert plan(first, Every.WEEK, times=2).dates[0].ends_at == dt.datetime(2026, 12, 10, 9, tzinfo=dt.UTC)


def test_plan_when_it_would_never_end_then_cut_at_the_most():
    found = plan(at(dt.date(2026, 12, 1)), Every.WEEK, until=dt.date(2099, 1, 1))
    assert (len(found.dates), found.is_cut) == (MOST - 1, True)
    whole = plan(at(dt.date(2026, 12, 1)), Every.WEEK, until=dt.date(2026, 12, 1) + dt.timedelta(weeks=MOST - 1))
    assert (len(whole.dates), whole.is_cut) == (MOST - 1, False)


def test_plan_when_days_are_there_already_then_they_count_and_are_not_made_again():
    found = plan(at(dt.date(2026, 12, 1)), Every.WEEK, times=4, known={dt.date(2026, 12, 8)})
    assert days(found) == ["2026-12-15", "2026-12-22"]


@given(
    first=st.dates(dt.date(2026, 1, 1), dt.date(2035, 12, 31)),
    start=st.times().map(lambda time: time.replace(second=0, microsecond=0)),
    every=st.sampled_from(list(Every)),
    times=st.integers(2, MOST),
)
def test_plan_when_anything_then_sound(first, start, every, times):
    local = dt.datetime.combine(first, start, tzinfo=LONDON)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        return
    found = plan(Times(local.astimezone(dt.UTC), local.astimezone(dt.UTC) + dt.timedelta(hours=1)), every, times=times)
    moments = [each.starts_at.astimezone(LONDON) for each in found.dates]
    assert len(moments) == times - 1
    assert moments == sorted(set(moments))
    assert {moment.time() for moment in moments} <= {start}
    assert all(each.ends_at > each.starts_at for each in found.dates)
    if every == Every.MONTH_DAY:
        assert {moment.day for moment in moments} == {first.day}
    else:
        assert {moment.weekday() for moment in moments} == {first.weekday()}
    if every == Every.MONTH_WEEKDAY:
        assert {(moment.day - 1) // 7 for moment in moments} == {(first.day - 1) // 7}
        months = [(moment.year, moment.month) for moment in moments]
        assert len(set(months)) == len(months)
        if first.day <= 28 and not found.left_out:
            assert months[0] == (first.year + first.month // 12, first.month % 12 + 1)


def test_words_when_a_day_is_given_then_the_choices_say_which():
    assert list(words_for(dt.date(2026, 12, 8)).values()) == [
        "Every week, on Tuesday", "Every two weeks, on Tuesday", "Every month, on the 8th",
        "Every month, on the second Tuesday",
    ]  # fmt: skip
    assert dt.date(2026, 12, 8).weekday() == calendar.TUESDAY
