"""On which days an event that repeats takes place. It is pure reckoning: nothing is read or written.

An event keeps its time by London's clocks, whichever side of a change of the clocks a date falls on. A date that falls
on nothing (31 February, a fifth Tuesday where there are four, an hour that the clocks skip or repeat) is left out, and
said in words.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from django.utils.formats import date_format

from communities.calendar_zone import LONDON
from communities.models import EventSeries
from communities.words import span_words

Every = EventSeries.Every
#: Dates of a series at most, the first one included: a year of weeks.
MOST: Final = 52
_NTH: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}


@dataclass(frozen=True)
class Times:
    """When one date begins and ends."""

    starts_at: dt.datetime
    ends_at: dt.datetime

    @property
    def day(self) -> dt.date:
        """The day in London on which it begins."""
        return self.starts_at.astimezone(LONDON).date()

    @property
    def words(self) -> str:
        """From when to when, in words."""
        return span_words(self.starts_at, self.ends_at)


@dataclass
class Plan:
    """The dates that follow the first one, and, in words, those that were left out."""

    dates: list[Times] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    #: Whether there would have been more dates than ``MOST``.
    is_cut: bool = False


def plan(
    first: Times, every: str, *, times: int | None = None, until: dt.date | None = None, known: Container[dt.date] = ()
) -> Plan:
    """The dates after ``first``: so many that there are ``times`` with it, or all until a day, that day included.

    Never more than ``MOST`` in all. ``known`` are days of the series that there are already: they count and are not
    planned again.
    """
    found = Plan()
    taken = 1
    for day, missing in _days(first.day, every):
        if taken == times or (until is not None and (day or missing[0]) > until):
            break
        if day is not None and taken == MOST:
            found.is_cut = True
            break
        if day is None:
            found.left_out.append(missing[1])
        elif day in known:
            taken += 1
        elif at := on_day(day, first):
            taken += 1
            found.dates.append(at)
        else:
            found.left_out.append(f"{date_format(day, 'j F Y')}: the clocks change over that time")
    return found


def on_day(day: dt.date, like: Times) -> Times | None:
    """The same times by London's clocks on another day; None where they skip or repeat one of the two."""
    starts_at, ends_at = (moment.astimezone(LONDON).replace(tzinfo=None) for moment in (like.starts_at, like.ends_at))
    nights = ends_at.date() - starts_at.date()
    begin, end = _moment(day, starts_at.time()), _moment(day + nights, ends_at.time())
    return Times(begin, end) if begin and end else None


def _moment(day: dt.date, time: dt.time) -> dt.datetime | None:
    wall = dt.datetime.combine(day, time, tzinfo=LONDON)
    if wall.utcoffset() != wall.replace(fold=1).utcoffset():
        return None  # skipped in March, or twice in October
    return wall.astimezone(dt.UTC)


def _days(first: dt.date, every: str) -> Iterator[tuple[dt.date | None, tuple[dt.date, str]]]:
    """Each day that comes after the first, or None with the begin of the month that has no such day, in words."""
    nothing = (first, "")
    for number in count(1):
        if every in {Every.WEEK, Every.FORTNIGHT}:
            yield first + dt.timedelta(weeks=number * (1 if every == Every.WEEK else 2)), nothing
            continue
        years, month = divmod(first.month - 1 + number, 12)
        begin = dt.date(first.year + years, month + 1, 1)
        day = _day_of(begin, first) if every == Every.MONTH_DAY else _weekday_of(begin, first)
        yield day, nothing if day else (begin, f"{date_format(begin, 'F Y')}: it has no {_what(first, every)}")


def _day_of(begin: dt.date, first: dt.date) -> dt.date | None:
    return begin.replace(day=first.day) if first.day <= calendar.monthrange(begin.year, begin.month)[1] else None


def _weekday_of(begin: dt.date, first: dt.date) -> dt.date | None:
    ahead = (first.weekday() - begin.weekday()) % 7 + 7 * ((first.day - 1) // 7)
    day = begin + dt.timedelta(days=ahead)
    return day if day.month == begin.month else None


def _what(first: dt.date, every: str) -> str:
    if every == Every.MONTH_DAY:
        return date_format(first, "jS")
    return f"{_NTH[(first.day - 1) // 7 + 1]} {date_format(first, 'l')}"


def words_for(first: dt.date) -> dict[str, str]:
    """How often, by the values of ``EventSeries.Every``, as it would be for this day: "the second Tuesday"."""
    return {
        Every.WEEK.value: f"Every week, on {date_format(first, 'l')}",
        Every.FORTNIGHT.value: f"Every two weeks, on {date_format(first, 'l')}",
        Every.MONTH_DAY.value: f"Every month, on the {date_format(first, 'jS')}",
        Every.MONTH_WEEKDAY.value: f"Every month, on the {_what(first, Every.MONTH_WEEKDAY)}",
    }
