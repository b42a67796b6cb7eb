"""The monthly update: what is new in each community, approved by those who look after it, one email for each person."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from simple_history.models import HistoricalRecords

from communities.models.associate import Associate
from communities.models.community import Community
from communities.update_querysets import MonthlyUpdateQuerySet, UpdateSectionQuerySet


class MonthlyUpdate(models.Model):
    """One month's update. It is open until it goes at ``closes_at``, or sooner if staff send it."""

    class Sending(models.TextChoices):
        """What staff have said about sending all of its emails; each can be stopped alone, too."""

        READY = "ready", "Ready to send"
        PAUSED = "paused", "Paused"
        CANCELLED = "cancelled", "Cancelled"

    month = models.DateField(unique=True, help_text="The first day of the month.")
    drafted_at = models.DateTimeField(default=timezone.now)
    closes_at = models.DateTimeField(help_text="When what is approved goes; what is not is left out.")
    reminded_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When those were reminded who had not decided."
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    preparing_since = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when the lists of those who get it wait to be made; empty once they are.",
    )
    prepared_upto = models.BigIntegerField(
        default=0, editable=False, help_text="The last associate (key) whom the lists have been made for."
    )
    sending = models.CharField(max_length=9, choices=Sending.choices, default=Sending.READY, editable=False)

    objects = MonthlyUpdateQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["prepared_upto"])

    class Meta:
        ordering: ClassVar = ["-month"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=False) | Q(preparing_since=None, sending="ready"),
                name="update_goes_once_closed",
            ),
            models.CheckConstraint(
                condition=~Q(sending="cancelled") | Q(preparing_since=None), name="update_cancelled_has_no_list_to_make"
            ),
        ]

    def __str__(self) -> str:
        return f"Monthly update of {self.month_words}"

    def get_absolute_url(self) -> str:
        """Its page, for those who approve it."""
        return reverse("updates:detail", args=[self.month.year, self.month.month])

    @property
    def month_words(self) -> str:
        """Such as March 2027."""
        return date_format(self.month, "F Y")

    @property
    def is_open(self) -> bool:
        """Whether it has not gone yet, so that its sections can be changed."""
        return self.closed_at is None

    @property
    def is_preparing(self) -> bool:
        """Whether lists of those who get it are still to be made."""
        return self.preparing_since is not None


class UpdateSection(models.Model):
    """What one community tells its members in one month's update."""

    class Status(models.TextChoices):
        """Only what is approved goes."""

        DRAFT = "draft", "Waiting for approval"
        APPROVED = "approved", "Approved"
        SKIPPED = "skipped", "Skipped"

    update = models.ForeignKey(MonthlyUpdate, on_delete=models.CASCADE, related_name="sections")
    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="update_sections")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    introduction = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True, help_text="When it was approved or skipped.")
    sent_back_words = models.TextField(blank=True, help_text="What is to be changed before it is approved.")
    sent_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    sent_back_at = models.DateTimeField(null=True, blank=True, help_text="When it was sent back with these words.")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = UpdateSectionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["update", "community__name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["update", "community"], name="update_section_once"),
            models.CheckConstraint(
                condition=Q(status="draft", decided_at=None)
                | Q(status__in=["approved", "skipped"], decided_at__isnull=False),
                name="update_section_decided_when_decided",
            ),
            models.CheckConstraint(
                condition=Q(sent_back_at=None, sent_back_words="")
                | (Q(status="draft", sent_back_at__isnull=False) & ~Q(sent_back_words="")),
                name="update_section_sent_back_with_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.community}, {self.update.month_words}"

    def get_absolute_url(self) -> str:
        """Where it is looked at, changed and approved."""
        return reverse("updates:section", args=[self.pk])

    @property
    def is_draft(self) -> bool:
        """Whether nobody has decided yet."""
        return self.status == self.Status.DRAFT

    @property
    def is_approved(self) -> bool:
        """Whether it goes, or has gone."""
        return self.status == self.Status.APPROVED

    @property
    def state(self) -> tuple[str, str]:
        """What has become of it: a status for its tag, and in words."""
        if self.status == self.Status.SKIPPED:
            return self.status, self.get_status_display()
        if self.update.is_open:
            if self.sent_back_at:
                return "sent_back", "Sent back"
            return ("waiting" if self.is_draft else self.status), self.get_status_display()
        return ("sent", "Sent") if self.is_approved else ("left", "Left out, not approved in time")


class UpdateEntry(models.Model):
    """One thing that is new, as it was when it was drafted.

    ``source`` says what it was made from, such as ``item:12``: nothing is drafted again once it has gone or was
    skipped.
    """

    class Kind(models.TextChoices):
        """In the order in which an update shows them."""

        EVENT = "event", "Coming up"
        NEWS = "news", "News"
        SAID_DID = "said_did", "You said, we did"
        STUDY = "study", "The study"
        INSIGHT = "insight", "Insight"
        RESOURCE = "resource", "Resource"
        NEWSLETTER = "newsletter", "Newsletter"

    section = models.ForeignKey(UpdateSection, on_delete=models.CASCADE, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=200)
    words = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField()
    included = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["section", "position", "pk"]
        verbose_name_plural = "update entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["section", "source"], name="update_entry_once"),
            models.CheckConstraint(condition=~Q(title=""), name="update_entry_has_title"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.title}"


class UpdateMailing(models.Model):
    """The email to everybody whose communities in this update are exactly these."""

    update = models.ForeignKey(MonthlyUpdate, on_delete=models.CASCADE, related_name="mailings")
    communities = models.ManyToManyField(Community, related_name="+")
    mailing = models.OneToOneField(
        "mailing.Mailing", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["update", "pk"]

    def __str__(self) -> str:
        return f"{self.update}, email {self.pk}"


class UpdateReceipt(models.Model):
    """An associate is sent a month's update, in this email: one for each person and month, whatever happens."""

    # The index that keeps each person once begins with the update, and serves for both.
    update = models.ForeignKey(MonthlyUpdate, on_delete=models.CASCADE, related_name="receipts", db_index=False)
    mailing = models.ForeignKey(UpdateMailing, on_delete=models.CASCADE, related_name="receipts")
    associate = models.ForeignKey(Associate, on_delete=models.CASCADE, related_name="update_receipts")

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["update", "associate"], name="update_receipt_once"),
        ]

    def __str__(self) -> str:
        return f"{self.update} to {self.associate}"


def month_of(day: dt.date) -> dt.date:
    """The first day of the month that a day is in: what an update is known by."""
    return day.replace(day=1)
