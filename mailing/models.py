"""Every message as rows: a mailing is written once, a delivery goes to one recipient.

The words and the crash-proof order of writes are in docs/decisions/0007-emails-leave-by-one-door.md.
"""

from __future__ import annotations

import uuid
from email.utils import parseaddr
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from mailing.querysets import (
    BounceQuerySet,
    DeliveryQuerySet,
    LeaseQuerySet,
    MailingQuerySet,
    SuppressionQuerySet,
)


class Mailing(models.Model):
    """A message as it was written: subject, text, HTML and headers.

    In a bulk mailing ``{{name}}`` and ``{{token}}`` stand where recipients differ and are filled in as each message
    leaves. A transactional one is sent as it stands.
    """

    class Kind(models.TextChoices):
        """A person waits for a transactional message; a bulk one goes to all who asked for it."""

        TRANSACTIONAL = "transactional", "Transactional"
        BULK = "bulk", "Bulk"

    class Status(models.TextChoices):
        """What staff have said about sending it."""

        READY = "ready", "Ready to send"
        PAUSED = "paused", "Paused"
        CANCELLED = "cancelled", "Cancelled"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=15, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.READY)
    topic = models.CharField(max_length=60, help_text="What it is about, such as newsletter or login code.")
    list_key = models.CharField(
        max_length=120,
        blank=True,
        help_text="What it was asked for as, such as newsletter:3; unsubscribing goes by it.",
    )
    subject = models.CharField(max_length=500)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True)
    from_email = models.CharField(max_length=320)
    is_secret = models.BooleanField(default=False, help_text="It lets its reader in, so nobody else may read it.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    preparing_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when its list of recipients waits to be made; empty once it is."
    )
    body_dropped_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=255, blank=True, help_text="Why it paused itself; empty if people did.")
    watched_from = models.DateTimeField(
        null=True, blank=True, help_text="When somebody last resumed it: failures before that are forgiven."
    )

    objects = MailingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["kind", "status", "id"], name="mailing_kind_status"),
            models.Index(fields=["topic", "created_at"], name="mailing_topic"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_bulk(self) -> bool:
        """Whether it goes to a list of people who asked for it."""
        return self.kind == self.Kind.BULK

    @property
    def is_preparing(self) -> bool:
        """Whether its list of recipients is still to be made, and will be."""
        return self.preparing_since is not None and self.status != self.Status.CANCELLED

    @property
    def domain(self) -> str:
        """The sender's domain, which every Message-ID of this mailing ends with."""
        return parseaddr(self.from_email)[1].rpartition("@")[2] or "localhost"


class Attachment(models.Model):
    """A part that goes with a mailing's text, such as a calendar entry."""

    class Role(models.TextChoices):
        """Where the part sits in the message."""

        FILE = "file", "Attached file"
        ALTERNATIVE = "alternative", "Another form of the text"
        PART = "part", "A whole MIME part, headers and all"

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="attachments")
    role = models.CharField(max_length=11, choices=Role.choices, default=Role.FILE)
    filename = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=200)
    content = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.filename or self.content_type


class Lease(models.Model):
    """One worker's hold on a batch of deliveries.

    ``cursor`` is the delivery that is on the wire now: the batch goes in order of primary key, so whatever is below
    the cursor has left, whatever is above has not, and only the one at the cursor is in doubt when a worker dies.
    ``attention`` is raised by anybody who changes something that the worker must look at before its next message.
    """

    worker = models.CharField(max_length=120)
    mailing = models.ForeignKey(
        Mailing, on_delete=models.CASCADE, null=True, blank=True, related_name="leases", db_index=False
    )
    cursor = models.BigIntegerField(default=0)
    until = models.DateTimeField()
    attention = models.BooleanField(default=False)
    epoch = models.CharField(
        max_length=60,
        blank=True,
        help_text="Which run of the database wrote it: the cursor may be behind after a crash.",
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = LeaseQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.worker} until {self.until:%H:%M:%S}"


