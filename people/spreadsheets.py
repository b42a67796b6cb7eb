"""What is handed out for a spreadsheet: cells that it does not run, and CSV that it reads as UTF-8."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable
from decimal import Decimal

from django.http import HttpResponse

CSV = "text/csv; charset=utf-8"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
#: The last four are wide letters of East Asian keyboards, which some spreadsheets take for the first four.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def harmless(value: object) -> object:
    """A cell that no spreadsheet runs as a formula: text that begins like one gets an apostrophe before it (OWASP,
    *CSV injection*). Control characters, which a spreadsheet cannot hold, are left out. Numbers and dates stay what
    they are, nothing is empty, and anything else is its words.
    """
    if isinstance(value, int | float | Decimal | dt.date):
        return value
    text = _NOT_IN_XML.sub("", "" if value is None else str(value))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, every cell harmless. It begins with the mark by which spreadsheets know UTF-8."""
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def csv_file(name: str, rows: Iterable[Iterable[object]]) -> HttpResponse:
    """The same as a file to save, called ``name`` and ``.csv``."""
    disposition = f'attachment; filename="{name}.csv"'
    return HttpResponse(csv_text(rows), content_type=CSV, headers={"Content-Disposition": disposition})
