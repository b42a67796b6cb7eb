"""Table 1 in a browser: side by side where there is room, theme by theme on a phone, and one order to read it in."""

from __future__ import annotations

import pytest
from django.urls import reverse

from studies.models import Study, Theme
from tests.plugins.browser import settle

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def two_themes(theme):
    memory = Theme.objects.create(slug="memory", name="Memory", kind="research", position=theme.position + 1)
    for position, (title, each) in enumerate({"One": theme, "Two": memory, "Three": theme}.items()):
        Study.objects.create(slug=title.lower(), title=title, theme=each, position=position)


def places(page, site) -> list[tuple[str, float, float]]:
    """Each theme and study in the order of the document, with where it stands."""
    page.goto(f"{site}{reverse('table_1')}")
    settle(page)
    links = page.locator(".app-table-1 th a, .app-table-1__title")
    boxes = [link.bounding_box() for link in links.all()]
    return [(name, box["x"], box["y"]) for name, box in zip(links.all_inner_texts(), boxes, strict=True)]


def test_table_1_when_on_a_phone_then_each_theme_is_followed_by_its_studies(phone_page, site, two_themes, theme):
    found = places(phone_page, site)
    assert [name for name, _, _ in found] == [theme.name, "One", "Three", "Memory", "Two"]
    assert [y for _, _, y in found] == sorted(y for _, _, y in found)


def test_table_1_when_at_a_desk_then_themes_are_columns_and_their_studies_level(page, site, two_themes):
    found = {name: (x, y) for name, x, y in places(page, site)}
    assert found["Two"][0] > found["One"][0] == found["Three"][0]
    assert found["One"][1] == found["Two"][1] < found["Three"][1]
