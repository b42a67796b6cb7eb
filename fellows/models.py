"""Fellow posts, and the secondments that fill them."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from fellows.querysets import FellowPostQuerySet, SecondmentQuerySet
from fellows.terms import latest_end
from people.models import Organisation
from studies.models import Loaded, Study


class FellowPost(Loaded):
    """A study's place for a diffusion fellow: filled by a secondment, or vacant."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="fellow_posts")
    number = models.PositiveSmallIntegerField(help_text="1 for the study's first post.")
    closed_on = models.DateField(null=True, blank=True)

    objects = FellowPostQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["study", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["study", "number"], name="fellow_post_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="fellow_post_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.study.short_title}, post {self.number}"

    def get_absolute_url(self) -> str:
        """The fellows page of its study, at this post."""
        return f"{reverse('fellows:study', args=[self.study.slug])}#post-{self.number}"

    @property
    def present(self) -> Secondment | None:
        """The secondment that runs today. Reads ``secondments`` as they were fetched."""
        today = timezone.localdate()
        return next((each for each in self.secondments.all() if each.runs_on(today)), None)

    @property
    def to_come(self) -> list[Secondment]:
        """Secondments agreed but not begun, the next first."""
        return sorted((each for each in self.secondments.all() if each.is_to_come), key=lambda each: each.starts_on)

    @property
    def past(self) -> list[Secondment]:
        """Secondments that are over, the latest first."""
        return [each for each in self.secondments.all() if each.is_past]


class Secondment(Loaded):
    """One fellow in one post, from a day to a day. Without a fellow: in post, but nobody has entered their name yet."""

    post = models.ForeignKey(FellowPost, on_delete=models.PROTECT, related_name="secondments")
    fellow = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="secondments"
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="secondments"
    )
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The last day in post.")
    days_per_week = models.DecimalField(max_digits=2, decimal_places=1, default=1)
    matched_funding = models.DecimalField(
        "matched funding", max_digits=10, decimal_places=2, null=True, blank=True, help_text="Pounds a year."
    )
    ended_because = models.CharField(max_length=200, blank=True)

    objects = SecondmentQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["-starts_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="secondment_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(days_per_week__gt=0) & Q(days_per_week__lte=5), name="secondment_days_a_week"
            ),
            models.UniqueConstraint(fields=["post"], condition=Q(ends_on=None), name="secondment_one_open_per_post"),
        ]

    def __str__(self) -> str:
        return f"{self.fellow or 'Name to be added'} in {self.post}"

    def runs_on(self, day: dt.date) -> bool:
        """Whether the fellow is in the post on a day."""
        return self.starts_on <= day and (self.ends_on is None or self.ends_on >= day)

    @property
    def is_past(self) -> bool:
        """Its last day was before today."""
        return self.ends_on is not None and self.ends_on < timezone.localdate()

    @property
    def is_to_come(self) -> bool:
        """Begins after today."""
        return self.starts_on > timezone.localdate()

    def last_day(self, max_years: int) -> dt.date:
        """The last day in post: as agreed, otherwise the latest that the programme allows."""
        return self.ends_on or latest_end(self.starts_on, max_years)
