"""The demonstration's audiences: a newsletter to two communities, and two saved choices."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from communities.audiences import Choice
from communities.models import Community, Newsletter
from communities.services.audiences import keep_audience, save_audience
from people.models import User

#: Where people live or work; most do not say.
AREAS = ("", "", "Lacemarket", "", "Wolds County", "", "Peak Edge", "", "")


def for_two(newsletter: Newsletter, communities: list[Community], by: User) -> Newsletter:
    """A draft that goes to the members of its community and of the next: each person gets it once."""
    choice = Choice(communities=frozenset(community.pk for community in communities[:2]))
    return save_audience(newsletter=newsletter, version=newsletter.version, choice=choice, by=by)


def save_two(communities: list[Community], by: User) -> None:
    """Two choices to start from: one by how people are involved, one by when they joined."""
    theme = communities[0].study.theme
    by_experience = Choice(themes=frozenset([theme.pk]), involvement=("service_user", "carer"))
    keep_audience(name=f"Service users and carers: {theme.name}"[:80], choice=by_experience, by=by)
    new = Choice(
        communities=frozenset(community.pk for community in communities),
        joined_from=timezone.localdate() - dt.timedelta(days=180),
        also_agreed=("events",),
    )
    keep_audience(name="New associates who come to events", choice=new, by=by)
