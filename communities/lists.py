"""The mailing lists that associates are on, and the headers by which mail programs know and leave them.

A list is named ``<purpose>/<community>/``, so that one prefix stands for all newsletters and another for one
community's. What goes to several communities at once has a list of its own, ``<purpose>/~<key of the issue>/``: a
slug never begins like that, so one community's prefix never means it.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

_TOKEN = "{{token}}"  # noqa: S105 - the mark that the mailing fills in for each recipient
_EVERYONE = "everyone"


def list_prefix(purpose: str, community_slug: str = "") -> str:
    """What the keys of these lists begin with."""
    return f"{purpose}/{community_slug}/" if community_slug else f"{purpose}/"


def list_key(purpose: str, community_slug: str = "") -> str:
    """The key of the list that a newsletter or an event posting goes to; without a community, everybody's."""
    return list_prefix(purpose, community_slug or _EVERYONE)


def several_prefix(purpose: str) -> str:
    """What the keys of all lists begin with that stand for one issue to several communities."""
    return f"{purpose}/~"


def several_key(purpose: str, issue: int) -> str:
    """The key of the list of one issue, by its primary key, that goes to several communities."""
    return f"{several_prefix(purpose)}{issue}/"


def issue_of(key: str) -> int:
    """The primary key of the issue whose ``several_key`` this is."""
    return int(key.partition("~")[2].rstrip("/"))


def link_with_token(name: str, **query: str) -> str:
    """The address of a page for each recipient, with the mark for their token in it (``communities:preferences``)."""
    path = reverse(f"communities:{name}", args=["TOKEN"]).replace("TOKEN", _TOKEN)
    return f"{settings.SITE_URL}{path}{'?' + urlencode(query) if query else ''}"


def list_query(purpose: str, community_slug: str = "", issue: int | None = None) -> dict[str, str]:
    """What the unsubscribe page is told of the list, and of the newsletter that led there (its key)."""
    community = {"community": community_slug} if community_slug else {}
    return {"list": purpose, **community, **({"issue": str(issue)} if issue else {})}


def unsubscribe_headers(purpose: str, community_slug: str = "", issue: int | None = None) -> dict[str, str]:
    """What a bulk message says about leaving its list by one click (RFC 2369 and RFC 8058)."""
    query = list_query(purpose, community_slug, issue)
    return {
        "List-Unsubscribe": f"<{link_with_token('unsubscribe', **query)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
