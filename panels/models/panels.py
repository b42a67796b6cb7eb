"""The panels, who sits on them, and what they ask."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from panels.querysets import PanelQuerySet, PanelSeatQuerySet, QuestionQuerySet
from people.models import Organisation
from studies.models import Loaded


class Panel(Loaded):
    """A panel that keeps studies relevant and sound."""

    class Kind(models.TextChoices):
        """The paper's three."""

        COMMISSIONER = "commissioner", "Commissioners"
        SERVICE_USER = "service_user", "Service users and carers"
        SCIENTIFIC = "scientific", "Scientific committee"

    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=15, choices=Kind.choices)
    name = models.CharField(max_length=150, unique=True)
    seats_for = models.TextField("who sits on it", blank=True)
    meets_when = models.CharField("when it looks at a study", max_length=200, blank=True)
    asks = models.TextField("what it asks", blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    objects = PanelQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["loaded"])

    class Meta:
        ordering: ClassVar = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The panel's page."""
        return reverse("panels:detail", args=[self.slug])


class PanelSeat(models.Model):
    """A person's place on a panel."""

    class Role(models.TextChoices):
        """The chair sees all reviews together."""

        MEMBER = "member", "Member"
        CHAIR = "chair", "Chair"

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="seats")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="panel_seats")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="panel_seats"
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    starts_on = models.DateField(default=timezone.localdate)
    ends_on = models.DateField(null=True, blank=True, help_text="The last day on the panel.")

    objects = PanelSeatQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["role", "user__full_name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["panel", "user"], condition=Q(ends_on=None), name="panel_seat_once"),
            models.UniqueConstraint(
                fields=["panel"], condition=Q(role="chair", ends_on=None), name="panel_one_chair_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="panel_seat_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.panel}"


class Question(models.Model):
    """Something the panel asks of every study. Members answer with a score that has words, or in writing.

    Once a cycle has asked it, its words stay: a reworded question is a new one that ``replaces`` it.
    """

    class Kind(models.TextChoices):
        """How it is answered."""

        SCORE = "score", "A score from 1 to 5"
        TEXT = "text", "In writing"

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SCORE)
    text = models.CharField(max_length=300)
    hint = models.CharField(max_length=500, blank=True)
    is_required = models.BooleanField(default=True)
    key = models.SlugField(
        max_length=40, blank=True, editable=False, help_text="Names a question that came with the portal."
    )
    replaces = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="replaced_by"
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = QuestionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(text=""), name="question_asks_something")]

    def __str__(self) -> str:
        return self.text

    @property
    def field_name(self) -> str:
        """What its field is called in the review form."""
        return f"question_{self.pk}"
