"""Reading a page as a person does."""

from __future__ import annotations

from bs4 import BeautifulSoup
from django.http import HttpResponse


def words_of(response: HttpResponse) -> str:
    """Every word of the page, menus included, with one space between."""
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def main_words_of(response: HttpResponse) -> str:
    """Every word of what the page is about, with one space between."""
    main = BeautifulSoup(response.content, "html.parser").select_one("main")
    assert main
    return " ".join(main.get_text(" ").split())
