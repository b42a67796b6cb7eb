"""What was said of a newsletter by those who approve it: who asked, approved or sent it back, when and why."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from communities.models.newsletter import Newsletter


class ApprovalStep(models.Model):
    """One thing that somebody did towards a newsletter's approval. Rows are added, never changed."""

    class Kind(models.TextChoices):
        """What they did."""

        ASKED = "asked", "Asked for approval"
        APPROVED = "approved", "Approved"
        SENT_BACK = "sent_back", "Sent back"

    newsletter = models.ForeignKey(Newsletter, on_delete=models.CASCADE, related_name="approval_steps")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    version = models.PositiveIntegerField(help_text="The newsletter's, as it was then.")
    words = models.TextField(blank=True, help_text="What is to be changed, or what whoever was asked should know.")
    asked = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(kind="sent_back") | ~Q(words=""), name="approval_step_sent_back_with_words"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.newsletter}"
