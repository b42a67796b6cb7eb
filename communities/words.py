"""Times as the NHS content style writes them: Tuesday 24 November 2026, 2:30pm to 4pm."""

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


def day_words(moment: dt.datetime) -> str:
    """The day in London: Tuesday 24 November 2026."""
    return date_format(timezone.localtime(moment), "l j F Y")


def span_words(starts_at: dt.datetime, ends_at: dt.datetime) -> str:
    """From when to when; the day once where it is the same."""
    if timezone.localdate(starts_at) == timezone.localdate(ends_at):
        return f"{day_words(starts_at)}, {time_words(starts_at)} to {time_words(ends_at)}"
    return f"{day_words(starts_at)}, {time_words(starts_at)}, to {day_words(ends_at)}, {time_words(ends_at)}"
