"""The list of studies as a file: CSV or a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import tablib
from django.utils import timezone

from people.spreadsheets import CSV, harmless
from studies.filters import flags_of
from studies.models import Study

_Column = tuple[str, Callable[[Any], object]]

#: What the list shows, in its order.
COLUMNS: tuple[_Column, ...] = (
    ("Acronym", lambda study: study.acronym),
    ("Title", lambda study: study.title),
    ("Theme", lambda study: study.theme.name),
    ("Stage", lambda study: study.get_stage_display()),
    ("Design", lambda study: study.get_design_display()),
    ("Study lead", lambda study: study.lead_name or ""),
    ("Starts", lambda study: study.starts_on),
    ("Ends", lambda study: study.ends_on),
    ("To put right", lambda study: "; ".join(flags_of(study, short=True))),
    ("Archived", lambda study: timezone.localdate(study.archived_at) if study.archived_at else None),
)
#: The formats, by the end of the file's name.
CONTENT_TYPES = {
    "csv": CSV,
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def studies_as(kind: str, studies: Iterable[Study]) -> bytes:
    """The studies, annotated by ``with_flags``, as the bytes of a file. ``kind`` is a key of ``CONTENT_TYPES``.

    CSV begins with a byte order mark, so that Excel reads it as UTF-8; its dates are written 2026-11-23.
    """
    table = tablib.Dataset(headers=[label for label, _ in COLUMNS], title="Studies")
    for study in studies:
        table.append([harmless(read(study)) for _, read in COLUMNS])
    written = table.export(kind)
    return written if isinstance(written, bytes) else b"\xef\xbb\xbf" + written.encode()
