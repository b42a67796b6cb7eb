"""Walking through the portal as somebody would: what is on a page, and whether two pages are the same to look at."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser

from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.plugins.browser import settle

#: What makes a page look as it does; ids, addresses and words differ from row to row.
_LOOKS = ("class", "role", "type", "scope", "open", "hidden", "aria-current", "aria-invalid", "aria-expanded")


class Outline(HTMLParser):
    """A page's tags without its words, and where its links lead. Rows that are alike count once."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: dict[str, set[str]] = {"header": set(), "main": set()}
        self.links: list[str] = []
        self._path: list[str] = []
        self._in = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in self.parts:
            self._in = tag
        if tag == "a" and values.get("href") and "download" not in values:
            self.links.append(str(values["href"]))
        if self._in:
            look = [f"{name}={values[name]}" for name in _LOOKS if name in values]
            self._path.append(tag)
            self.parts[self._in].add("/".join(self._path[-3:]) + str(look))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._path:
            del self._path[len(self._path) - 1 - self._path[::-1].index(tag) :]
        if tag == self._in:
            self._in = ""

    def looks(self, part: str) -> str:
        """The same for two pages that differ in words only."""
        return hashlib.sha256("\n".join(sorted(self.parts[part])).encode()).hexdigest()


def name_of(path: str) -> str:
    """The name of the address, or an empty word for one that is not ours."""
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def html_of(client: Client, path: str) -> str:
    """The page at ``path``, or nothing where there is none, it is a file or an email, or it leads elsewhere."""
    response: HttpResponse = client.get(path)
    if response.streaming:
        response.close()
        return ""
    is_email = "sandbox" in response.get("Content-Security-Policy", "")
    is_page = response.status_code == 200 and response["Content-Type"].startswith("text/html") and not is_email
    return response.content.decode() if is_page else ""


def plain_path(href: str) -> str:
    """The path of a link within the portal; nothing for one that leads out, or to a place on the same page."""
    return re.split(r"[?#]", href)[0] if re.match(r"/(?!/)", href) else ""


def too_wide(page: Page, width: int) -> list[str]:
    """The line that says so where a page is wider than a window of ``width``, with the first thing that sticks out."""
    settle(page)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide <= width:
        return []
    sticks_out = page.evaluate(
        """width => [...document.querySelectorAll("body *")]
             .find(each => each.getBoundingClientRect().right > width + 1)?.outerHTML.slice(0, 160)""",
        width,
    )
    return [f"{page.url}: {wide} pixels wide in a window of {width}: {sticks_out}"]


def wrong_in_outline(page: Page, name: str) -> list[str]:
    """What a page lacks: its one heading, its language, its name."""
    found = page.evaluate(
        """() => ({
             headings: document.querySelectorAll("h1").length,
             language: document.documentElement.lang,
             title: document.title,
        })"""
    )
    wrong = []
    if found["headings"] != 1:
        wrong.append(f"{page.url} ({name}): {found['headings']} h1")
    if found["language"] != "en-GB":
        wrong.append(f"{page.url} ({name}): lang is {found['language']!r}")
    if not re.fullmatch(r"\S.* – \S.*", found["title"], re.DOTALL):
        wrong.append(f"{page.url} ({name}): title is {found['title']!r}")
    return wrong
