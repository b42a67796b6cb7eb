"""What each panel member records in a cycle."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from panels.models.cycles import ReviewCycle
from panels.models.panels import Question
from panels.querysets import ReviewQuerySet


class Review(models.Model):
    """One member's record in a cycle. Hidden from other members until theirs is in."""

    class Status(models.TextChoices):
        """How far the member got. Whoever has a conflict of interest, or says that they cannot, does not review."""

        ASSIGNED = "assigned", "Not started"
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Submitted"
        CONFLICTED = "conflicted", "Conflict of interest"
        DECLINED = "declined", "Cannot review"
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
    declined = models.TextField("why they cannot review", blank=True)
    longer_until = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="Until when the member asks for time; empty once it is answered.",
    )
    longer_words = models.TextField("why they need longer", blank=True)
    no_conflict_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the member said that they have none."
    )
    is_peer = models.BooleanField(
        "peer subject reviewer", default=False, help_text="Asked for this study only, without a seat on the panel."
    )
    released_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the comments went to the study team, without a name."
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    saved_from = models.CharField(
        max_length=32, blank=True, editable=False, help_text="The page, by its own random name, that saved it last."
    )
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
            models.CheckConstraint(
                condition=~Q(status="declined") | ~Q(declined=""), name="review_declined_is_described"
            ),
            models.CheckConstraint(
                condition=Q(longer_until__isnull=False) | Q(longer_words=""), name="review_longer_until_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} on {self.cycle}"

    def get_absolute_url(self) -> str:
        """Where its member writes it."""
        return reverse("reviews:edit", args=[self.pk])

    @property
    def is_waiting(self) -> bool:
        """The member has yet to send it, and still can."""
        return self.status in (self.Status.ASSIGNED, self.Status.DRAFT) and self.cycle.is_open

    @property
    def is_submitted(self) -> bool:
        """It is in."""
        return self.status == self.Status.SUBMITTED


class ReviewVersion(models.Model):
    """A review as it stood at one moment: each time it was sent in, and a change that the cycle's close cut short.

    Never changed and never deleted by hand, so that what a member once sent can always be shown.
    """

    class Kind(models.TextChoices):
        """Which moment it was."""

        SENT = "sent", "Sent"
        UNFINISHED = "unfinished", "Not finished when reviews closed"

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="versions")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    content = models.JSONField(help_text="What services.reviews.content_of makes of a review.")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["made_at", "pk"]

    def __str__(self) -> str:
        return f"{self.review}: {self.get_kind_display()}"


class ReviewReminder(models.Model):
    """A reminder that was sent. One of each kind for each due date, however often the task runs; by hand, more."""

    class Kind(models.TextChoices):
        """When it is sent."""

        SOON = "soon", "Due within seven days"
        OVERDUE = "overdue", "Overdue"
        BY_HAND = "by_hand", "By hand"

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    due_on = models.DateField()
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    sent_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-sent_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["review", "kind", "due_on"], condition=~Q(kind="by_hand"), name="review_reminded_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.review}"


class Answer(models.Model):
    """A member's answer to one of the panel's questions."""

    class Score(models.IntegerChoices):
        """Each score has words, which are what members choose by."""

        NOT_AT_ALL = 1, "Not at all"
        LITTLE = 2, "A little"
        PARTLY = 3, "Partly"
        MOSTLY = 4, "Mostly"
        FULLY = 5, "Fully"

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    score = models.PositiveSmallIntegerField(choices=Score.choices, null=True, blank=True)
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
