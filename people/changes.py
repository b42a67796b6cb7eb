"""The history of one thing, across everything that belongs to it: who changed what, when, from what to what.

Each app says which rows those are (``Rows``, whose models keep their history) and what else happened (``Told``, such as
a move to another stage, which has a table of its own). The number of queries does not grow with the history.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import CharField, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.lookups import IsNull
from django.utils.formats import date_format
from django.utils.text import capfirst

from people.models import User
from people.words import moment_words

PER_PAGE = 25
_VERBS = {"+": "Added", "~": "Changed", "-": "Removed"}
_GONE = "something that is no longer here"
_LEFT = "somebody who is no longer here"


@dataclass(frozen=True)
class FieldChange:
    """One field that a change touched; an empty text where there was or is nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """Something that somebody did."""

    at: dt.datetime
    by: User | None
    what: str
    fields: list[FieldChange] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True)
class Rows:
    """Those rows of a model that belong to the thing, as ``belong`` finds them in the model's history.

    ``named_by`` are the fields that name a row ("Added person: Ada Lovelace, Study lead"). ``verbs`` say the whole, by
    the kind of change (+, ~, -), where that would read badly. ``hidden`` fields are not shown, ``lists`` are
    many-to-many fields that the history keeps, ``values`` say what single fields' values are called. ``describe`` may
    say better what a change was than that something changed; it is given the row and the one before it, if any.
    ``only_seen`` leaves out changes of hidden fields alone that have no reason beside them.
    """

    model: type[models.Model]
    noun: str
    belong: Q
    named_by: tuple[str, ...] = ()
    verbs: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    lists: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    leave_out: Q | None = None
    describe: Callable[[Any, Any | None], str] | None = None
    only_seen: bool = False

    @cached_property
    def table(self) -> type[models.Model]:
        """The table of its history."""
        return self.model.history.model  # type: ignore[attr-defined]

    @cached_property
    def columns(self) -> list[models.Field[Any, Any]]:
        """The fields that are shown."""
        kept = {each.name for each in self.table._meta.get_fields()}
        hidden = self.hidden | {"id"}
        return [each for each in self.model._meta.concrete_fields if each.name in kept and each.name not in hidden]

    def lines(self, name: str) -> models.QuerySet[Any, Any]:
        """Every change as (name, key, when)."""
        rows = self.table._default_manager.filter(self.belong)
        if self.leave_out is not None:
            rows = rows.exclude(self.leave_out)
        if self.only_seen:
            rows = rows.annotate(earlier_id=Subquery(_earlier(self.table))).exclude(
                Exists(self._same_as_before()), Q(history_change_reason=None) | Q(history_change_reason=""),
                history_type="~",
            )  # fmt: skip
        return _lines(rows, name, "history_id", "history_date")

    def _same_as_before(self) -> models.QuerySet[Any, Any]:
        """The row before, where nothing that is shown differs from it."""
        rows = self.table._default_manager.filter(history_id=OuterRef("earlier_id"))
        for column in self.columns:
            now = OuterRef(column.attname)
            same = Q(**{column.attname: now})
            if column.null:
                same |= Q(**{f"{column.attname}__isnull": True}) & Q(IsNull(now, True))
            rows = rows.filter(same)
        return rows

    def changes(self, keys: Sequence[int]) -> dict[int, Change]:
        """The changes with these keys. Each row of history is compared with the one before it of the same row."""
        table = self.table._default_manager
        found: Any = table.filter(history_id__in=keys).select_related("history_user")
        rows = {row.history_id: row for row in found.annotate(earlier_id=Subquery(_earlier(self.table)))}
        ids = [row.earlier_id for row in rows.values() if row.earlier_id]
        before: dict[int, Any] = {row.history_id: row for row in table.filter(history_id__in=ids)}  # type: ignore[attr-defined]
        words = _Words(self, [*rows.values(), *before.values()])
        return {key: self._change(row, before.get(row.earlier_id), words) for key, row in rows.items()}

    def _change(self, row: Any, before: Any | None, words: _Words) -> Change:
        fields = []
        if row.history_type != "-":
            for column in self.columns:
                was, now = words.of(column, before) if before is not None else "", words.of(column, row)
                if was != now:
                    fields.append(FieldChange(self._label(column), was, now))
            for name in self.lists:
                was, now = words.listed(name, before), words.listed(name, row)
                if was != now:
                    fields.append(FieldChange(self._label(self.model._meta.get_field(name)), was, now))
        what = (self.describe(row, before) if self.describe else "") or self._what(row, words)
        return Change(row.history_date, row.history_user, what, fields, row.history_change_reason or "")

    def _what(self, row: Any, words: _Words) -> str:
        if row.history_type in self.verbs:
            return self.verbs[row.history_type]
        parts = [words.of(self.model._meta.get_field(name), row) for name in self.named_by]  # type: ignore[arg-type]
        name = ", ".join(part for part in parts if part)
        shown = f"{self.noun}: {name[:117] + '…' if len(name) > 120 else name}" if name else self.noun
        return f"{_VERBS[row.history_type]} {shown}"

    def _label(self, column: Any) -> str:
        return self.labels.get(column.name, str(capfirst(column.verbose_name)))


