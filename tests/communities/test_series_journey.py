"""A staff member repeats an event on a phone, tells people of all dates in one email, and calls the last ones off."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from communities.models import Event
from mailing.models import Mailing
from tests.communities.factories import make_associate, make_event

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def look(axe):
    """``look(page)``: nothing is wrong with the page for assistive technology, and nothing is wider than the phone."""

    def at(page: Page) -> None:
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320

    return at


def test_staff_when_an_event_is_repeated_then_announced_changed_and_called_off_together(
    phone_page, look, log_in, staff, community, programme
):
    page = phone_page
    make_associate(community)
    starts_at = (timezone.now() + dt.timedelta(days=8)).replace(hour=14, minute=0, second=0, microsecond=0)
    event = make_event(
        community, title="Memory café", starts_at=starts_at, ends_at=starts_at + dt.timedelta(minutes=90),
        takes_registrations=True,
    )  # fmt: skip
    log_in(page, staff)

    page.goto(event.get_absolute_url())
    page.get_by_role("link", name="Repeat this event").click()
    look(page)
    page.get_by_role("button", name="Show the dates").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose how often it takes place")
    look(page)
    page.get_by_label("Every week").check()
    page.get_by_label("A number of times").check()
    page.get_by_label("How many dates are there in all?").fill("4")
    page.get_by_role("button", name="Show the dates").click()
    expect(page.get_by_role("heading", name="3 new dates")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Add 3 dates").click()
    expect(page.get_by_role("heading", name="Other dates")).to_be_visible()
    expect(page.locator("#dates li")).to_have_count(3)
    look(page)

    page.get_by_role("button", name="Tell people").click()
    page.get_by_label("All 4 dates").check()
    look(page)
    page.get_by_role("button", name="Tell 1 person").click()
    expect(page.get_by_role("heading", name="For programme staff")).to_be_visible()
    assert Mailing.objects.filter(topic="event posting").count() == 1

    page.locator("#dates li a").first.click()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Title").fill("Memory lunch")
    page.get_by_label("This date and the 2 that follow").check()
    look(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Memory lunch")

    page.get_by_role("link", name="Cancel the event").click()
    page.get_by_label("Why is it cancelled?").fill("The hall is closed")
    page.get_by_label("This date and the 2 that follow").check()
    look(page)
    page.get_by_role("button", name="Cancel the event").click()
    expect(page.get_by_text("The dates are cancelled.")).to_be_visible()
    look(page)
    assert list(Event.objects.order_by("starts_at").values_list("title", "status")) == [
        ("Memory café", "published"), *[("Memory lunch", "cancelled")] * 3,
    ]  # fmt: skip
