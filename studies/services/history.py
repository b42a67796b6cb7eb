"""Saves a row and says in its history who did it."""

from __future__ import annotations

from django.db import models

from people.models import User


def save_as(row: models.Model, by: User | None, reason: str = "") -> None:
    """Save a row that keeps its history. ``by`` is named there even where no web request is under way."""
    row._history_user = by  # type: ignore[attr-defined]
    row._change_reason = reason or None  # type: ignore[attr-defined]
    row.save()


def delete_as(row: models.Model, by: User | None) -> None:
    """Delete a row that keeps its history; what it said stays there."""
    row._history_user = by  # type: ignore[attr-defined]
    row.delete()
