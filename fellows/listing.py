"""The list of posts: the states it can be filtered by, and how many posts are in each."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Q, QuerySet, Value
from django.utils import timezone

from fellows.models import FellowPost, Secondment
from fellows.querysets import FellowPostQuerySet
from fellows.terms import ENDING_SOON_MONTHS, months_later
from people.compiled import compiled, compiled_list
from people.models import User
from studies.models import Programme

#: What the list can be narrowed to, and how the page says it.
STATES = {
    "vacant": "Vacant",
    "ending": f"Ending within {ENDING_SOON_MONTHS} months",
    "unnamed": "Name not yet added",
}

_COUNTS = ("posts", "studies", "filled", "unnamed", "ending")


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


def _open_posts(user_pk: int, is_staff: bool) -> FellowPostQuerySet:
    """The open posts of current studies that a person may see from inside."""
    return FellowPost.objects.visible_to(User(pk=user_pk, is_staff=is_staff)).of_current_studies().open()


@compiled_list
def listed_posts(user_pk: int, is_staff: bool, state: str, max_years: int) -> QuerySet[FellowPost, tuple[Any, ...]]:
    """The posts of the list by study, with what it says of their studies."""
    found = posts_in_state(_open_posts(user_pk, is_staff), state, max_years=max_years)
    return found.order_by("study__theme__position", "study__position", "study__title", "number").values_list(
        "pk", "number", "closed_on",
        "study__pk", "study__slug", "study__acronym", "study__title", "study__theme__pk", "study__theme__name",
    )  # fmt: skip


def add_secondments(posts: list[FellowPost]) -> None:
    """Have the secondments of each post at hand, with their fellows and partners: one query, however many posts."""
    found: dict[int, list[Secondment]] = {post.pk: [] for post in posts}
    for secondment in _secondments(*found) if found else ():
        found[secondment.post_id].append(secondment)
    for post in posts:
        # Where Django keeps what was fetched beforehand.
        vars(post)["_prefetched_objects_cache"] = {"secondments": found[post.pk]}


@compiled_list
def _secondments(*posts: int) -> QuerySet[Secondment, tuple[Any, ...]]:
    return Secondment.objects.filter(post__in=posts).values_list(
        "pk", "post", "starts_on", "ends_on",
        "fellow__pk", "fellow__full_name", "fellow__email", "organisation__pk", "organisation__name",
    )  # fmt: skip


def counts(user_pk: int, is_staff: bool, max_years: int) -> dict[str, int]:
    """How many posts there are, and how many in each state, under ``posts``, ``filled`` and the names of ``STATES``."""
    rows = _counted(user_pk, is_staff, max_years) or [(0,) * len(_COUNTS)]
    found = dict(zip(_COUNTS, rows[0], strict=True))
    return {**found, "vacant": found["posts"] - found["filled"]}


@compiled
def _counted(user_pk: int, is_staff: bool, max_years: int) -> QuerySet[FellowPost, tuple[int, ...]]:
    present = Secondment.objects.in_post()
    posts = _open_posts(user_pk, is_staff).order_by().values(together=Value(1))
    counted = posts.annotate(
        posts=Count("pk"),
        studies=Count("study", distinct=True),
        filled=Count("pk", filter=Q(pk__in=present.values("post"))),
        unnamed=Count("pk", filter=Q(pk__in=present.unnamed().values("post"))),
        ending=Count("pk", filter=Q(pk__in=present.ending_by(soon(), max_years=max_years).values("post"))),
    )
    return counted.values_list(*_COUNTS)
