import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clahrc.numbers import programme_years
from studies.models import Programme


def test_programme_years_when_the_papers_then_five_and_the_last_is_short_of_three_months_more():
    years = programme_years(Programme(starts_on=dt.date(2008, 10, 1), ends_on=dt.date(2013, 12, 31)))
    assert [(year.number, year.starts_on, year.ends_on) for year in years] == [
        (1, dt.date(2008, 10, 1), dt.date(2009, 9, 30)),
        (2, dt.date(2009, 10, 1), dt.date(2010, 9, 30)),
        (3, dt.date(2010, 10, 1), dt.date(2011, 9, 30)),
        (4, dt.date(2011, 10, 1), dt.date(2012, 9, 30)),
        (5, dt.date(2012, 10, 1), dt.date(2013, 9, 30)),
        (6, dt.date(2013, 10, 1), dt.date(2013, 12, 31)),
    ]


@pytest.mark.parametrize("ends_on", [dt.date(2025, 2, 28), dt.date(2025, 3, 1)])
def test_programme_years_when_it_starts_on_29_february_then_years_still_meet(ends_on):
    years = programme_years(Programme(starts_on=dt.date(2024, 2, 29), ends_on=ends_on))
    assert years[0].ends_on == dt.date(2025, 2, 28)
    assert len(years) == (1 if ends_on.month == 2 else 2)


@given(st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1)), st.integers(1, 9000))
def test_programme_years_when_any_dates_then_every_day_is_in_exactly_one(starts_on, days):
    programme = Programme(starts_on=starts_on, ends_on=starts_on + dt.timedelta(days))
    years = programme_years(programme)
    assert (years[0].starts_on, years[-1].ends_on) == (programme.starts_on, programme.ends_on)
    assert all(b.starts_on - a.ends_on == dt.timedelta(1) for a, b in pairwise(years))
    assert all(year.starts_on <= year.ends_on for year in years)
