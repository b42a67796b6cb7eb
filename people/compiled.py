"""Questions that pages ask over and over, put into SQL once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import lru_cache, wraps
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet, FieldDoesNotExist
from django.db import connection
from django.db.models import F, Func, IntegerField, Model, QuerySet
from django.utils import timezone

Row = tuple[Any, ...]


class _Written(NamedTuple):
    """A question in SQL, and what makes Python's values of the database's, by the number of the column."""

    sql: str
    params: Row
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]

    def rows(self) -> list[Any]:
        """Ask."""
        if not self.sql:
            return []
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.params)
            found = cursor.fetchall()
        if not self.converters:
            return list(found)
        converted = [list(row) for row in found]
        for number, (converters, expression) in self.converters.items():
            for converter in converters:
                for row in converted:
                    row[number] = converter(row[number], expression, connection)
        return converted


def _write(rows: QuerySet[Any, Any]) -> _Written:
    compiler = rows.query.get_compiler(connection=connection)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:  # Django knows without asking that there are none
        return _Written("", (), {})
    return _Written(sql, tuple(params), compiler.get_converters([each for each, _, _ in compiler.select]))


def compiled(question: Callable[..., QuerySet[Any, Any]]) -> Callable[..., list[Row]]:
    """Ask a ``values_list()``; Django writes its SQL once a day for each set of arguments.

    For questions on pages that many ask for, which Django takes several times as long to put into SQL as the database
    to answer. The SQL alone is kept, never an answer, so what it says must depend on nothing but the arguments and
    today's date.
    """

    @lru_cache(maxsize=1000)
    def written(today: dt.date, *args: object) -> _Written:
        return _write(question(*args))

    @wraps(question)
    def ask(*args: Hashable) -> list[Row]:
        return written(timezone.localdate(), *args).rows()

    return ask


class CompiledList:
    """The rows of one question as instances of its model: a list for a ``Paginator``, by ``compiled_list``."""

    def __init__(self, written: Callable[..., tuple[_Written, Any]], args: Row) -> None:
        self._written, self._args = written, args

    def _ask(self, part: str | tuple[int | None, int | None]) -> tuple[list[Any], Any]:
        question, make = self._written(timezone.localdate(), part, *self._args)
        return question.rows(), make

    def count(self) -> int:
        """How many rows there are, in a query of its own."""
        rows, _ = self._ask("count")
        return int(rows[0][0]) if rows else 0

    def __getitem__(self, part: slice) -> list[Any]:
        rows, make = self._ask((part.start, part.stop))
        return list(make(rows))

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])


def compiled_list(question: Callable[..., QuerySet[Any, Any]]) -> Callable[..., Any]:
    """The same as ``compiled`` for a ``CompiledList`` of model instances, with their number and slices.

    The question is a ``values_list()`` of the names of fields and annotations, among them ``pk``, and for what is
    related its own, such as ``theme__pk`` and ``theme__name``. The instances have those, and other fields deferred.
    """

    @lru_cache(maxsize=1000)
    def written(today: dt.date, part: str | tuple[int | None, int | None], *args: object) -> tuple[_Written, Any]:
        rows = question(*args)
        if part == "count":
            how_many = Func(F("pk"), function="COUNT", output_field=IntegerField())
            return _write(rows.order_by().annotate(how_many=how_many).values_list("how_many")), None
        return _write(rows[slice(*part)]), _maker(rows.model, rows._fields)  # type: ignore[attr-defined]

    @wraps(question)
    def ask(*args: Hashable) -> CompiledList:
        return CompiledList(written, args)

    return ask


class _Part(NamedTuple):
    """One model in a row: how the one before it calls it, which fields it has, and where in the row they stand."""

    model: type[Model]
    fields: list[str]
    columns: list[int]
    key: int
    inside: list[tuple[Any, _Part]]

    def make(self, row: Row, known: dict[tuple[int, object], Model]) -> Model | None:
        """The instance; the same for the same key. None where an outer join found nothing."""
        at = (self.key, row[self.key])
        if at[1] is None:
            return None
        if at not in known:
            made = known[at] = self.model.from_db(connection.alias, self.fields, [row[n] for n in self.columns])
            for field, part in self.inside:
                field.set_cached_value(made, part.make(row, known))
        return known[at]


def _maker(model: type[Model], names: Iterable[str]) -> Callable[[list[Row]], Iterator[Any]]:
    """What makes instances of rows with these names of fields; what is no field is put on the instance as it is."""
    paths = [tuple(name.split("__")) for name in names]
    others = [(number, path[0]) for number, path in enumerate(paths) if not _is_field(model, path[0])]
    whole = _part(model, {path: number for number, path in enumerate(paths) if _is_field(model, path[0])})

    def make(rows: list[Row]) -> Iterator[Any]:
        known: dict[tuple[int, object], Model] = {}
        for row in rows:
            made = whole.make(row, known)
            for number, name in others:
                setattr(made, name, row[number])
            yield made

    return make


def _is_field(model: type[Model], name: str) -> bool:
    try:
        return name == "pk" or bool(model._meta.get_field(name))
    except FieldDoesNotExist:
        return False


def _part(model: type[Model], columns: dict[tuple[str, ...], int]) -> _Part:
    own = {path[0]: number for path, number in columns.items() if len(path) == 1}
    key = own.pop("pk")
    numbers = {model._meta.get_field(name).attname: number for name, number in own.items()}  # type: ignore[union-attr]
    numbers[model._meta.pk.attname] = key
    fields = [field.attname for field in model._meta.concrete_fields if field.attname in numbers]
    inside: dict[str, dict[tuple[str, ...], int]] = {}
    for path, number in columns.items():
        if len(path) > 1:
            inside.setdefault(path[0], {})[path[1:]] = number
    related = [(model._meta.get_field(name), more) for name, more in inside.items()]
    return _Part(
        model, fields, [numbers[field] for field in fields], key,
        [(field, _part(field.related_model, more)) for field, more in related],  # type: ignore[arg-type]
    )  # fmt: skip
