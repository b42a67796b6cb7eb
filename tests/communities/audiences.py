"""Choosing whom a newsletter goes to: the page, what is chosen, what is filled in."""

from __future__ import annotations

from django.urls import reverse

from communities.audiences import Choice
from communities.models import Newsletter

#: As the page's script asks.
BY_SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


def url(newsletter: Newsletter, name: str = "audience") -> str:
    return reverse(f"newsletters:{name}", args=[newsletter.slug])


def of(*communities, **fields) -> Choice:
    return Choice(communities=frozenset(each.pk for each in communities), **fields)


def filled(newsletter: Newsletter, *communities, **fields) -> dict[str, object]:
    return {"version": newsletter.version, "communities": [each.slug for each in communities], **fields}
