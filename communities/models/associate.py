"""People who joined, what they belong to and what they agreed to be sent."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from communities.models.community import Community, new_key
from communities.querysets import AssociateQuerySet, ConsentQuerySet, ListStopQuerySet, MembershipQuerySet


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
    UPDATES = "updates", "Monthly updates"


class Associate(models.Model):
    """Somebody who joined through the signup page and confirmed by email. Needs no login."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=150)
    involvement = models.CharField(max_length=15, choices=Involvement.choices)
    organisation = models.CharField(max_length=200, blank=True)
    area = models.CharField(max_length=60, blank=True, help_text="A town or county, if they like to say.")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="associate"
    )
    confirmed_at = models.DateTimeField(default=timezone.now)
    calendar_number = models.PositiveSmallIntegerField(
        default=1,
        help_text="Which address of their own calendar holds: they had a new one made that many times less one.",
    )

    objects = AssociateQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="associate_email_once")]

    def __str__(self) -> str:
        return self.name


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
    wants_updates = models.BooleanField(default=False)
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

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-given_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["associate", "purpose"], condition=Q(withdrawn_at=None), name="consent_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(wording=""), name="consent_has_wording"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.associate}"


class ListStop(models.Model):
    """What an associate stopped being sent by one community, in which words, when and how; and when they asked for it
    again. Consent is for a purpose, whichever communities they join, so it stands.
    """

    associate = models.ForeignKey(Associate, on_delete=models.CASCADE, related_name="list_stops")
    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    wording = models.TextField(help_text="What was stopped, as its list is called.")
    stopped_at = models.DateTimeField(default=timezone.now)
    stopped_by = models.CharField(max_length=60, help_text="The page or header used to stop it.")
    resumed_at = models.DateTimeField(null=True, blank=True)
    resumed_by = models.CharField(max_length=60, blank=True, help_text="The page where it was asked for again.")

    objects = ListStopQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-stopped_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["associate", "community", "purpose"],
                condition=Q(resumed_at=None),
                name="list_stop_once_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(wording=""), name="list_stop_has_wording"),
        ]

    def __str__(self) -> str:
        return f"{self.wording}: {self.associate}"
