"""The history of one study, across everything that belongs to it: who changed what, when, from what to what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import CharField, F, OuterRef, Q, Subquery, Value
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.text import capfirst

from people.models import Organisation, User
from people.words import moment_words
from studies.models import (
    Amendment,
    StageMove,
    Study,
    StudyDocument,
    StudyIdentifier,
    StudyPerson,
    StudySite,
    Suggestion,
    Theme,
)
from studies.services.moving import MOVED

PER_PAGE = 25
_NOT_SHOWN = frozenset(
    {"id", "version", "study", "position", "created_at", "uploaded_at", "uploaded_by", "content_type", "file"}
    | {"made_by", "answered_by", "answered_at", "archived_at"}
)


_LABELS = {"ends_on": "Last day", "starts_on": "First day", "user": "Person"}


@dataclass(frozen=True)
class FieldChange:
    """One field that a change touched; an empty text where there was or is nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """Something that somebody did to a study."""

    at: dt.datetime
    by: User | None
    what: str
    fields: list[FieldChange] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True)
class _Kind:
    """A model whose rows belong to a study: what it is called, and the fields that name a row."""

    model: type[models.Model]
    noun: str
    named_by: tuple[str, ...] = ()

    @property
    def table(self) -> type[models.Model]:
        """The table of its history."""
        return self.model.history.model  # type: ignore[attr-defined]


_KINDS = {
    "study": _Kind(Study, "study"),
    "person": _Kind(StudyPerson, "person", ("user", "role")),
    "site": _Kind(StudySite, "site", ("organisation", "place")),
    "identifier": _Kind(StudyIdentifier, "identifier", ("scheme", "value")),
    "document": _Kind(StudyDocument, "document", ("title",)),
    "suggestion": _Kind(Suggestion, "suggestion", ("text",)),
    "amendment": _Kind(Amendment, "amendment", ("text",)),
}
_MOVE = "move"


def _index(study: Study) -> models.QuerySet[Any, Any]:
    """Every change as (kind, key, when), the latest first: one query over all the tables."""
    parts = []
    for name, kind in _KINDS.items():
        rows = kind.table._default_manager.filter(**{"id" if kind.model is Study else "study_id": study.pk})
        if kind.model is Study:
            rows = rows.exclude(history_type="~", history_change_reason=MOVED)
        parts.append(_line(rows, name, "history_id", "history_date"))
    parts.append(_line(StageMove.objects.filter(study=study), _MOVE, "pk", "moved_at"))
    return parts[0].union(*parts[1:], all=True).order_by("-line_at", "-line_key")


def _line(rows: models.QuerySet[Any, Any], name: str, key: str, at: str) -> models.QuerySet[Any, Any]:
    return (
        rows.order_by()
        .annotate(line_kind=Value(name, output_field=CharField()), line_key=F(key), line_at=F(at))
        .values_list("line_kind", "line_key", "line_at")
    )


def changes_to(study: Study, page: int | str = 1) -> Page[Change]:
    """One page of the study's history, the latest change first. The number of queries does not grow with it."""
    paginator = Paginator(_index(study), PER_PAGE)
    found: Page[Any] = paginator.get_page(page)
    lines = list(found.object_list)
    changes = _stage_moves([key for kind, key, _ in lines if kind == _MOVE])
    changes.update(_row_changes({name: [k for kind, k, _ in lines if kind == name] for name in _KINDS}))
    found.object_list = [changes[kind, key] for kind, key, _ in lines]
    return found


def _stage_moves(keys: Sequence[int]) -> dict[tuple[str, int], Change]:
    moves = StageMove.objects.filter(pk__in=keys).select_related("moved_by")
    return {
        (_MOVE, move.pk): Change(
            move.moved_at,
            move.moved_by,
            "Moved the study",
            [FieldChange("Stage", move.get_from_stage_display(), move.get_to_stage_display())],
            move.reason,
        )
        for move in moves
    }


