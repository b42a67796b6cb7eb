"""Questions that pages ask over and over, put into SQL once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone


def compiled(question: Callable[..., QuerySet[Any, Any]]) -> Callable[..., list[tuple[Any, ...]]]:
    """Ask a ``values_list()`` of numbers and truths; Django writes its SQL once a day for each set of arguments.

    For questions on every page, which Django takes several times as long to put into SQL as the database to answer.
    The SQL alone is kept, never an answer, so what it says must depend on nothing but the arguments and today's date.
    Rows come as the database gives them: no dates, no JSON.
    """

    @lru_cache(maxsize=1000)
    def sql(today: dt.date, *args: object) -> tuple[str, tuple[Any, ...]]:
        return question(*args).query.sql_with_params()

    @wraps(question)
    def ask(*args: object) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(*sql(timezone.localdate(), *args))
            return list(cursor.fetchall())

    return ask
