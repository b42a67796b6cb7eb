"""Addresses of pages, of which Django puts each together once: a page has dozens, and its lists one for each row."""

from __future__ import annotations

from functools import lru_cache

from django.urls import get_script_prefix, reverse

_PLACE = "-slug-"


def address_of(url_name: str) -> str:
    """The address of a page that is about nothing in particular. Raises NoReverseMatch where there is no such page."""
    return _plain(url_name, get_script_prefix())


def slug_address(url_name: str, slug: str) -> str:
    """The address of the page about the thing with this slug, where its pattern takes the slug alone."""
    return _pattern(url_name, get_script_prefix()).replace(_PLACE, slug, 1)


@lru_cache(maxsize=1000)
def _plain(url_name: str, prefix: str) -> str:
    return reverse(url_name)


@lru_cache(maxsize=1000)
def _pattern(url_name: str, prefix: str) -> str:
    return reverse(url_name, args=[_PLACE])
