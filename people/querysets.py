"""Reads of people and organisations that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from people.matching import with_words

if TYPE_CHECKING:
    from people.models import Invitation, Organisation, User


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Organisations."""

    def partners(self) -> OrganisationQuerySet:
        """Those that give the programme fellows, panel seats and matched funding."""
        return self.filter(is_partner=True)

    def matching(self, words: str) -> OrganisationQuerySet:
        """Those whose name, ODS code or ROR id contains each of these words, in any case."""
        return with_words(self, words, "name", "ods_code", "ror_id")


class UserQuerySet(models.QuerySet["User"]):
    """People who can log in, or could."""

    def active(self) -> UserQuerySet:
        """Those who may log in."""
        return self.filter(is_active=True)

    def programme_staff(self) -> UserQuerySet:
        """Programme staff who may log in, administrators among them (``rules.is_programme_staff`` in SQL)."""
        return self.active().filter(Q(is_staff=True) | Q(is_superuser=True))

    def administrators(self) -> UserQuerySet:
        """Administrators who may log in."""
        return self.active().filter(is_superuser=True)

    def joined(self) -> UserQuerySet:
        """Those who have a password or have logged in some other way (``User.has_joined`` in SQL)."""
        return self.filter(Q(last_login__isnull=False) | ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX))

    def visible_to(self, user: Any) -> UserQuerySet:
        """Programme staff see everybody; anyone else sees only themselves."""
        if user.is_active and user.is_staff:
            return self.all()
        return self.filter(pk=user.pk) if user.is_authenticated else self.none()

    def matching(self, words: str) -> UserQuerySet:
        """Those whose name, email address or organisation contains each of these words, in any case."""
        return with_words(self, words, "full_name", "email", "organisation__name")

    def with_state(self) -> UserQuerySet:
        """Each with ``state``, one of ``User.State``: how far they have come towards logging in, now."""
        from people.models import Invitation, User

        invitations = Invitation.objects.filter(user=OuterRef("pk"))
        joined = Q(last_login__isnull=False) | ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        return self.annotate(
            state=Case(
                When(erased_at__isnull=False, then=Value(User.State.CLOSED)),
                When(is_active=False, then=Value(User.State.DEACTIVATED)),
                When(joined, then=Value(User.State.ACTIVE)),
                When(Exists(invitations.usable()), then=Value(User.State.INVITED)),
                When(Exists(invitations.open()), then=Value(User.State.EXPIRED)),
                default=Value(User.State.NOT_INVITED),
                output_field=models.CharField(),
            )
        )


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations to log in."""

    def open(self) -> InvitationQuerySet:
        """Neither accepted nor withdrawn; maybe expired."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def usable(self) -> InvitationQuerySet:
        """Open and not expired: their link works now."""
        return self.open().filter(expires_at__gt=timezone.now())


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes users; the email address is the name they log in with, compared without regard to case."""

    def get_by_natural_key(self, username: str | None) -> User:
        """The user with this email address, however it is capitalised."""
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a user; without a password they can log in only after accepting an invitation."""
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make an administrator (``manage.py createsuperuser``), whose address counts as verified.

        The first one could not verify it otherwise where no email leaves the portal: only staff read the outbox.
        """
        from allauth.account.models import EmailAddress  # here, since it needs to know User

        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        EmailAddress.objects.create(user=user, email=user.email.lower(), verified=True, primary=True)
        return user
