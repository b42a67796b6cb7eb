"""Turning an audience into deliveries by one statement."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailing.models import Delivery, Mailing

_MANY = 1000
_COLUMNS = ("email", "name", "subject_id")


def insert_audience(*, mailing: Mailing, audience: QuerySet[Any, Any], due_at: dt.datetime | None = None) -> int:
    """Queue ``mailing`` for everybody in ``audience`` by one ``INSERT … SELECT``; returns how many were added.

    ``audience`` must yield ``values("email", "name", "subject_id")``. Addresses that are already on the mailing, come
    twice, or are suppressed, are left out: a second call adds only who is new.
    """
    people, params = audience.order_by().values(*_COLUMNS).query.sql_with_params()
    now = timezone.now()
    sql = f"""
        INSERT INTO mailing_delivery
            (mailing_id, recipient, recipient_name, subject_id, urgent, status, attempts, due_at, last_answer,
             created_at)
        WITH audience (email, name, subject_id) AS ({people})
        SELECT %s, TRIM(audience.email), SUBSTR(COALESCE(audience.name, ''), 1, 150),
               COALESCE(CAST(audience.subject_id AS VARCHAR(120)), ''), %s, %s, 0, %s, '', %s
        FROM audience
        WHERE TRIM(audience.email) <> '' AND NOT EXISTS (
            SELECT 1 FROM mailing_suppression
            WHERE mailing_suppression.lifted_at IS NULL
              AND LOWER(mailing_suppression.email) = LOWER(TRIM(audience.email))
        )
        ON CONFLICT DO NOTHING
    """  # noqa: S608 - the audience's own SQL, made by the ORM; every value is a parameter
    with connection.cursor() as cursor:
        due, created = (connection.ops.adapt_datetimefield_value(moment) for moment in (due_at or now, now))
        cursor.execute(sql, [*params, mailing.pk, False, Delivery.Status.QUEUED, due, created])
        added = int(cursor.rowcount)
    if added >= _MANY and connection.vendor == "postgresql":
        transaction.on_commit(_analyse, robust=True)
    return added


def _analyse() -> None:
    """Tell PostgreSQL how many rows there are now: until it knows, it plans each claim as if there were a handful."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mailing_delivery")