def _row_changes(keys: dict[str, list[int]]) -> dict[tuple[str, int], Change]:
    """Compares each row of history with the one before it of the same row."""
    rows: dict[str, dict[int, Any]] = {}
    before: dict[str, dict[int, Any]] = {}
    for name, wanted in keys.items():
        if not wanted:
            continue
        table = _KINDS[name].table
        earlier = (
            table._default_manager.filter(id=OuterRef("id"))
            .filter(
                Q(history_date__lt=OuterRef("history_date"))
                | Q(history_date=OuterRef("history_date"), history_id__lt=OuterRef("history_id"))
            )
            .order_by("-history_date", "-history_id")
            .values("history_id")[:1]
        )
        found: Any = table._default_manager.filter(history_id__in=wanted).select_related("history_user")
        rows[name] = {row.history_id: row for row in found.annotate(earlier_id=Subquery(earlier))}
        ids = [row.earlier_id for row in rows[name].values() if row.earlier_id]
        previous: Any = table._default_manager.filter(history_id__in=ids)
        before[name] = {row.history_id: row for row in previous}
    words = _Words([row for group in (*rows.values(), *before.values()) for row in group.values()])
    return {
        (name, key): _change(_KINDS[name], row, before[name].get(row.earlier_id), words)
        for name, group in rows.items()
        for key, row in group.items()
    }


class _Words:
    """Values of history rows in words; the names of related rows are fetched once for all of them."""

    _RELATED: tuple[tuple[str, type[models.Model]], ...] = (
        ("user_id", User),
        ("organisation_id", Organisation),
        ("theme_id", Theme),
    )

    def __init__(self, rows: Iterable[Any]) -> None:
        rows = list(rows)
        self.names: dict[str, dict[int, str]] = {}
        for attribute, model in self._RELATED:
            keys = {getattr(row, attribute) for row in rows if hasattr(row, attribute)} - {None}
            found = model._default_manager.filter(pk__in=keys) if keys else []
            self.names[attribute] = {row.pk: str(row) for row in found}

    def of(self, column: models.Field[Any, Any], row: Any) -> str:
        """The value as the screen shows it."""
        value = getattr(row, column.attname)
        if value is None or value == "":
            return ""
        if column.attname in self.names:
            return self.names[column.attname].get(value, "somebody who is no longer here")
        if column.choices:
            return str(dict(column.flatchoices).get(value, value))
        if isinstance(value, dt.datetime):
            return moment_words(value)
        if isinstance(value, dt.date):
            return date_format(value, "DATE_FORMAT")
        return filesizeformat(value) if column.name == "size" else str(value)


def _columns(kind: _Kind) -> list[models.Field[Any, Any]]:
    """The fields of a model that its history shows."""
    kept = {each.name for each in kind.table._meta.get_fields()}
    return [each for each in kind.model._meta.concrete_fields if each.name in kept and each.name not in _NOT_SHOWN]


def _named(kind: _Kind, row: Any, words: _Words) -> str:
    """The row in a few words: "person Ada Lovelace, Study lead"."""
    parts = [words.of(kind.model._meta.get_field(name), row) for name in kind.named_by]  # type: ignore[arg-type]
    name = ", ".join(part for part in parts if part)
    return f"{kind.noun}: {name[:117] + '…' if len(name) > 120 else name}" if name else kind.noun


def _change(kind: _Kind, row: Any, before: Any | None, words: _Words) -> Change:
    """What one row of history says, beside the row before it."""
    name = _named(kind, row, words)
    verb = {"+": "Added", "-": "Removed"}.get(row.history_type, "Changed")
    what = f"{verb} the study" if kind.model is Study else f"{verb} {name}"
    if kind.model is Study and row.history_type == "+":
        what = "Made the study"
    elif kind.model is Study and before is not None and bool(row.archived_at) != bool(before.archived_at):
        what = "Archived the study" if row.archived_at else "Took the study out of the archive"
    fields = []
    if row.history_type != "-":
        for column in _columns(kind):
            was, now = words.of(column, before) if before is not None else "", words.of(column, row)
            if was != now:
                fields.append(FieldChange(_label(column), was, now))
    return Change(row.history_date, row.history_user, what, fields, row.history_change_reason or "")


def _label(column: models.Field[Any, Any]) -> str:
    return _LABELS.get(column.name, str(capfirst(column.verbose_name)))
