"""The list of posts: the states it can be filtered by, and how many posts are in each."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Q
from django.utils import timezone

from fellows.models import Secondment
from fellows.querysets import FellowPostQuerySet
from fellows.terms import ENDING_SOON_MONTHS, months_later
from studies.models import Programme

#: What the list can be narrowed to, and how the page says it.
STATES = {
    "vacant": "Vacant",
    "ending": f"Ending within {ENDING_SOON_MONTHS} months",
    "unnamed": "Name not yet added",
}


def programme_max_years() -> int:
    """The longest secondment of the programme, in years; the paper's five before a programme is loaded."""
    programme = Programme.objects.current()
    return programme.secondment_max_years if programme else 5


def soon() -> dt.date:
    """The day up to which a secondment counts as ending soon."""
    return months_later(timezone.localdate(), ENDING_SOON_MONTHS)


def posts_in_state(posts: FellowPostQuerySet, state: str, *, max_years: int) -> FellowPostQuerySet:
    """The posts in one of ``STATES``; all of them where the state is empty."""
    if state == "vacant":
        return posts.vacant()
    if state == "ending":
        return posts.ending_by(soon(), max_years=max_years)
    if state == "unnamed":
        return posts.unnamed()
    return posts


def counts(posts: FellowPostQuerySet, *, max_years: int) -> dict[str, int]:
    """How many posts there are, and how many in each state, under ``posts``, ``filled`` and the names of ``STATES``."""
    present = Secondment.objects.in_post()
    found: dict[str, int] = posts.open().aggregate(
        posts=Count("pk"),
        studies=Count("study", distinct=True),
        filled=Count("pk", filter=Q(pk__in=present.values("post"))),
        unnamed=Count("pk", filter=Q(pk__in=present.unnamed().values("post"))),
        ending=Count("pk", filter=Q(pk__in=present.ending_by(soon(), max_years=max_years).values("post"))),
    )
    return {**found, "vacant": found["posts"] - found["filled"]}
