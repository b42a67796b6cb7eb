"""Newsletters, and who left because of one or was left out of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from communities.models.associate import Associate
from communities.models.community import Community, new_key
from communities.querysets import NewsletterQuerySet


class Newsletter(models.Model):
    """A newsletter that staff write for a community; Celery sends it to those who asked and confirmed."""

    class Status(models.TextChoices):
        """Once sent it can no longer be edited; while it is scheduled, only after it is taken back.

        A template is never sent: others begin as copies of it.
        """

        TEMPLATE = "template", "Template"
        DRAFT = "draft", "Draft"
        SCHEDULED = "scheduled", "Scheduled"
        SENT = "sent", "Sent"

    slug = models.SlugField(max_length=120, unique=True)
    community = models.ForeignKey(Community, on_delete=models.PROTECT, related_name="newsletters")
    title = models.CharField(max_length=150)
    introduction = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)
    send_at = models.DateTimeField(null=True, blank=True, help_text="When it goes by itself, while it is scheduled.")
    scheduled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_version = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="The version that a second person approved."
    )
    approved_as = models.CharField(
        max_length=64, blank=True, editable=False, help_text="A digest of what its events and studies showed then."
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
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
                condition=Q(status__in=["template", "draft", "scheduled"], sent_at=None)
                | Q(status="sent", sent_at__isnull=False),
                name="newsletter_sent_when_sent",
            ),
            models.CheckConstraint(
                condition=Q(status="scheduled", send_at__isnull=False) | (~Q(status="scheduled") & Q(send_at=None)),
                name="newsletter_due_while_scheduled",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page in the public archive."""
        return reverse("newsletters:detail", args=[self.slug])

    @property
    def is_template(self) -> bool:
        """Whether it is there to be copied only."""
        return self.status == self.Status.TEMPLATE

    @property
    def is_approved(self) -> bool:
        """Whether a second person approved this version of it (``services.approval`` says whether that still holds)."""
        return self.approved_version == self.version

    @property
    def last_changed_by_id(self) -> int | None:
        """The key of whoever changed it last; of whoever began it, where nobody changed it since."""
        return self.updated_by_id or self.created_by_id

    @property
    def is_sent(self) -> bool:
        """Whether it has gone out and so can no longer change."""
        return self.status == self.Status.SENT

    @property
    def is_scheduled(self) -> bool:
        """Whether it goes by itself at ``send_at``."""
        return self.status == self.Status.SCHEDULED


class LeftOut(models.Model):
    """A member of the community whom a newsletter was not sent to, and why, as it was when it went."""

    class Reason(models.TextChoices):
        """The first of these that holds."""

        NO_CONSENT = "no_consent", "Has not agreed to newsletters"
        NOT_HERE = "not_here", "Has not asked for newsletters there"
        SUPPRESSED = "suppressed", "Their address takes no more mail"
        EXCLUDED = "excluded", "Left out of its audience by name"
        FILTERED = "filtered", "Not among those whom its audience was chosen for"

    # The index that keeps each member once begins with the newsletter: another would double the work of every row.
    newsletter = models.ForeignKey(Newsletter, on_delete=models.CASCADE, related_name="left_out", db_index=False)
    associate = models.ForeignKey(Associate, on_delete=models.CASCADE, related_name="left_out_of")
    reason = models.CharField(max_length=10, choices=Reason.choices)

    class Meta:
        ordering: ClassVar = ["associate__name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["newsletter", "associate"], name="left_out_once"),
        ]

    def __str__(self) -> str:
        return f"{self.associate}: {self.get_reason_display()}"


class Unsubscribe(models.Model):
    """Somebody stopped newsletters by the link in this one, or by its one-click header."""

    newsletter = models.ForeignKey(Newsletter, on_delete=models.CASCADE, related_name="unsubscribes")
    associate = models.ForeignKey(Associate, on_delete=models.CASCADE, related_name="unsubscribes")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["newsletter", "associate"], name="unsubscribe_once"),
        ]

    def __str__(self) -> str:
        return f"{self.associate}, by {self.newsletter}"


class NewsletterLink(models.Model):
    """An address that a newsletter leads to, and how often it was pressed: never by whom, nor when."""

    newsletter = models.ForeignKey(Newsletter, on_delete=models.CASCADE, related_name="links")
    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    address = models.CharField(max_length=500)
    presses = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-presses", "address"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["newsletter", "address"], name="newsletter_link_once"),
        ]

    def __str__(self) -> str:
        return self.address

    def get_absolute_url(self) -> str:
        """What counts a press and leads on."""
        return reverse("newsletters:follow", args=[self.key])
