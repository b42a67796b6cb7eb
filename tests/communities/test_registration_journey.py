"""A carer registers for a full event on a phone, waits, is offered a place, accepts it and cancels again."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from communities.services.registrations import cancel_registration
from mailing.models import Delivery
from mailing.reading import received
from mailing.tasks import deliver
from tests.communities.factories import make_event, make_registration

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

EMAIL = "robin@example.org"


def newest_mail_to(email: str) -> str:
    """The newest message to an address, as a mail program reads it once a worker has sent it."""
    deliver(urgent=False)
    sent = Delivery.objects.filter(recipient=email, status=Delivery.Status.SENT)
    return received(sent.select_related("mailing").latest("pk")).text


def private_link(text: str) -> str:
    return next(link for link in re.findall(r"https?://[^\s<>)]+", text) if "/events/registration/" in link)


@pytest.fixture
def look(axe):
    """``look(page)``: nothing is wrong with the page for assistive technology, and nothing is wider than the phone."""

    def at(page: Page) -> None:
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320

    return at


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(words)


def test_carer_when_an_event_is_full_then_waits_is_offered_a_place_accepts_and_cancels(
    phone_page, look, community, programme
):
    page = phone_page
    event = make_event(community, title="Winter meeting", takes_registrations=True, capacity=1)
    taken = make_registration(event, name="Ann", email="ann@example.org")

    page.goto(event.get_absolute_url())
    look(page)
    page.get_by_role("button", name="Join the waiting list").click()
    heading(page, "Join the waiting list")
    look(page)
    page.get_by_label("Your name").fill("Robin Carer")
    page.get_by_label("What do you need to take part?").fill("A hearing loop")
    page.get_by_role("button", name="Join the waiting list").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter your email address.")
    expect(page.get_by_label("What do you need to take part?")).to_have_value("A hearing loop")
    look(page)
    page.get_by_label("Your email address").fill(EMAIL)
    page.get_by_label(re.compile("Yes, programme staff may use what I wrote")).check()
    page.get_by_role("button", name="Join the waiting list").click()
    heading(page, "Look in your inbox")
    look(page)

    mail = newest_mail_to(EMAIL)
    assert "on its waiting list" in mail
    page.goto(private_link(mail))
    expect(page.get_by_text("You are on the waiting list")).to_be_visible()
    expect(page.get_by_text("A hearing loop")).to_be_visible()
    look(page)

    cancel_registration(registration=taken)
    mail = newest_mail_to(EMAIL)
    assert "A place has become free" in mail
    page.goto(private_link(mail))
    look(page)
    page.get_by_role("button", name="Accept the place").click()
    expect(page.get_by_text("You have a place", exact=True)).to_be_visible()
    look(page)
    assert "You have a place at this event." in newest_mail_to(EMAIL)

    page.get_by_role("link", name="Cancel: I cannot come").click()
    heading(page, "Are you sure")
    look(page)
    page.get_by_role("button", name="Cancel my place").click()
    expect(page.get_by_text("Your registration is cancelled")).to_be_visible()
    look(page)
    assert "no longer registered" in newest_mail_to(EMAIL)
    assert not event.registrations.taking_places().exists()


def test_staff_when_at_the_door_then_tick_on_a_phone_and_read_the_feedback(phone_page, log_in, look, community, staff):
    now = timezone.now()
    event = make_event(
        community, title="Winter meeting", takes_registrations=True, starts_at=now, ends_at=now + dt.timedelta(hours=1)
    )
    for name in ("Ann Carer", "Bo Nurse"):
        make_registration(event, name=name, organisation="Trent Healthcare")
    event.feedback.create(score=4, words="Warm, but loud.")
    page = phone_page
    log_in(page, staff)
    for name in ("registrations", "registration_add", "attendance", "feedback_results", "edit"):
        page.goto(reverse(f"events:{name}", args=[event.slug]))
        look(page)
    page.goto(reverse("events:attendance", args=[event.slug]))
    page.get_by_label("Ann Carer").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 person came")).to_be_visible()
    expect(page.get_by_label("Ann Carer")).to_be_checked()
    expect(page.get_by_label("Bo Nurse")).not_to_be_checked()
    look(page)
