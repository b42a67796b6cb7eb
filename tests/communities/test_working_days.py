"""England's working days: weekends and bank holidays are none."""

from __future__ import annotations

import datetime as dt

import pytest

from communities.working_days import first_working_day, is_working_day, working_days_after


@pytest.mark.parametrize(
    ("month", "day"),
    [
        ("2027-03-01", "2027-03-01"),  # a Monday
        ("2026-08-01", "2026-08-03"),  # a Saturday
        ("2026-11-01", "2026-11-02"),  # a Sunday
        ("2027-01-01", "2027-01-04"),  # New Year's Day is a Friday
        ("2023-01-01", "2023-01-03"),  # a Sunday, so that Monday is the holiday
        ("2024-04-01", "2024-04-02"),  # Easter Monday
        ("2023-05-01", "2023-05-02"),  # early May
        ("2022-01-01", "2022-01-04"),  # a Saturday; Monday 3 January is the holiday
    ],
)
def test_first_working_day_when_month_begins_so_then_that_day(month, day):
    assert first_working_day(dt.date.fromisoformat(month)) == dt.date.fromisoformat(day)
    assert first_working_day(dt.date.fromisoformat(month).replace(day=28)) == dt.date.fromisoformat(day)


def test_working_days_after_when_easter_is_between_then_left_out():
    assert working_days_after(dt.date(2024, 3, 28), 1) == dt.date(2024, 4, 2)
    assert working_days_after(dt.date(2027, 3, 1), 5) == dt.date(2027, 3, 8)


def test_is_working_day_when_scotland_alone_has_a_holiday_then_england_works():
    assert is_working_day(dt.date(2027, 1, 4))
    assert is_working_day(dt.date(2026, 11, 30))
