"""What this app itself knows of its people: the roles it keeps, and what it holds on each for "your data"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import QuerySet

from mailing.privacy import messages_to
from people.models import User
from people.roles import RoleLabel


def own_roles(users: Iterable[User]) -> dict[int, list[RoleLabel]]:
    """Programme staff and administrators. No query: the users say it themselves."""
    return {
        user.pk: [RoleLabel("Administrator" if user.is_superuser else "Programme staff")]
        for user in users
        if user.is_staff or user.is_superuser
    }


def staff() -> QuerySet[Any, Any]:
    """The programme staff, by primary key."""
    return User.objects.filter(is_staff=True).values("pk")


def administrators() -> QuerySet[Any, Any]:
    """The administrators, by primary key."""
    return User.objects.filter(is_superuser=True).values("pk")


def account_data(user: User) -> dict[str, object]:
    """The account, how its owner logs in, their invitations, and every email to them."""
    return {
        "Account": {
            "Name": user.full_name,
            "Email address": user.email,
            "Job title": user.job_title,
            "Organisation": str(user.organisation or ""),
            "ORCID iD": user.orcid,
            "Programme staff": user.is_staff,
            "Administrator": user.is_superuser,
            "Since": user.date_joined,
            "Last logged in": user.last_login,
        },
        "Email addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        "Second factors": list(Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")),
        "Where you are logged in": list(
            UserSession.objects.filter(user=user).values("ip", "user_agent", "created_at", "last_seen_at")
        ),
        "Invitations": [
            {
                "Role": invitation.role,
                "Sent": invitation.sent_at,
                "By": str(invitation.invited_by or ""),
                "Accepted": invitation.accepted_at,
            }
            for invitation in user.invitations.select_related("invited_by")
        ],
        "Emails to you": messages_to(user.email),
    }
