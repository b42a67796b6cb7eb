"""Reads of panels, cycles and reviews that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from panels.models import PanelSeat, Review, ReviewCycle


class PanelSeatQuerySet(models.QuerySet["PanelSeat"]):
    """Places on panels."""

    def current(self) -> PanelSeatQuerySet:
        """Those held today."""
        today = timezone.localdate()
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=today), starts_on__lte=today)


class ReviewCycleQuerySet(models.QuerySet["ReviewCycle"]):
    """Panels looking at studies."""

    def open(self) -> ReviewCycleQuerySet:
        """Those in which members still write."""
        return self.filter(status="open")


class ReviewQuerySet(models.QuerySet["Review"]):
    """What panel members record."""

    def waiting(self) -> ReviewQuerySet:
        """Those that a member still owes, in open cycles."""
        return self.filter(status__in=["assigned", "draft"], cycle__status="open")
