"""The navigation in the header: one table of entries, of which each person is shown those whose page they may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from studies.models import Study

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest

    from people.models import User

    Viewer = User | AnonymousUser
    Test = Callable[[Viewer], bool]


@dataclass(frozen=True)
class Entry:
    """A page in the navigation: its label, its URL name, and who is shown it."""

    label: str
    url_name: str
    shown_to: Test


@dataclass(frozen=True)
class Link:
    """An entry as one person sees it on one page."""

    label: str
    url: str
    is_current: bool


def everyone(user: Viewer) -> bool:
    """The page is public."""
    return True


def logged_in(user: Viewer) -> bool:
    """Anyone who has logged in."""
    return user.is_authenticated


def may(permission: str) -> Test:
    """Those with a permission that needs no particular row."""

    def test(user: Viewer) -> bool:
        return user.is_authenticated and user.has_perm(permission)

    return test


def sees_inside_a_study(user: Viewer) -> bool:
    """Those who may see at least one study from inside, and so the fellows there."""
    return user.is_authenticated and (user.is_staff or Study.objects.visible_to(user).exists())


ENTRIES = (
    Entry("Dashboard", "dashboard", logged_in),
    Entry("Waiting for you", "reviews:index", may("panels.see_reviews_waiting")),
    Entry("Studies", "table_1", everyone),
    Entry("Communities", "communities:index", everyone),
    Entry("Events", "events:index", everyone),
    Entry("Newsletters", "newsletters:index", everyone),
    Entry("Search", "search", everyone),
    Entry("Manage studies", "studies:manage", may("studies.manage_studies")),
    Entry("Fellows", "fellows:index", sees_inside_a_study),
    Entry("Panels", "panels:index", may("panels.see_panels")),
    Entry("People", "people:index", may("people.view_people")),
    Entry("Outbox", "mailing:outbox", may("mailing.view_outbox")),
    Entry("Report", "report", may("clahrc.view_report")),
)


def navigation_for(request: HttpRequest) -> list[Link]:
    """What the person who asks may see, the entry for this page (or for the part of the portal it is in) marked."""
    links = [(entry.label, reverse(entry.url_name)) for entry in ENTRIES if entry.shown_to(request.user)]
    here = [url for _, url in links if request.path.startswith(url)]
    current = max(here, key=len, default="")
    return [Link(label, url, url == current) for label, url in links]
