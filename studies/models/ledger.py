"""The co-production ledger: what people asked a study to change, and what it changed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from studies.models.study import Study
from studies.querysets import SuggestionQuerySet


class Suggestion(models.Model):
    """What somebody asked a study to change, wherever it came from."""

    class Source(models.TextChoices):
        """Where it came from."""

        CONSULTATION = "consultation", "Consultation"
        PANEL = "panel", "Panel"
        COMMUNITY = "community", "Community of practice"
        FELLOW = "fellow", "Diffusion fellow"
        STEERING = "steering", "Steering committee"

    class Status(models.TextChoices):
        """What the study team made of it."""

        OPEN = "open", "Waiting for an answer"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Not taken up"
        DONE = "done", "Done"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="suggestions")
    source = models.CharField(max_length=15, choices=Source.choices)
    source_detail = models.CharField(max_length=200, blank=True, help_text="Such as the panel's name.")
    text = models.TextField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    made_on = models.DateField(default=timezone.localdate)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = SuggestionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["-made_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(text=""), name="suggestion_says_something"),
            models.CheckConstraint(condition=~Q(status="declined", answer=""), name="suggestion_declined_with_answer"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Amendment(models.Model):
    """What the study changed because of suggestions: "you said, we did"."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="amendments")
    suggestions = models.ManyToManyField(Suggestion, related_name="amendments")
    text = models.TextField()
    made_on = models.DateField(default=timezone.localdate)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["-made_on", "-pk"]

    def __str__(self) -> str:
        return self.text[:80]