@dataclass(frozen=True)
class Told:
    """What else happened to the thing: rows with a time of their own, and what each of them says."""

    rows: models.QuerySet[Any, Any]
    at: str
    tell: Callable[[Any], Change]

    def lines(self, name: str) -> models.QuerySet[Any, Any]:
        """Every row as (name, key, when)."""
        return _lines(self.rows.select_related(None).prefetch_related(None), name, "pk", self.at)

    def changes(self, keys: Sequence[int]) -> dict[int, Change]:
        """What the rows with these keys say."""
        return {row.pk: self.tell(row) for row in self.rows.filter(pk__in=keys)}


def page_of_changes(sources: Mapping[str, Rows | Told], page: int | str = 1) -> Page[Change]:
    """One page of what happened, the latest first; the nearest page there is, where the number makes no sense."""
    parts = [source.lines(name) for name, source in sources.items()]
    index = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    found: Page[Any] = Paginator(index.order_by("-line_at", "-line_key"), PER_PAGE).get_page(page)
    lines = list(found.object_list)
    changes = {
        (name, key): change
        for name, source in sources.items()
        if (keys := [key for kind, key, _ in lines if kind == name])
        for key, change in source.changes(keys).items()
    }
    found.object_list = [changes[name, key] for name, key, _ in lines]
    return found


def _lines(rows: models.QuerySet[Any, Any], name: str, key: str, at: str) -> models.QuerySet[Any, Any]:
    return (
        rows.order_by()
        .annotate(line_kind=Value(name, output_field=CharField()), line_key=F(key), line_at=F(at))
        .values_list("line_kind", "line_key", "line_at")
    )


def _earlier(table: type[models.Model]) -> models.QuerySet[Any, Any]:
    """The key of the row of history before, of the same row."""
    return (
        table._default_manager.filter(id=OuterRef("id"))
        .filter(
            Q(history_date__lt=OuterRef("history_date"))
            | Q(history_date=OuterRef("history_date"), history_id__lt=OuterRef("history_id"))
        )
        .order_by("-history_date", "-history_id")
        .values("history_id")[:1]
    )


class _Words:
    """Values of history rows in words; the names of related rows are fetched once for all of them."""

    def __init__(self, source: Rows, rows: Iterable[Any]) -> None:
        self.source, rows = source, list(rows)
        self.names: dict[str, dict[int, str]] = {}
        self.lists: dict[str, dict[int, list[int]]] = {}
        for column in source.columns:
            if column.is_relation:
                self.names[column.name] = _names_of(column, {getattr(row, column.attname) for row in rows})
        for name in source.lists:
            related: Any = source.model._meta.get_field(name)
            link = f"{related.m2m_reverse_field_name()}_id"
            kept: Any = getattr(source.table, name).model._default_manager
            pairs = kept.filter(history_id__in=[row.history_id for row in rows]).values_list("history_id", link)
            theirs = self.lists.setdefault(name, {})
            for history, key in pairs:
                theirs.setdefault(history, []).append(key)
            self.names[name] = _names_of(related, {key for keys in theirs.values() for key in keys})

    def of(self, column: models.Field[Any, Any], row: Any) -> str:
        """The value as the screen shows it."""
        value = getattr(row, column.attname)
        if value is None or value == "" or value == []:
            return ""
        if column.name in self.source.values:
            return self.source.values[column.name](value)
        if column.is_relation:
            return self.names[column.name].get(value, _LEFT if column.related_model is User else _GONE)
        if column.choices:
            return str(dict(column.flatchoices).get(value, value))
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, dt.datetime):
            return moment_words(value)
        return date_format(value, "DATE_FORMAT") if isinstance(value, dt.date) else str(value)

    def listed(self, name: str, row: Any | None) -> str:
        """The names of what a many-to-many field held, in their order."""
        keys = self.lists[name].get(row.history_id, []) if row is not None else []
        return ", ".join(sorted(self.names[name].get(key, _GONE) for key in keys))


def _names_of(column: Any, keys: set[Any]) -> dict[int, str]:
    keys -= {None}
    model: Any = column.related_model
    return {row.pk: str(row) for row in model._default_manager.filter(pk__in=keys)} if keys else {}
