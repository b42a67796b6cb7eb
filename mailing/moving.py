"""Moving a lease's cursor to the next message: the one statement that each message costs, so it is kept lean."""

from __future__ import annotations

import datetime as dt
import weakref
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connections

_SQL = "UPDATE mailing_lease SET cursor = {}, until = {} WHERE id = {} AND NOT attention"
_ADVANCE = _SQL.format("%s", "%s", "%s")
_PREPARE = f"PREPARE mailing_advance (bigint, timestamptz, bigint) AS {_SQL.format('$1', '$2', '$3')}"
# Both in one round trip, which PostgreSQL takes as one transaction.
_NOT_WAITING = "SET LOCAL synchronous_commit TO OFF; "
#: That there is no such statement, or one already: something between shares out the server's connections.
_POOLED = frozenset({"26000", "42P05"})

#: The driver's connections in which PostgreSQL has planned the statement.
_prepared: weakref.WeakSet[Any] = weakref.WeakSet()
_prepares = True


def move(*, lease_id: int, pk: int, until: dt.datetime) -> bool:
    """Note that ``pk`` goes next and how long the lease lasts; False, and nothing changes, where its flag is raised or
    it is gone.
    """
    global _prepares
    db = connections[DEFAULT_DB_ALIAS]
    values = [pk, db.ops.adapt_datetimefield_value(until), lease_id]
    with db.cursor() as cursor:
        if db.vendor != "postgresql":
            cursor.execute(_ADVANCE, values)
        elif not _prepares:
            cursor.execute(_NOT_WAITING + _ADVANCE, values)
        else:
            try:
                if db.connection not in _prepared:
                    cursor.execute(_PREPARE)
                    _prepared.add(db.connection)
                cursor.execute(f"{_NOT_WAITING}EXECUTE mailing_advance (%s, %s, %s)", values)
            except Error as error:
                _prepares = getattr(error.__cause__, "pgcode", "") not in _POOLED
                if _prepares or db.in_atomic_block:
                    raise
                cursor.execute(_NOT_WAITING + _ADVANCE, values)
        return bool(cursor.rowcount == 1)
