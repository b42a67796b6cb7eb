"""Searching lists for words: every word must stand in one field or another, in any case."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

#: Words that are looked for; more would have the database compare for minutes.
MOST_WORDS = 8
_Rows = TypeVar("_Rows", bound=QuerySet[Model, Model])


def words_in(text: str) -> list[str]:
    """The words of a search that are looked for."""
    return text.split()[:MOST_WORDS]


def stands_in(word: str, *fields: str) -> Q:
    """One of the fields has the word in it."""
    return Q.create([Q(**{f"{field}__icontains": word}) for field in fields], connector=Q.OR)


def with_words(rows: _Rows, text: str, *fields: str) -> _Rows:
    """Those of the rows in whose fields every word of the text stands; all of them where it has none."""
    for word in words_in(text):
        rows = rows.filter(stands_in(word, *fields))
    return rows
