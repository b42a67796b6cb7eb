"""What this app itself knows of its people: the roles it keeps, and what it holds on each for "your data"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.db.models import ForeignObjectRel, Q, QuerySet

from mailing.privacy import messages_to, trouble_with
from people.models import User
from people.roles import RoleLabel

#: Models of which ``account_data`` tells more.
_TOLD_ABOVE = (EmailAddress, Authenticator, UserSession)


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
        **trouble_with(user.email),
        "Records that carry your name": _records_with(user),
    }


def forget_in_admin(user: User) -> None:
    """Take a person's name and address out of the log of Django's admin, which keeps what each row was called when it
    was changed there. A second call finds none.
    """
    named = Q()
    for words in filter(None, (user.full_name, user.email)):
        named |= Q(object_repr__contains=words) | Q(change_message__contains=words)
    LogEntry.objects.filter(named).update(object_repr="Erased", change_message="")


def _records_with(user: User) -> list[dict[str, object]]:
    """What refers to a person, in any app: what it is, as what it names them, how many, and what they are called.

    Only titles are told, since names may be other people's. One query for each kind of reference there is.
    """
    found: list[dict[str, object]] = []
    for relation in User._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.field.model in _TOLD_ABOVE:
            continue
        field, model = relation.field, relation.field.model
        rows = model._base_manager.filter(**{field.name: user}).order_by("pk")
        title = next((each.name for each in model._meta.fields if each.name == "title"), None)
        is_history = model.__name__.startswith("Historical")
        if is_history and field.name != "history_user":
            continue  # what it was before: the record itself says what it is now
        names = list(rows.values_list(title, flat=True)) if title and not is_history else []
        if number := len(names) or rows.count():
            what = model._meta.verbose_name_plural
            as_what = "who changed it" if is_history else field.verbose_name
            found.append({"What": str(what), "As": str(as_what), "How many": number, "Titles": names})
    return found
