"""When events are, as the NHS content style writes it: Tuesday 24 November 2026, 2:30pm to 4pm."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.formats import date_format

from people.words import time_words


def day_words(moment: dt.datetime) -> str:
    """The day in London: Tuesday 24 November 2026."""
    return date_format(timezone.localtime(moment), "l j F Y")


def span_words(starts_at: dt.datetime, ends_at: dt.datetime) -> str:
    """From when to when; the day once where it is the same."""
    if timezone.localdate(starts_at) == timezone.localdate(ends_at):
        return f"{day_words(starts_at)}, {time_words(starts_at)} to {time_words(ends_at)}"
    return f"{day_words(starts_at)}, {time_words(starts_at)}, to {day_words(ends_at)}, {time_words(ends_at)}"
