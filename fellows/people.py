"""What the people app shows of a person: the posts they hold, and what this app holds on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from fellows.models import Secondment
from people.models import User
from people.roles import RoleLabel


def labels_of(users: Iterable[User]) -> dict[int, list[RoleLabel]]:
    """The posts that each person holds today or will, in one query."""
    labels: dict[int, list[RoleLabel]] = {}
    held = Secondment.objects.not_ended().filter(fellow__in=[user.pk for user in users])
    for secondment in held.select_related("post__study").order_by("starts_on", "pk"):
        if secondment.fellow_id is not None:
            text = f"Diffusion fellow on {secondment.post.study.short_title}"
            labels.setdefault(secondment.fellow_id, []).append(RoleLabel(text, secondment.post.get_absolute_url()))
    return labels


def fellows() -> QuerySet[Any, Any]:
    """Everyone in post today."""
    return Secondment.objects.in_post().exclude(fellow=None).values("fellow")


#: The kind of role that the list of people can be filtered by.
KINDS = {"Diffusion fellow": fellows}


def what_we_hold_on(user: User) -> dict[str, object]:
    """Everything that this app holds on a person, for them to see and take."""
    held = Secondment.objects.filter(fellow=user).select_related("post__study", "organisation")
    return {
        "Secondments": [
            {
                "study": str(row.post.study),
                "post": row.post.number,
                "organisation": str(row.organisation or ""),
                "from": row.starts_on,
                "to": row.ends_on,
                "days a week": row.days_per_week,
                "matched funding, pounds a year": row.matched_funding,
                "ended because": row.ended_because,
            }
            for row in held.order_by("starts_on", "pk")
        ]
    }
