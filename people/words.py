"""Times as the NHS content style writes them: 2:30pm, midday, 24 November 2026, 4pm."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.formats import date_format


def time_words(moment: dt.datetime) -> str:
    """The time of day in London: 2:30pm, 4pm, midday, midnight."""
    local = timezone.localtime(moment)
    if local.minute == 0 and local.hour in (0, 12):
        return "midday" if local.hour else "midnight"
    minutes = f":{local.minute:02}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minutes}{'am' if local.hour < 12 else 'pm'}"


def moment_words(moment: dt.datetime) -> str:
    """The day and the time in London: 24 November 2026, 2:30pm."""
    return f"{date_format(timezone.localtime(moment), 'DATE_FORMAT')}, {time_words(moment)}"
