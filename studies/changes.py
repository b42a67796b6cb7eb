"""The history of one study, across everything that belongs to it: who changed what, when, from what to what."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page
from django.db import models
from django.db.models import Q
from django.template.defaultfilters import filesizeformat

from people.changes import PER_PAGE, Change, FieldChange, Rows, Told, page_of_changes
from studies.models import (
    Amendment,
    StageMove,
    Study,
    StudyDocument,
    StudyIdentifier,
    StudyPerson,
    StudySite,
    Suggestion,
)
from studies.services.moving import MOVED

__all__ = ["PER_PAGE", "changes_to"]

_NOT_SHOWN = frozenset(
    {"version", "study", "position", "created_at", "uploaded_at", "uploaded_by", "content_type", "file"}
    | {"made_by", "answered_by", "answered_at", "archived_at"}
)
_LABELS = {"ends_on": "Last day", "starts_on": "First day", "user": "Person"}
#: What belongs to a study: the model, what one is called, and the fields that name it.
_PARTS: tuple[tuple[type[models.Model], str, tuple[str, ...]], ...] = (
    (StudyPerson, "person", ("user", "role")),
    (StudySite, "site", ("organisation", "place")),
    (StudyIdentifier, "identifier", ("scheme", "value")),
    (StudyDocument, "document", ("title",)),
    (Suggestion, "suggestion", ("text",)),
    (Amendment, "amendment", ("text",)),
)


def changes_to(study: Study, page: int | str = 1) -> Page[Change]:
    """One page of the study's history, the latest change first. The number of queries does not grow with it."""
    sources: dict[str, Rows | Told] = {
        "study": Rows(
            Study,
            "study",
            Q(id=study.pk),
            verbs={"+": "Made the study", "~": "Changed the study", "-": "Removed the study"},
            hidden=_NOT_SHOWN,
            labels=_LABELS,
            leave_out=Q(history_type="~", history_change_reason=MOVED),
            describe=_archived,
        )
    }
    for model, noun, named_by in _PARTS:
        sources[noun] = Rows(
            model,
            noun,
            Q(study_id=study.pk),
            named_by=named_by,
            hidden=_NOT_SHOWN,
            labels=_LABELS,
            values={"size": filesizeformat},
        )
    moves = StageMove.objects.filter(study=study).select_related("moved_by")
    sources["move"] = Told(moves, "moved_at", _moved)
    return page_of_changes(sources, page)


def _archived(row: Any, before: Any | None) -> str:
    if before is None or bool(row.archived_at) == bool(before.archived_at):
        return ""
    return "Archived the study" if row.archived_at else "Took the study out of the archive"


def _moved(move: StageMove) -> Change:
    stages = FieldChange("Stage", move.get_from_stage_display(), move.get_to_stage_display())
    return Change(move.moved_at, move.moved_by, "Moved the study", [stages], move.reason)
