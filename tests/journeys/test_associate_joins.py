"""Somebody joins a community, minds their own choices and leaves; mail goes to those only who asked for it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from communities.models import Associate, Community, Membership
from mailing.models import Delivery
from mailing.reading import received
from mailing.tasks import deliver
from tests.journeys.conftest import (
    expect_error,
    expect_heading,
    fill,
    follow,
    follow_menu,
    log_in_by_password,
    main,
    press,
    tab_to,
)  # fmt: skip

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

EMAIL = "robin@example.org"


@pytest.fixture
def other_community(other_study) -> Community:
    return Community.objects.create(study=other_study, slug=other_study.slug, name="Return to work")


@pytest.fixture(autouse=True)
def letters_stay_readable(settings):
    """Elsewhere a link that lets its reader in is deleted once it is sent; a demonstration keeps it to be looked at."""
    settings.DEMO = True


def mail_to(email: str, topic: str = "") -> str:
    """The newest message to an address, as a mail program reads it once a worker has sent it."""
    deliver(urgent=False)
    deliveries = Delivery.objects.filter(recipient=email, status=Delivery.Status.SENT)
    if topic:
        deliveries = deliveries.filter(mailing__topic=topic)
    return received(deliveries.select_related("mailing").latest("pk")).text


def link_in(text: str, part: str) -> str:
    """The link in an email that leads to a page whose address has ``part`` in it."""
    return next(link for link in re.findall(r"https?://[^\s<>)]+", text) if part in link)


def join(page: Page, community: Community, look) -> None:
    """From the link on a community's page to the panel that says "You have joined"."""
    page.goto(f"{reverse('communities:join')}?community={community.slug}")
    expect(page.get_by_label(community.name)).to_be_checked()
    agree = [
        page.get_by_label(re.compile(words)) for words in ("may email me newsletters", "may email me about events")
    ]
    for box in agree:
        expect(box).not_to_be_checked()
    look(page)
    fill(page, {"Your name": "Robin Carer"})
    press(page, "Join")
    expect_error(page, "Enter your email address.")
    expect(page.get_by_label("Your name")).to_have_value("Robin Carer")
    for box in agree:
        expect(box).not_to_be_checked()
    look(page)
    fill(page, {"Your email address": EMAIL})
    page.get_by_label("I care for someone").check()
    agree[0].check()
    press(page, "Join")
    expect_heading(page, "Look in your inbox")
    assert not Associate.objects.filter(email=EMAIL).exists()

    page.goto(link_in(mail_to(EMAIL), "/confirm/"))
    expect_heading(page, "Confirm that you want to join")
    look(page)
    assert not Associate.objects.filter(email=EMAIL).exists(), "A program that only follows links confirms nothing"
    press(page, "Confirm and join")
    expect_heading(page, "You have joined")


def test_associate_when_they_join_then_they_choose_take_and_erase_what_we_hold(
    someone, look, community, other_community
):
    page = someone()
    join(page, community, look)
    follow(page, "See or change what you belong to and what we email you")
    preferences = page.url
    look(page)
    associate = Associate.objects.get(email=EMAIL)
    assert set(associate.consents.standing().values_list("purpose", flat=True)) == {"newsletters"}

    main(page).get_by_text("Join other communities").click()
    look(page)
    page.get_by_label("Return to work").check()
    page.get_by_label(re.compile("may email me about events")).check()
    press(page, "Save changes")
    expect(main(page)).to_contain_text("saved")
    assert set(associate.consents.standing().values_list("purpose", flat=True)) == {"newsletters", "events"}
    now = associate.memberships.current().values_list("community__name", flat=True)
    assert set(now) == {community.name, "Return to work"}

    with page.expect_download() as download:
        follow(page, "download it as a file")
    held = json.loads(Path(download.value.path()).read_text())
    assert EMAIL in json.dumps(held)
    assert "Robin Carer" in json.dumps(held)

    page.goto(preferences)
    follow(page, "Delete everything and leave all communities")
    look(page)
    press(page, "Delete everything")
    expect_heading(page, "Everything is deleted")
    assert not Associate.objects.filter(email=EMAIL).exists()
    assert not Membership.objects.exists()
    page.goto(preferences)
    expect_heading(page, "We hold nothing about you")


