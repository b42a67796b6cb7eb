"""Many rows like one, by one statement, whatever columns there are."""

from __future__ import annotations

from django.db import connection
from django.db.models import Model


def copy(row: Model, numbers: range, **changes: str) -> None:
    """Copy ``row`` once for each of ``numbers``. ``changes`` are columns' values in SQL, where ``n`` is the number."""
    columns = [field.column for field in row._meta.concrete_fields if not field.primary_key and field.column]
    values = ", ".join(changes.get(column, f"source.{column}") for column in columns)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {values} FROM {table} AS source, generate_series(%s, %s) AS n WHERE source.id = %s",
            [numbers.start, numbers.stop - 1, row.pk],
        )
        cursor.execute(f"ANALYZE {table}")
