"""Communities of practice, the associates who join them, what they agreed to, newsletters and events."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from communities.querysets import (
    AssociateQuerySet,
    CommunityQuerySet,
    EventQuerySet,
    MembershipQuerySet,
    NewsletterQuerySet,
)
from studies.models import ExistingNetwork, Loaded, Study


def new_key() -> str:
    """A name for a row that says nothing about it: 22 characters, 128 bits."""
    return secrets.token_urlsafe(16)


class Involvement(models.TextChoices):
    """How an associate is involved; the signup page asks."""

    SERVICE_USER = "service_user", "I use services"
    CARER = "carer", "I care for someone"
    CLINICIAN = "clinician", "I work in health or social care"
    COMMISSIONER = "commissioner", "I commission services"
    MANAGER = "manager", "I manage services"
    RESEARCHER = "researcher", "I do research"
    VOLUNTARY = "voluntary", "I work for a charity or community group"
    OTHER = "other", "Something else"


class Purpose(models.TextChoices):
    """What an associate may agree to be sent. Each is asked for by itself."""

    NEWSLETTERS = "newsletters", "Newsletters"
    EVENTS = "events", "Events"


class Community(Loaded):
    """The community of practice around one study."""

    class Stage(models.TextChoices):
        """On its way to needing the programme no more."""

        FORMING = "forming", "Forming"
        ACTIVE = "active", "Active"
        SELF_SUSTAINING = "self_sustaining", "Self-sustaining"
        MEMBER_LED = "member_led", "Member-led"

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="community")
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    ground_rules = models.TextField(blank=True)
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.FORMING)
    grew_from = models.ForeignKey(
        ExistingNetwork, on_delete=models.SET_NULL, null=True, blank=True, related_name="communities"
    )
    open_to_join = models.BooleanField(default=True)

    objects = CommunityQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["loaded"])

    class Meta:
        ordering: ClassVar = ["study__theme__position", "study__position", "name"]
        verbose_name_plural = "communities"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The community's public page."""
        return reverse("communities:detail", args=[self.slug])


class Associate(models.Model):
    """Somebody who joined through the signup page and confirmed by email. Needs no login."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=150)
    involvement = models.CharField(max_length=15, choices=Involvement.choices)
    organisation = models.CharField(max_length=200, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="associate"
    )
    confirmed_at = models.DateTimeField(default=timezone.now)

    objects = AssociateQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="associate_email_once")]

    def __str__(self) -> str:
        return self.name


class Signup(models.Model):
    """What somebody filled in on the signup page, until they confirm it by email or it expires."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=150)
    involvement = models.CharField(max_length=15, choices=Involvement.choices)
    organisation = models.CharField(max_length=200, blank=True)
    communities = models.ManyToManyField(Community, related_name="signups")
    agreed_to = models.JSONField(default=dict, blank=True, help_text="Purpose → the wording shown.")
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-made_at"]

    def __str__(self) -> str:
        return f"Signup of {self.made_at:%Y-%m-%d}"


class Membership(models.Model):
    """An associate in a community, and what of it they want to receive."""

    class Role(models.TextChoices):
        """A convenor looks after the community."""

        MEMBER = "member", "Member"
        CONVENOR = "convenor", "Convenor"

    associate = models.ForeignKey(Associate, on_delete=models.CASCADE, related_name="memberships")
    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    wants_newsletters = models.BooleanField(default=False)
    wants_events = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-joined_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["associate", "community"], condition=Q(left_at=None), name="membership_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(left_at__gte=F("joined_at")), name="membership_left_after_joining"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.associate} in {self.community}"


class Consent(models.Model):
    """What an associate agreed to, in which words, when, and when they took it back (UK GDPR article 7; PECR 22)."""

    associate = models.ForeignKey(Associate, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    wording = models.TextField()
    source = models.CharField(max_length=60, help_text="The page where it was given.")
    given_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=60, blank=True, help_text="The page or header used to take it back.")

    class Meta:
        ordering: ClassVar = ["-given_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["associate", "purpose"], condition=Q(withdrawn_at=None), name="consent_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.associate}"


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
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    mailing = models.OneToOneField(
        "mailing.Mailing", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = NewsletterQuerySet.as_manager()
    history = HistoricalRecords()

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


class Event(models.Model):
    """A meeting, in person or online, for one community or, without one, for everybody."""

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
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(max_length=150)
    description = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    place = models.CharField(max_length=300, blank=True)
    online_url = models.URLField("link to join online", blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    posted_at = models.DateTimeField(null=True, blank=True)
    mailing = models.OneToOneField(
        "mailing.Mailing", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = EventQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["starts_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="event_ends_after_start"),
            models.CheckConstraint(condition=~Q(place="") | ~Q(online_url=""), name="event_is_somewhere"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its public page."""
        return reverse("events:detail", args=[self.slug])