def test_newsletter_when_staff_send_it_then_only_who_asked_gets_it_and_unsubscribing_is_undone(
    someone, look, staff, associate, convenor, community
):
    """Another member, and a convenor, never agreed to newsletters."""
    reader, writer = someone(), someone()
    join(reader, community, look)
    log_in_by_password(writer, staff)
    send_newsletter(writer, community, look, title="First news")
    text = mail_to(EMAIL, "newsletter")
    assert recipients_of("First news") == {EMAIL}

    reader.goto(link_in(text, "/unsubscribe/"))
    expect_heading(reader, "Unsubscribe")
    look(reader)
    reader.get_by_label("All newsletters", exact=True).check()
    press(reader, "Unsubscribe")
    expect_heading(reader, "You are unsubscribed")
    look(reader)
    send_newsletter(writer, community, look, title="Second news", readers=0)
    deliver(urgent=False)
    assert recipients_of("Second news") == set()

    press(reader, "Go on emailing me")
    expect(main(reader)).to_contain_text("We will go on emailing you.")
    send_newsletter(writer, community, look, title="Third news")
    deliver(urgent=False)
    assert recipients_of("Third news") == {EMAIL}

    # The button that a mail program puts above the message posts to the address in its header.
    third = Delivery.objects.select_related("mailing").get(mailing__subject="Third news")
    headers = dict(received(third).headers)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = headers["List-Unsubscribe"].strip("<>")
    answer = reader.request.post(address, form={"List-Unsubscribe": "One-Click"}, max_redirects=0)
    assert answer.status == 200
    send_newsletter(writer, community, look, title="Fourth news", readers=0)
    deliver(urgent=False)
    assert recipients_of("Fourth news") == set()


def recipients_of(subject: str) -> set[str]:
    return set(Delivery.objects.filter(mailing__subject=subject).values_list("recipient", flat=True))


def send_newsletter(page: Page, community: Community, look, *, title: str, readers: int = 1) -> None:
    follow_menu(page, "Newsletters")
    press(page, "Manage newsletters")
    press(page, "Write a newsletter")
    page.get_by_label("Community").select_option(community.name)
    words = "## Thank you\n\nThis is what we found."
    fill(page, {"Title": title, "Introduction": "What we found.", "First story": words})
    press(page, "Save draft")
    expect_heading(page, title)
    press(page, "Preview and send")
    expect(main(page)).to_contain_text(f"{readers} {'person' if readers == 1 else 'people'} would get it now")
    look(page)
    press(page, "Send it")
    look(page)
    press(page, "Send to 1 person" if readers else "Put it in the archive")
    expect(main(page)).to_contain_text("Read it in the archive")


def test_associate_when_only_the_keyboard_is_used_then_they_join_and_leave(page, community):
    page.goto(f"{reverse('communities:join')}?community={community.slug}")
    for label, words in (("Your name", "Robin Carer"), ("Your email address", EMAIL)):
        tab_to(page, page.get_by_label(label))
        page.keyboard.type(words)
    tab_to(page, page.get_by_label("I use services"))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("I care for someone")).to_be_checked()
    tab_to(page, page.get_by_label(re.compile("may email me newsletters")))
    page.keyboard.press("Space")
    tab_to(page, main(page).get_by_role("button", name="Join", exact=True))
    page.keyboard.press("Enter")
    expect_heading(page, "Look in your inbox")
    page.goto(link_in(mail_to(EMAIL), "/confirm/"))
    tab_to(page, main(page).get_by_role("button", name="Confirm and join"))
    page.keyboard.press("Space")
    expect_heading(page, "You have joined")
    tab_to(page, main(page).get_by_role("link", name="See or change what you belong to and what we email you"))
    page.keyboard.press("Enter")
    box = page.get_by_label("I am a member")
    tab_to(page, box)
    page.keyboard.press("Space")
    tab_to(page, main(page).get_by_role("button", name="Save changes"))
    page.keyboard.press("Enter")
    expect(main(page)).to_contain_text("saved")
    assert not Membership.objects.current().exists()
