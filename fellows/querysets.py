"""Reads of posts and secondments that have a name."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from fellows.models import FellowPost, Secondment


class SecondmentQuerySet(models.QuerySet["Secondment"]):
    """Who was seconded, to which post, when."""

    def on(self, day: dt.date) -> SecondmentQuerySet:
        """Those that run on a day."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)

    def in_post(self) -> SecondmentQuerySet:
        """Those that run today."""
        return self.on(timezone.localdate())


class FellowPostQuerySet(models.QuerySet["FellowPost"]):
    """Places for fellows."""

    def open(self) -> FellowPostQuerySet:
        """Posts that have not been closed."""
        return self.filter(closed_on=None)

    def filled(self) -> FellowPostQuerySet:
        """Open posts with a fellow today."""
        from fellows.models import Secondment

        return self.open().filter(models.Exists(Secondment.objects.in_post().filter(post=models.OuterRef("pk"))))

    def vacant(self) -> FellowPostQuerySet:
        """Open posts with nobody in them today."""
        from fellows.models import Secondment

        return self.open().filter(~models.Exists(Secondment.objects.in_post().filter(post=models.OuterRef("pk"))))
