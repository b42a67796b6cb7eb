"""Reads of posts and secondments that have a name."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q

from fellows.terms import latest_start
from people.dated import DatedQuerySet
from studies.querysets import is_public

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from fellows.models import FellowPost, Secondment
    from people.models import User


class SecondmentQuerySet(DatedQuerySet["Secondment"]):
    """Who was seconded, to which post, when."""

    def visible_to(self, user: User | AnonymousUser) -> SecondmentQuerySet:
        """Those on studies that the user may see from inside; a fellow also sees their own, past ones too.

        The name of a fellow is personal: nobody sees one without logging in.
        """
        from studies.models import Study

        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(post__study__in=Study.objects.visible_to(user)) | Q(fellow=user.pk))

    def in_post(self) -> SecondmentQuerySet:
        """Those that run today."""
        return self.today()

    def unnamed(self) -> SecondmentQuerySet:
        """Those whose fellow nobody has named yet."""
        return self.filter(fellow=None)

    def ending_by(self, day: dt.date, *, max_years: int) -> SecondmentQuerySet:
        """Those that run today and have their last day on or before ``day``.

        One without a last day is counted to its ``max_years`` (the programme's ``secondment_max_years``).
        """
        return self.in_post().filter(Q(ends_on__lte=day) | Q(ends_on=None, starts_on__lte=latest_start(day, max_years)))


class FellowPostQuerySet(models.QuerySet["FellowPost"]):
    """Places for fellows."""

    def visible_to(self, user: User | AnonymousUser) -> FellowPostQuerySet:
        """Posts of the studies that the user may see from inside."""
        from studies.models import Study

        if not user.is_authenticated:
            return self.none()
        return self.filter(study__in=Study.objects.visible_to(user))

    def open(self) -> FellowPostQuerySet:
        """Posts that have not been closed."""
        return self.filter(closed_on=None)

    def of_current_studies(self) -> FellowPostQuerySet:
        """Posts of studies that are neither archived nor given up."""
        return self.filter(is_public("study__"))

    def filled(self) -> FellowPostQuerySet:
        """Open posts with a fellow today."""
        return self.open().filter(self._has_secondment())

    def vacant(self) -> FellowPostQuerySet:
        """Open posts with nobody in them today."""
        return self.open().filter(~self._has_secondment())

    def unnamed(self) -> FellowPostQuerySet:
        """Open posts held today by somebody whose name has not been added."""
        return self.open().filter(self._has_secondment(fellow=None))

    def ending_by(self, day: dt.date, *, max_years: int) -> FellowPostQuerySet:
        """Open posts whose present secondment ends on or before ``day``; see ``SecondmentQuerySet.ending_by``."""
        from fellows.models import Secondment

        ending = Secondment.objects.ending_by(day, max_years=max_years)
        return self.open().filter(Exists(ending.filter(post=OuterRef("pk"))))

    def with_secondments(self) -> FellowPostQuerySet:
        """With study and theme, and every secondment with its fellow and partner: three queries, however many."""
        from fellows.models import Secondment

        secondments = Secondment.objects.select_related("fellow", "organisation")
        return self.select_related("study__theme").prefetch_related(Prefetch("secondments", queryset=secondments))

    @staticmethod
    def _has_secondment(**having: object) -> Exists:
        from fellows.models import Secondment

        return Exists(Secondment.objects.in_post().filter(post=OuterRef("pk"), **having))
