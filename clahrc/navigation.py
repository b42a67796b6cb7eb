"""The navigation in the header: one table of entries, of which each person is shown those whose page they may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, QuerySet

from communities.models import Community
from panels.models import PanelSeat, Review
from people.addresses import address_of
from people.compiled import compiled
from people.models import User
from people.rules import is_programme_staff
from studies.models import Study, Theme

if TYPE_CHECKING:
    from django.http import HttpRequest

    Viewer = User | AnonymousUser


@dataclass(frozen=True)
class Entry:
    """A page in the navigation: its label, its URL name, and who is shown it."""

    label: str
    url_name: str
    shown_to: Callable[[Standing], bool]


class Link(NamedTuple):
    """An entry as one person sees it on one page."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Standing:
    """What decides which entries a person is shown."""

    is_logged_in: bool = False
    is_staff: bool = False
    is_on_a_panel: bool = False
    was_asked_for_a_review: bool = False
    leads_a_theme: bool = False
    sees_inside_a_study: bool = False
    looks_after_a_community: bool = False


def standing_of(user: Viewer) -> Standing:
    """How a person stands today, in one query; none for somebody who is not logged in."""
    if not isinstance(user, User) or not user.is_active:
        return Standing()
    staff = is_programme_staff(user)
    [row] = _standing(user.pk, staff) or [(False,) * 5]
    return Standing(True, staff, *map(bool, row))


@compiled
def _standing(user_pk: int, is_staff: bool) -> QuerySet[User, tuple[bool, ...]]:
    """The last five of ``Standing``. Each is what the rules of its page ask; here they are asked together."""
    user = User(pk=user_pk, is_staff=is_staff)
    return User.objects.filter(pk=user_pk).values_list(
        Exists(PanelSeat.objects.current().filter(user=user_pk)),
        Exists(Review.objects.filter(member=user_pk)),
        Exists(Theme.objects.led_by(user)),
        Exists(Study.objects.visible_to(user)),
        Exists(Community.objects.convened_by(user)),
    )


ENTRIES = (
    Entry("Dashboard", "dashboard", lambda one: one.is_logged_in),
    Entry("Waiting for you", "reviews:index", lambda one: one.is_on_a_panel or one.was_asked_for_a_review),
    Entry("Studies", "table_1", lambda one: True),
    Entry("Communities", "communities:index", lambda one: True),
    Entry("Events", "events:index", lambda one: True),
    Entry("Newsletters", "newsletters:index", lambda one: True),
    Entry("Search", "search", lambda one: True),
    Entry("Manage studies", "studies:manage", lambda one: one.is_staff),
    Entry("Fellows", "fellows:index", lambda one: one.sees_inside_a_study or one.is_staff),
    Entry("Panels", "panels:index", lambda one: one.is_on_a_panel or one.is_staff),
    Entry("Monthly updates", "updates:index", lambda one: one.looks_after_a_community or one.is_staff),
    Entry("People", "people:index", lambda one: one.is_staff),
    Entry("Outbox", "mailing:outbox", lambda one: one.is_staff),
    Entry("Report", "report", lambda one: one.leads_a_theme or one.is_staff),
)


def navigation_for(request: HttpRequest) -> list[Link]:
    """What the person who asks may see, the entry for this page (or for the part of the portal it is in) marked."""
    # A request that fails early, such as one for another host, has no user yet, and its error page still has a menu.
    standing = standing_of(getattr(request, "user", AnonymousUser()))
    links = [(entry.label, address_of(entry.url_name)) for entry in ENTRIES if entry.shown_to(standing)]
    here = [url for _, url in links if request.path.startswith(url)]
    current = max(here, key=len, default="")
    return [Link(label, url, url == current) for label, url in links]
