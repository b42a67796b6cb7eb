"""The cycles in which a panel looks at a study, what it decided, and what the study must then do."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from panels.models.panels import Panel, Question
from panels.querysets import ConditionQuerySet, DecisionQuerySet, ReviewCycleQuerySet
from studies.models import Study, Suggestion


class ReviewCycle(models.Model):
    """One panel looking at one study for one reason."""

    class Reason(models.TextChoices):
        """Why the panel looks at the study now."""

        PROTOCOL = "protocol", "Relevance of the protocol"
        SERVICE_USER = "service_user", "Service user and carer review"
        ANNUAL = "annual", "Annual scientific review"

    class Status(models.TextChoices):
        """Members write while it is open."""

        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="cycles")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="review_cycles")
    reason = models.CharField(max_length=15, choices=Reason.choices)
    note = models.TextField("note to the reviewers", blank=True)
    questions = models.ManyToManyField(
        Question, related_name="cycles", help_text="What the panel asked when the cycle was opened."
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    due_on = models.DateField()
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the chair was told that every review is in."
    )

    objects = ReviewCycleQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["-opened_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["panel", "study", "reason"], condition=Q(status="open"), name="review_cycle_one_open"
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None) | Q(status="closed", closed_at__isnull=False),
                name="review_cycle_closed_when_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.panel}: {self.study.short_title}"

    def get_absolute_url(self) -> str:
        """The cycle's page, for staff and the chair."""
        return reverse("panels:cycle_detail", args=[self.panel.slug, self.pk])

    @property
    def is_open(self) -> bool:
        """Members still write."""
        return self.status == self.Status.OPEN

    @property
    def is_overdue(self) -> bool:
        """Open after the day on which reviews were due."""
        return self.is_open and self.due_on < timezone.localdate()


class Decision(models.Model):
    """What the panel concluded. There is one a cycle, and recording it closes the cycle."""

    class Outcome(models.TextChoices):
        """What it means for the study."""

        AGREED = "agreed", "Agreed"
        CONDITIONS = "conditions", "Agreed, with conditions"
        REVISE = "revise", "Change it and come back"
        NOT_AGREED = "not_agreed", "Not agreed"

    cycle = models.OneToOneField(ReviewCycle, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    reasons = models.TextField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = DecisionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["-recorded_at", "-pk"]
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(reasons=""), name="decision_has_reasons")]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.cycle}"

    def get_absolute_url(self) -> str:
        """The decision as the study team sees it."""
        return reverse("panels:decision", args=[self.pk])


class Condition(models.Model):
    """Something the study must do because of a decision. It is also in the study's co-production ledger."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="conditions")
    position = models.PositiveSmallIntegerField(default=0)
    text = models.TextField()
    suggestion = models.ForeignKey(
        Suggestion, on_delete=models.SET_NULL, null=True, editable=False, related_name="panel_conditions"
    )
    met_at = models.DateTimeField(null=True, blank=True)
    met_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    met_note = models.TextField("how it was met", blank=True)

    objects = ConditionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(text=""), name="condition_says_something"),
            models.CheckConstraint(
                condition=Q(met_at__isnull=False) | Q(met_by=None, met_note=""), name="condition_met_by_when_met"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def is_met(self) -> bool:
        """The panel is satisfied."""
        return self.met_at is not None