class Delivery(models.Model):
    """One mailing to one recipient: how far it got and what the mail server last said."""

    class Status(models.TextChoices):
        """How far it got."""

        QUEUED = "queued", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        DEFERRED = "deferred", "Will be tried again"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Not known"
        SKIPPED = "skipped", "Not sent"

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    recipient = models.EmailField()
    recipient_name = models.CharField(max_length=150, blank=True)
    subject_id = models.CharField(max_length=120, blank=True, help_text="Whom the caller knows the recipient as.")
    urgent = models.BooleanField(default=False, help_text="Goes before any bulk mail.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(
        null=True, blank=True, default=timezone.now, help_text="When it may go; empty unless it waits."
    )
    turn_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The turn that was reserved for it, where its domain's provider limits the rate.",
    )
    lease = models.ForeignKey(
        Lease, on_delete=models.DO_NOTHING, null=True, blank=True, related_name="deliveries", db_index=False
    )
    last_answer = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    first_tried_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it was withdrawn though a try had begun or ended: it is not tried again.",
    )
    is_to_forget = models.BooleanField(
        default=False, db_default=False, help_text="Whether its recipient asked to be erased while it was on its way."
    )

    objects = DeliveryQuerySet.as_manager()

    #: Those that a worker may take up.
    WAITING: ClassVar = (Status.QUEUED, Status.DEFERRED)
    #: Those whose end is not yet known to anybody.
    OPEN: ClassVar = (Status.QUEUED, Status.DEFERRED, Status.SENDING)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint("mailing", Lower("recipient"), name="delivery_once_per_recipient"),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "deferred"], due_at__isnull=False)
                | (~Q(status__in=["queued", "deferred"]) & Q(due_at__isnull=True)),
                name="delivery_due_while_it_waits",
            ),
            models.CheckConstraint(
                condition=Q(status="sending", lease__isnull=False) | (~Q(status="sending") & Q(lease__isnull=True)),
                name="delivery_leased_while_sending",
            ),
        ]
        # "due_at IS NOT NULL" rather than a list of states: SQLite, too, sees that ``due_at <= now`` implies it.
        indexes: ClassVar = [
            models.Index(fields=["mailing", "due_at", "id"], condition=Q(due_at__isnull=False), name="delivery_due"),
            models.Index(fields=["urgent", "due_at", "id"], condition=Q(due_at__isnull=False), name="delivery_next"),
            models.Index(fields=["lease", "id"], condition=Q(lease__isnull=False), name="delivery_leased"),
            models.Index(fields=["mailing", "status"], name="delivery_progress"),
            models.Index(Lower("recipient"), "id", name="delivery_recipient"),
            models.Index(fields=["settled_at"], condition=Q(settled_at__isnull=False), name="delivery_settled"),
            models.Index(fields=["id"], condition=Q(is_to_forget=True), name="delivery_to_forget"),
        ]

    def __str__(self) -> str:
        return f"{self.mailing} to {self.recipient}"

    @property
    def message_id(self) -> str:
        """The same at every attempt, so that a mail program shows a message that came twice only once."""
        return f"<{self.mailing.uid.hex}.{self.pk}@{self.mailing.domain}>"


class Pace(models.Model):
    """When the next message may leave, over all workers: one row, used where the provider limits the rate."""

    next_at = models.FloatField(default=0, help_text="Seconds since 1970.")

    def __str__(self) -> str:
        return f"next at {self.next_at:.3f}"


class DomainPace(models.Model):
    """When the next message to one provider's addresses may leave, over all workers."""

    domain = models.CharField(max_length=255, primary_key=True)
    next_at = models.FloatField(default=0, help_text="Seconds since 1970.")

    def __str__(self) -> str:
        return f"{self.domain}: next at {self.next_at:.3f}"


class Bounce(models.Model):
    """That a message was not delivered or not wanted: a server's refusal, or a report that came afterwards."""

    class Kind(models.TextChoices):
        """What the report says."""

        HARD = "hard", "Refused for good"
        SOFT = "soft", "Refused for now"
        BLOCKED = "blocked", "Refused because of the sender"
        COMPLAINT = "complaint", "Marked as spam"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"

    class Source(models.TextChoices):
        """Who told us."""

        MAILBOX = "mailbox", "The bounce mailbox"
        PROVIDER = "provider", "The email provider"
        SERVER = "server", "The mail server, when it was handed over"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, null=True, blank=True, related_name="bounces")
    email = models.EmailField(help_text="The address that the message was for.")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    source = models.CharField(max_length=8, choices=Source.choices)
    status_code = models.CharField(max_length=11, blank=True, help_text="The enhanced status code, such as 5.1.1.")
    diagnostic = models.CharField(max_length=500, blank=True, help_text="In the server's words.")
    received_at = models.DateTimeField(default=timezone.now)
    key = models.CharField(max_length=64, unique=True, help_text="The same whenever the same report is read again.")
    is_applied = models.BooleanField(default=True, help_text="Whether its delivery says so.")

    objects = BounceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-received_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["hard", "soft", "blocked", "complaint", "unsubscribed"]), name="bounce_kind"
            ),
            models.CheckConstraint(condition=Q(source__in=["mailbox", "provider", "server"]), name="bounce_source"),
        ]
        indexes: ClassVar = [
            models.Index(Lower("email"), "received_at", name="bounce_address"),
            models.Index(fields=["received_at"], name="bounce_received"),
            models.Index(fields=["id"], condition=Q(is_applied=False), name="bounce_to_apply"),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.get_kind_display()}"


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
        ordering: ClassVar = ["-since", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), condition=Q(lifted_at=None), name="suppression_once_at_a_time")
        ]

    def __str__(self) -> str:
        return self.email
