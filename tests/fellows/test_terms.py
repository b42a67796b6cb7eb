import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fellows.terms import latest_end, latest_start, months_later

days = st.dates(dt.date(1990, 1, 1), dt.date(2100, 12, 31))
years = st.integers(1, 10)


@pytest.mark.parametrize(
    ("starts_on", "max_years", "ends_on"),
    [
        (dt.date(2008, 10, 1), 5, dt.date(2013, 9, 30)),
        (dt.date(2024, 2, 29), 5, dt.date(2029, 2, 28)),
        (dt.date(2024, 2, 29), 4, dt.date(2028, 2, 28)),
        (dt.date(2023, 3, 1), 5, dt.date(2028, 2, 29)),
        (dt.date(2026, 1, 1), 1, dt.date(2026, 12, 31)),
    ],
)
def test_latest_end_when_counted_in_whole_years_then_the_day_before_the_anniversary(starts_on, max_years, ends_on):
    assert latest_end(starts_on, max_years) == ends_on


@given(days, days, years)
def test_latest_start_when_compared_then_says_the_same_as_latest_end(starts_on, ends_on, max_years):
    assert (starts_on <= latest_start(ends_on, max_years)) == (latest_end(starts_on, max_years) <= ends_on)


@given(days, years)
def test_latest_end_when_any_day_then_no_longer_than_so_many_years(starts_on, max_years):
    assert 365 * max_years <= (latest_end(starts_on, max_years) - starts_on).days + 1 <= 366 * max_years


@given(days, st.integers(0, 60))
def test_months_later_when_any_day_then_in_that_month_and_never_past_its_end(day, months):
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day
