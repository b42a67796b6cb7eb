"""Reads of rows that stand from a day to a day: a role on a study, a secondment, a seat on a panel."""

from __future__ import annotations

import datetime as dt
from typing import Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

_Row = TypeVar("_Row", bound=models.Model)


def stands_on(day: dt.date, path: str = "") -> Q:
    """A row that stands on a day; ``path`` leads to it from the rows that are asked for, such as ``seats__``."""
    open_end = Q(**{f"{path}ends_on": None}) | Q(**{f"{path}ends_on__gte": day})
    return Q(**{f"{path}starts_on__lte": day}) & open_end


class DatedQuerySet(models.QuerySet[_Row]):
    """Rows that stand from ``starts_on`` to ``ends_on``, both days included; without an end they go on."""

    def overlapping(self, starts_on: dt.date, ends_on: dt.date | None) -> Self:
        """Those that share at least one day with a span; None is a span without an end."""
        begun = self if ends_on is None else self.filter(starts_on__lte=ends_on)
        return begun.filter(Q(ends_on=None) | Q(ends_on__gte=starts_on))

    def on(self, day: dt.date) -> Self:
        """Those that stand on a day."""
        return self.filter(stands_on(day))

    def today(self) -> Self:
        """Those that stand today."""
        return self.on(timezone.localdate())

    def not_ended(self) -> Self:
        """Those that stand today or from a day to come."""
        return self.overlapping(timezone.localdate(), None)
