"""Moves the programme's dates, so that the demonstration's third year is now."""

from __future__ import annotations

import datetime as dt
import random

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from studies.models import Programme

#: How far into the programme the demonstration is: two months into its third year.
ELAPSED = relativedelta(years=2, months=2)


def bring_up_to_date(programme: Programme) -> None:
    """Shift the programme, as long as it was, and the month of its consultation by the same span."""
    old_start = programme.starts_on
    start = timezone.localdate().replace(day=1) - ELAPSED
    a_day = dt.timedelta(days=1)
    programme.ends_on = start + relativedelta(programme.ends_on + a_day, old_start) - a_day
    programme.starts_on = start
    programme.save()
    consultation = getattr(programme, "consultation", None)
    if consultation:
        held = dt.date.fromisoformat(f"{consultation.held_in}-01")
        consultation.held_in = (start - relativedelta(old_start, held)).strftime("%Y-%m")
        consultation.save()


def moment(day: dt.date, chance: random.Random) -> dt.datetime:
    """A time in the working day of ``day``, never later than now."""
    clock = dt.time(chance.randrange(8, 18), chance.randrange(60))
    return min(timezone.make_aware(dt.datetime.combine(day, clock)), timezone.now())


def day_between(first: dt.date, last: dt.date, chance: random.Random) -> dt.date:
    """A day from ``first`` to ``last``, both possible."""
    return first + dt.timedelta(days=chance.randrange((last - first).days + 1))


def working_day(day: dt.date) -> dt.date:
    """``day`` or the next after it that is neither at a weekend nor from Christmas Eve to 2 January."""
    while day.weekday() > 4 or (day.month, day.day) >= (12, 24) or (day.month, day.day) <= (1, 2):
        day += dt.timedelta(days=1)
    return day
