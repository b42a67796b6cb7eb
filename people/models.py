"""Users, the organisations they come from, and the invitations that bring them in."""

from __future__ import annotations

from typing import Any, ClassVar

import rules
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from people.querysets import InvitationQuerySet, OrganisationQuerySet, UserManager
from people.validators import validate_ods_code, validate_orcid, validate_ror_id


class Organisation(models.Model):
    """A partner organisation or any other body that people on the programme come from."""

    class Kind(models.TextChoices):
        """What sort of body it is."""

        NHS_PROVIDER = "nhs_provider", "NHS provider"
        COMMISSIONER = "commissioner", "Commissioner"
        LOCAL_AUTHORITY = "local_authority", "Local authority"
        UNIVERSITY = "university", "University"
        VOLUNTARY = "voluntary", "Voluntary sector"
        OTHER = "other", "Other"

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    ods_code = models.CharField("ODS code", max_length=10, blank=True, validators=[validate_ods_code])
    ror_id = models.CharField("ROR id", max_length=9, blank=True, validators=[validate_ror_id])
    is_partner = models.BooleanField("partner organisation", default=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="organisation_name_once"),
            models.UniqueConstraint(fields=["ods_code"], condition=~Q(ods_code=""), name="organisation_ods_once"),
            models.UniqueConstraint(fields=["ror_id"], condition=~Q(ror_id=""), name="organisation_ror_once"),
        ]

    def __str__(self) -> str:
        return self.name


class User(AbstractBaseUser, PermissionsMixin):
    """A person who can log in. The email address is the login name.

    Only two roles are kept here: programme staff (``is_staff``) and administrator (``is_superuser``). Every other
    role follows from where the person is: on a study, in a post, on a panel, in a community.
    """

    class State(models.TextChoices):
        """How far a person has come towards logging in (``UserQuerySet.with_state``)."""

        ACTIVE = "active", "Active"
        INVITED = "invited", "Invited"
        EXPIRED = "expired", "Invite expired"
        NOT_INVITED = "not_invited", "Not invited"
        DEACTIVATED = "deactivated", "Deactivated"
        CLOSED = "closed", "Account closed"

    email = models.EmailField(
        "email address", unique=True, error_messages={"unique": "Somebody already uses this address."}
    )
    full_name = models.CharField(max_length=150)
    job_title = models.CharField(max_length=150, blank=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="people"
    )
    orcid = models.CharField("ORCID iD", max_length=19, blank=True, validators=[validate_orcid])
    is_staff = models.BooleanField("programme staff", default=False)
    is_active = models.BooleanField("may log in", default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    deactivated_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    erased_at = models.DateTimeField(null=True, blank=True)

    state: str  #: one of ``State``, where ``UserQuerySet.with_state`` read it

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["full_name"]

    class Meta:
        ordering: ClassVar = ["full_name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"), name="user_email_once", violation_error_message="Somebody already uses this address."
            )
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether they may do this, to this object if one is named.

        Django lets an administrator do everything. Here an administrator too keeps the rules that an app has written
        down (``rules.add_perm``): nobody deactivates themselves, or reads a panel's reviews before their own is in.
        """
        if rules.perm_exists(perm):
            return self.is_active and bool(rules.has_perm(perm, self, obj))
        return super().has_perm(perm, obj)

    @property
    def has_joined(self) -> bool:
        """Whether they have a password or have logged in some other way; until then an invitation is due to them."""
        return self.last_login is not None or self.has_usable_password()

    def get_full_name(self) -> str:
        """The name as the person writes it."""
        return self.full_name

    def get_short_name(self) -> str:
        """The same: people are greeted by their whole name."""
        return self.full_name


class Invitation(models.Model):
    """A person asked by email to take up a role. The role itself is already theirs; this lets them log in."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=200, help_text="In words, as the email says it.")
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="invitations_made")
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-sent_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("sent_at")), name="invitation_lasts")
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role}"

    @property
    def is_open(self) -> bool:
        """Neither accepted nor withdrawn; maybe expired."""
        return self.accepted_at is None and self.withdrawn_at is None

    @property
    def has_expired(self) -> bool:
        """Open, but past its last day: sending it again makes a new link."""
        return self.is_open and self.expires_at <= timezone.now()
