"""The provider's rate limit, shared by all workers through one row."""

from __future__ import annotations

import time

from django.db import connection

from mailing.models import Pace

_ROW = 1
#: Nobody reserves further ahead: a time beyond was written before the clock was put back.
_FURTHEST = 60.0


def reserve(*, count: int, rate: float) -> float:
    """Reserve the next ``count`` messages at ``rate`` a second; returns from when (seconds since 1970) they may go."""
    Pace.objects.get_or_create(pk=_ROW)
    now = time.time()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailing_pace
            SET next_at = CASE WHEN next_at > %s AND next_at < %s THEN next_at ELSE %s END + %s
            WHERE id = %s RETURNING next_at
            """,
            [now, now + _FURTHEST, now, count / rate, _ROW],
        )
        return float(cursor.fetchone()[0]) - count / rate
