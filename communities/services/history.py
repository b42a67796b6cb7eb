"""Keeps lists of other rows, such as an event's further communities, in the history of the row that has them."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models

from people.models import User
from studies.services.history import save_as


def save_with_lists(row: models.Model, by: User | None, **lists: Collection[int]) -> None:
    """Save a row together with its many-to-many fields (name → keys), as one change in its history.

    What is new has its first line in the history before it has lists, so there it is two.
    """
    if row.pk is None:
        save_as(row, by)
    row.skip_history_when_saving = True  # type: ignore[attr-defined]  # else each list is a change of its own
    for name, keys in lists.items():
        getattr(row, name).set(keys)
    del row.skip_history_when_saving  # type: ignore[attr-defined]
    save_as(row, by)
