"""Which days are working days in England: Monday to Friday, without the bank holidays."""

from __future__ import annotations

import datetime as dt
from functools import cache

import holidays

_A_DAY = dt.timedelta(days=1)


@cache
def _bank_holidays() -> holidays.HolidayBase:
    return holidays.country_holidays("GB", subdiv="ENG")


def is_working_day(day: dt.date) -> bool:
    """Whether England works on a day."""
    return day.weekday() < 5 and day not in _bank_holidays()


def first_working_day(month: dt.date) -> dt.date:
    """The first working day of the month that a day is in."""
    day = month.replace(day=1)
    while not is_working_day(day):
        day += _A_DAY
    return day


def working_days_after(day: dt.date, count: int) -> dt.date:
    """The day that is so many working days after another; ``count`` is at least 1."""
    while count:
        day += _A_DAY
        count -= is_working_day(day)
    return day
