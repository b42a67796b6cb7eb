"""London's clocks as a calendar file says them (RFC 5545, 3.6.5), so that no program has to guess from the name."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Component, Timezone, TimezoneDaylight, TimezoneStandard

LONDON: Final = ZoneInfo("Europe/London")
_GMT, _BST = dt.timedelta(0), dt.timedelta(hours=1)
#: Since 1996 summer time begins and ends at 01:00 UTC on the last Sunday of March and of October (as the Summer Time
#: Order 2002 has it): at 1am by the clocks of winter, and at 2am by those of summer. Nothing here is older.
_FORWARD, _BACK = dt.datetime(1996, 3, 31, 1), dt.datetime(1996, 10, 27, 2)


def london_zone() -> Timezone:
    """``VTIMEZONE`` with both rules: from winter to summer and back."""
    zone = Timezone()
    zone.add("tzid", LONDON.key)
    zone.add_component(_change(TimezoneDaylight(), "BST", _FORWARD, before=_GMT, after=_BST))
    zone.add_component(_change(TimezoneStandard(), "GMT", _BACK, before=_BST, after=_GMT))
    return zone


def _change(rule: Component, name: str, first: dt.datetime, *, before: dt.timedelta, after: dt.timedelta) -> Component:
    rule.add("tzname", name)
    rule.add("tzoffsetfrom", before)
    rule.add("tzoffsetto", after)
    rule.add("dtstart", first)
    rule.add("rrule", {"freq": "yearly", "bymonth": first.month, "byday": "-1su"})
    return rule
