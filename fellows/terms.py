"""How long a secondment may last, in whole years, and what counts as ending soon."""

from __future__ import annotations

import calendar
import datetime as dt

#: Staff are warned this many months before a secondment ends.
ENDING_SOON_MONTHS = 6


def latest_end(starts_on: dt.date, max_years: int) -> dt.date:
    """The last day that a secondment beginning on ``starts_on`` may have: ``max_years`` whole years.

    A secondment from 1 October 2008 of at most five years ends on 30 September 2013 at the latest. One that begins
    on 29 February counts its years to 1 March where there is no such day.
    """
    year = starts_on.year + max_years
    if (starts_on.month, starts_on.day) == (2, 29) and not calendar.isleap(year):
        return dt.date(year, 2, 28)
    return starts_on.replace(year=year) - dt.timedelta(days=1)


def latest_start(ends_on: dt.date, max_years: int) -> dt.date:
    """The last day on which a secondment can begin whose ``latest_end`` is not after ``ends_on``."""
    after = ends_on + dt.timedelta(days=1)
    year = after.year - max_years
    if (after.month, after.day) == (2, 29) and not calendar.isleap(year):
        return dt.date(year, 2, 28)
    return after.replace(year=year)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of the month so many months later, or the month's last day where it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))
