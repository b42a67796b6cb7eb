"""Events that repeat."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class EventSeries(models.Model):
    """What holds the dates of an event that repeats together. Each date is an event of its own, with its own page,
    registrations and calendar entry.
    """

    class Every(models.TextChoices):
        """How often."""

        WEEK = "week", "Every week"
        FORTNIGHT = "fortnight", "Every two weeks"
        MONTH_DAY = "month_day", "Every month, on the same day of the month"
        MONTH_WEEKDAY = "month_weekday", "Every month, on the same weekday of the month"

    every = models.CharField("how often", max_length=13, choices=Every.choices)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name_plural = "event series"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(every__in=["week", "fortnight", "month_day", "month_weekday"]),
                name="event_series_every_known",
            )
        ]

    def __str__(self) -> str:
        """How often, in short; on which day, its dates say."""
        return self.get_every_display().partition(",")[0]
