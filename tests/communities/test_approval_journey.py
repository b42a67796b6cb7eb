"""A newsletter is sent back by a second person on a phone, changed by its writer, and approved."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from communities.services.approval import ask_for_approval

pytestmark = [
    pytest.mark.journey,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("must_be_approved"),
]


@pytest.fixture
def look(axe):
    """``look(page)``: nothing is wrong with the page for assistive technology, and nothing is wider than the phone."""

    def at(page: Page) -> None:
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320

    return at


def test_newsletter_when_read_by_a_second_person_then_sent_back_changed_and_approved(
    phone_page, look, log_in, spring, staff, colleague, programme
):
    page = phone_page
    ask_for_approval(newsletter=spring, colleagues=[colleague], by=staff, words="Is the date right?")
    log_in(page, colleague)
    page.goto("/dashboard/")
    page.get_by_role("main").get_by_role("link", name="Spring").first.click()
    expect(page.get_by_text("Is the date right?").first).to_be_visible()
    look(page)
    page.get_by_role("button", name="Send it back").click()
    page.wait_for_load_state()
    page.get_by_role("button", name="Send it back").click()
    expect(page.get_by_role("alert")).to_contain_text("Say what should be changed")
    look(page)
    page.get_by_label("What should be changed?").fill("It is on Tuesday.")
    page.get_by_role("button", name="Send it back").click()
    expect(page.get_by_text("It is sent back.")).to_be_visible()
    look(page)
    page.get_by_text("Who asked, approved and sent it back").click()
    expect(page.get_by_text("Asked for approval").first).to_be_visible()
    look(page)

    page.get_by_role("link", name="History of this newsletter").click()
    expect(page.get_by_role("heading", name="Sent back")).to_be_visible()
    look(page)

    log_in(page, staff)
    page.goto(spring.get_absolute_url())
    expect(page.get_by_text("It is on Tuesday.").first).to_be_visible()
    page.get_by_role("link", name="Ask again").click()
    look(page)
    page.get_by_role("button", name="Ask them").click()
    expect(page.get_by_text("We have emailed")).to_be_visible()
    look(page)

    log_in(page, colleague)
    page.goto(spring.get_absolute_url())
    page.get_by_role("button", name="Approve it").click()
    expect(page.get_by_text("Approved by Office")).to_be_visible()
    look(page)
