"""Who may do what in the mailing app."""

from __future__ import annotations

import rules
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from mailing.models import Mailing
from mailing.transport import is_embedded


def shows_secrets() -> bool:
    """Whether login codes and the like may be read in the outbox.

    Only where nothing leaves this machine and the people are invented or the developer's own. Elsewhere whoever reads
    another's login code can act as them.
    """
    return is_embedded() and (settings.DEBUG or settings.DEMO)


@rules.predicate
def is_programme_staff(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Programme staff who may log in, administrators among them."""
    return bool(user.is_active and (getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)))


@rules.predicate
def is_readable(user: AbstractBaseUser | AnonymousUser, mailing: Mailing | None) -> bool:
    """The message lets nobody in, or this is a demonstration."""
    return mailing is None or not mailing.is_secret or shows_secrets()


rules.add_perm("mailing.view_outbox", is_programme_staff)
rules.add_perm("mailing.read_mailing", is_programme_staff & is_readable)
rules.add_perm("mailing.control_mailing", is_programme_staff)
rules.add_perm("mailing.view_bounces", is_programme_staff)
rules.add_perm("mailing.lift_suppression", is_programme_staff)
