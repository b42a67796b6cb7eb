"""The home page's drawing of the themes in a browser: beams across the pillars, and on nobody's name."""

from __future__ import annotations

import pytest
from django.urls import reverse

from studies.models import Theme
from tests.plugins.browser import settle

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LONG = "Equitable organisation of integrated services for people with several long-term conditions"
WIDE, NARROW, PHONE = 1280, 800, 375


def pillars(number: int) -> None:
    """So many research themes, the last with a name of many words, and three implementation themes."""
    for position in range(number):
        name = LONG if position == number - 1 else f"Theme {position}"
        Theme.objects.create(slug=f"theme-{position}", name=name, kind="research", position=position)
    for position in range(3):
        Theme.objects.create(slug=f"how-{position}", name=f"How {position}", kind="implementation", position=90)


def boxes(page, selector) -> list[dict[str, float]]:
    settle(page)
    return [each.bounding_box() for each in page.locator(selector).all()]


@pytest.mark.parametrize("number", [1, 6, 7])
def test_home_when_there_are_many_themes_then_no_beam_lies_on_a_name(page, site, programme, number):
    pillars(number)
    for width in (WIDE, NARROW, PHONE):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site}{reverse('home')}")
        words, beams = boxes(page, ".app-figure__head"), boxes(page, ".app-figure__beam")
        assert (len(words), len(beams)) == (number, 3)
        lowest = max(box["y"] + box["height"] for box in words)
        assert lowest <= min(box["y"] for box in beams), f"at {width} pixels"
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_home_when_the_papers_number_of_themes_then_beams_cross_the_pillars_at_a_desk(page, site, programme):
    pillars(4)
    page.goto(f"{site}{reverse('home')}")
    beams = boxes(page, ".app-figure__beam")
    for pillar in boxes(page, ".app-figure__pillar"):
        for beam in beams:
            assert pillar["y"] < beam["y"]
            assert beam["y"] + beam["height"] < pillar["y"] + pillar["height"]
            assert beam["x"] < pillar["x"]
            assert pillar["x"] + pillar["width"] < beam["x"] + beam["width"]
