"""Newsletters."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from communities.models.community import Community
from communities.querysets import NewsletterQuerySet


class Newsletter(models.Model):
    """A newsletter that staff write for a community; Celery sends it to those who asked and confirmed."""

    class Status(models.TextChoices):
        """Once sent it can no longer be edited."""

        DRAFT = "draft", "Draft"
        SENT = "sent", "Sent"

    slug = models.SlugField(max_length=120, unique=True)
    community = models.ForeignKey(Community, on_delete=models.PROTECT, related_name="newsletters")
    title = models.CharField(max_length=150)
    introduction = models.CharField(max_length=300)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    mailing = models.OneToOneField(
        "mailing.Mailing", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = NewsletterQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["updated_at"])

    class Meta:
        ordering: ClassVar = ["-sent_at", "-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status="draft", sent_at=None) | Q(status="sent", sent_at__isnull=False),
                name="newsletter_sent_when_sent",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page in the public archive."""
        return reverse("newsletters:detail", args=[self.slug])

    @property
    def is_sent(self) -> bool:
        """Whether it has gone out and so can no longer change."""
        return self.status == self.Status.SENT
