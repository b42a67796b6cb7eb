"""Who is a convenor or an associate, for the pages on people."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from communities.models import Membership
from people.models import User
from people.roles import RoleLabel


def roles_of(users: Iterable[User]) -> dict[int, list[RoleLabel]]:
    """Which communities each of these people looks after or belongs to, in one query."""
    found: dict[int, list[RoleLabel]] = {}
    memberships = (
        Membership.objects.current()
        .filter(associate__user__in=list(users))
        .select_related("associate", "community")
        .order_by("role", "community__name")
    )
    for membership in memberships:
        words = "Convenor of" if membership.role == Membership.Role.CONVENOR else "Associate in"
        label = RoleLabel(f"{words} {membership.community.name}", membership.community.get_absolute_url())
        found.setdefault(membership.associate.user_id or 0, []).append(label)
    return found


def convenors() -> QuerySet[Membership, int]:
    """The primary keys of the users who look after a community."""
    return _users(Membership.Role.CONVENOR)


def associates() -> QuerySet[Membership, int]:
    """The primary keys of the users who belong to a community."""
    return _users(*Membership.Role.values)


def _users(*roles: str) -> QuerySet[Membership, int]:
    return (
        Membership.objects.current()
        .filter(role__in=roles, associate__user__isnull=False)
        .values_list("associate__user", flat=True)
    )
