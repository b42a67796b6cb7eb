"""The panels, their members, the cycles in which they look at a study, and each member's review."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from panels.querysets import PanelSeatQuerySet, ReviewCycleQuerySet, ReviewQuerySet
from people.models import Organisation
from studies.models import Loaded, Study


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
    """Something the panel asks of every study. Members answer with a score that has words, or in writing."""

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
    retired_at = models.DateTimeField(null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.text


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
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    due_on = models.DateField()
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

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


class Review(models.Model):
    """One member's record in a cycle. Hidden from other members until theirs is in."""

    class Status(models.TextChoices):
        """How far the member got. A member with a conflict of interest does not review."""

        ASSIGNED = "assigned", "Not started"
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Submitted"
        CONFLICTED = "conflicted", "Conflict of interest"
        WITHDRAWN = "withdrawn", "No longer asked"

    class Recommendation(models.TextChoices):
        """What the member thinks the study should do."""

        PROCEED = "proceed", "Go ahead"
        MINOR = "minor", "Go ahead with small changes"
        MAJOR = "major", "Make larger changes and come back"
        STOP = "stop", "Do not go ahead"

    cycle = models.ForeignKey(ReviewCycle, on_delete=models.CASCADE, related_name="reviews")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ASSIGNED)
    recommendation = models.CharField(max_length=10, choices=Recommendation.choices, blank=True)
    comments_to_team = models.TextField(blank=True)
    confidential_comments = models.TextField(blank=True)
    conflict = models.TextField("conflict of interest", blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    assigned_at = models.DateTimeField(default=timezone.now)
    saved_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["cycle__due_on", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cycle", "member"], name="review_once_per_member"),
            models.CheckConstraint(
                condition=~Q(status="submitted") | (Q(submitted_at__isnull=False) & ~Q(recommendation="")),
                name="review_submitted_is_complete",
            ),
            models.CheckConstraint(
                condition=~Q(status="conflicted") | ~Q(conflict=""), name="review_conflict_is_described"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} on {self.cycle}"

    def get_absolute_url(self) -> str:
        """Where its member writes it."""
        return reverse("reviews:edit", args=[self.pk])


class Answer(models.Model):
    """A member's answer to one of the panel's questions."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["question__position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["review", "question"], name="answer_once_per_question"),
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__gte=1, score__lte=5), name="answer_score_one_to_five"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question}: {self.score or self.text[:40]}"
