"""Which roles people hold through the panels app, for people pages and the account menu."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from panels.models import PanelSeat, Review, ReviewCycle
from people.models import User
from people.roles import RoleLabel


def panel_roles(users: Iterable[User]) -> dict[int, list[RoleLabel]]:
    """The seats held today, and studies that somebody without a seat was asked to review. Two queries."""
    pks = [user.pk for user in users]
    roles: dict[int, list[RoleLabel]] = {}
    for seat in PanelSeat.objects.current().filter(user__in=pks).select_related("panel"):
        label = RoleLabel(f"{seat.get_role_display()} of the {seat.panel.name}", seat.panel.get_absolute_url())
        roles.setdefault(seat.user_id, []).append(label)
    peers = Review.objects.filter(member__in=pks, is_peer=True, cycle__status=ReviewCycle.Status.OPEN)
    for review in peers.exclude(status__in=[Review.Status.WITHDRAWN, Review.Status.DECLINED]).select_related(
        "cycle__study"
    ):
        # No link: only the reviewer may open a review.
        roles.setdefault(review.member_id, []).append(RoleLabel(f"Peer reviewer of {review.cycle.study.short_title}"))
    return roles


def members() -> QuerySet[Any, Any]:
    """Whoever sits on a panel today."""
    return PanelSeat.objects.current().values("user")


def studies_to_read(user: User) -> QuerySet[Any, Any]:
    """Studies whose inside the person may read: those that they are asked to review, while reviews are open."""
    return Review.objects.asked_for().filter(member=user, cycle__status=ReviewCycle.Status.OPEN).values("cycle__study")
