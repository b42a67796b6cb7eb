"""Events, and the emails that told people about them."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from communities.models.community import Community, new_key
from communities.models.series import EventSeries
from communities.querysets import EventQuerySet
from communities.words import span_words

#: With less time than this before an event no place is offered any more: nobody could answer.
OFFER_AT_LATEST = dt.timedelta(hours=1)
_MAP = "https://www.openstreetmap.org/search?"


class Event(models.Model):
    """A meeting, in person or online, for one community, several, or, without one, for everybody."""

    class Kind(models.TextChoices):
        """The kinds the paper names."""

        CONFERENCE = "conference", "Annual conference"
        ROADSHOW = "roadshow", "Roadshow"
        COMMUNITY = "community", "Community meeting"
        REGIONAL = "regional", "Regional meeting"
        STAKEHOLDER = "stakeholder", "Stakeholder event"

    class Status(models.TextChoices):
        """A draft is seen by staff alone."""

        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        CANCELLED = "cancelled", "Cancelled"

    slug = models.SlugField(max_length=120, unique=True)
    uid = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    community = models.ForeignKey(Community, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    also_for = models.ManyToManyField(
        Community,
        blank=True,
        related_name="+",
        help_text="Other communities that it is for; none where it is for everybody.",
    )
    series = models.ForeignKey(EventSeries, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(max_length=150)
    description = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    place = models.CharField(max_length=300, blank=True)
    online_url = models.URLField("link to join online", max_length=1000, blank=True)
    show_online_url = models.BooleanField("show the link to everyone", default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    cancelled_reason = models.CharField(max_length=300, blank=True)
    takes_registrations = models.BooleanField("people can register", default=False)
    capacity = models.PositiveIntegerField("number of places", null=True, blank=True)
    attended_count = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="How many came; kept when we no longer know who."
    )
    telling = models.CharField(
        max_length=12, blank=True, editable=False, help_text="What very many who registered are still being told of it."
    )
    telling_since = models.DateTimeField(null=True, blank=True, editable=False)
    telling_sequence = models.PositiveIntegerField(
        default=0, editable=False, help_text="The revision of which they are told."
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = EventQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=["updated_at", "telling", "telling_since", "telling_sequence"], m2m_fields=["also_for"]
    )

    class Meta:
        ordering: ClassVar = ["starts_at", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="event_ends_after_start",
                violation_error_message="The end must be after the start.",
            ),
            models.CheckConstraint(
                condition=~Q(place="") | ~Q(online_url=""),
                name="event_is_somewhere",
                violation_error_message="Enter a place, or a link to join online, or both.",
            ),
            models.CheckConstraint(
                condition=Q(capacity=None) | Q(capacity__gte=1),
                name="event_capacity_positive",
                violation_error_message="There must be at least 1 place.",
            ),
            models.CheckConstraint(
                condition=Q(telling="", telling_since=None)
                | Q(telling__in=["change", "cancellation"], telling_since__isnull=False),
                name="event_told_since",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its public page."""
        return reverse("events:detail", args=[self.slug])

    @property
    def also_for_keys(self) -> frozenset[int]:
        """The keys of the other communities that it is for."""
        return frozenset(community.pk for community in self.also_for.all())

    @property
    def communities(self) -> list[Community]:
        """Every community that it is for, its own first; none where it is for everybody."""
        return [self.community, *self.also_for.all()] if self.community else []

    @property
    def whose(self) -> str:
        """Whom it is for, in short: "Everybody", "Return to work", "Return to work and 2 others"."""
        others = len(self.also_for.all())
        if not self.community:
            return "Everybody"
        return f"{self.community} and {others} {'others' if others > 1 else 'other'}" if others else str(self.community)

    @property
    def is_draft(self) -> bool:
        """Whether only staff see it."""
        return self.status == self.Status.DRAFT

    @property
    def is_cancelled(self) -> bool:
        """Whether it will not take place."""
        return self.status == self.Status.CANCELLED

    @property
    def is_past(self) -> bool:
        """Whether it is over."""
        return self.ends_at <= timezone.now()

    @property
    def has_started(self) -> bool:
        """Whether it has begun."""
        return self.starts_at <= timezone.now()

    @property
    def offers_are_over(self) -> bool:
        """Whether it begins so soon, or has begun, that a place that becomes free is offered to nobody any more."""
        return self.starts_at - timezone.now() < OFFER_AT_LATEST

    @property
    def is_open_to_register(self) -> bool:
        """Whether anyone may register now, for a place or to wait for one."""
        return self.takes_registrations and self.status == self.Status.PUBLISHED and not self.has_started

    @property
    def link_needs_a_place(self) -> bool:
        """Whether only those with a place get the link to join online: people register, or did until it was closed."""
        return not self.show_online_url and (self.takes_registrations or self.registrations.exists())

    @property
    def map_url(self) -> str:
        """Where a map shows the place, for whoever presses it; empty for an event online."""
        return f"{_MAP}{urlencode({'query': self.place})}" if self.place else ""

    @property
    def when(self) -> str:
        """From when to when, in London's time and in words."""
        return span_words(self.starts_at, self.ends_at)


class EventPosting(models.Model):
    """One email about an event to those who asked: which, when, by whom. Each kind but a change goes out once.

    An email about several dates of a series is a posting of each of them, with one mailing.
    """

    class Kind(models.TextChoices):
        """What the email says."""

        ANNOUNCEMENT = "announcement", "The event is on"
        CHANGE = "change", "The time or place is another"
        CANCELLATION = "cancellation", "The event is off"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="postings")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    mailing = models.ForeignKey("mailing.Mailing", on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "kind"], condition=~Q(kind="change"), name="event_posting_once_per_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.event}"
