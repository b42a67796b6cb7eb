"""Reads of people and organisations that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager
from django.db import models

if TYPE_CHECKING:
    from people.models import Organisation, User


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Organisations."""

    def partners(self) -> OrganisationQuerySet:
        """Those that give the programme fellows, panel seats and matched funding."""
        return self.filter(is_partner=True)


class UserQuerySet(models.QuerySet["User"]):
    """People who can log in, or could."""

    def active(self) -> UserQuerySet:
        """Those who may log in."""
        return self.filter(is_active=True)

    def programme_staff(self) -> UserQuerySet:
        """Programme staff who may log in."""
        return self.active().filter(is_staff=True)


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
        """Make an administrator (``manage.py createsuperuser``)."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
