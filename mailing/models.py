"""Every message as rows: a mailing is written once, a delivery goes to one recipient."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from mailing.querysets import DeliveryQuerySet, MailingQuerySet, SuppressionQuerySet


class Mailing(models.Model):
    """A message as it was written: subject, text, HTML and headers, with ``{{token}}`` where recipients differ."""

    class Kind(models.TextChoices):
        """A person waits for a transactional message; a bulk one goes to all who asked for it."""

        TRANSACTIONAL = "transactional", "Transactional"
        BULK = "bulk", "Bulk"

    class Status(models.TextChoices):
        """What staff have said about sending it."""

        READY = "ready", "Ready to send"
        PAUSED = "paused", "Paused"
        CANCELLED = "cancelled", "Cancelled"

    kind = models.CharField(max_length=15, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.READY)
    topic = models.CharField(max_length=60, help_text="What it is about, such as newsletter or login code.")
    subject = models.CharField(max_length=255)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True)
    from_email = models.CharField(max_length=255)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = MailingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.subject


class Attachment(models.Model):
    """A file that goes with a mailing, such as a calendar entry."""

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="attachments")
    filename = models.CharField(max_length=120)
    content_type = models.CharField(max_length=120)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.filename


class Delivery(models.Model):
    """One mailing to one recipient: their tokens, how far it got and what the mail server last said."""

    class Status(models.TextChoices):
        """How far it got."""

        QUEUED = "queued", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        DEFERRED = "deferred", "Will be tried again"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Not known"
        SKIPPED = "skipped", "Not sent"

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="deliveries")
    recipient = models.EmailField()
    recipient_name = models.CharField(max_length=150, blank=True)
    tokens = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(max_length=120)
    last_answer = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint("mailing", Lower("recipient"), name="delivery_once_per_recipient"),
            models.UniqueConstraint(fields=["message_id"], name="delivery_message_id_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(status__in=["queued", "deferred"]), name="delivery_due"),
            models.Index(fields=["leased_until"], condition=Q(status="sending"), name="delivery_leased"),
        ]

    def __str__(self) -> str:
        return f"{self.mailing} to {self.recipient}"


class Suppression(models.Model):
    """An address that takes no more bulk mail, and why. Staff may lift it."""

    email = models.EmailField()
    reason = models.CharField(max_length=255)
    since = models.DateTimeField(default=timezone.now)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-since"]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), condition=Q(lifted_at=None), name="suppression_once_at_a_time")
        ]

    def __str__(self) -> str:
        return self.email
