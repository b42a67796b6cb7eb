"""Template tags of the shell's own pages."""

from __future__ import annotations

from urllib.parse import urlencode

from django import template

register = template.Library()


@register.simple_tag
def search_for(query: str, kind: str = "") -> str:
    """The query string of a search for some words, in one kind or in everything."""
    return "?" + urlencode({"q": query, **({"kind": kind} if kind else {})})
