"""When events are, as the NHS content style writes it (Tuesday 24 November 2026, 2:30pm to 4pm), and texts as typed."""

from __future__ import annotations

import datetime as dt
import re

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


#: Every way to begin a new line, vertical tabs out of slides among them.
_NEW_LINE = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
#: What neither a calendar (RFC 5545, 3.1) nor XML 1.0 (2.2) may hold.
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def written_text(value: str) -> str:
    """A text as it may stand in calendars, feeds and emails: with one kind of new line and nothing that is no text."""
    return _NO_TEXT.sub("", _NEW_LINE.sub("\n", value))
