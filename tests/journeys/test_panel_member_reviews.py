"""A panel is asked, a member writes and sends a review, and those who may read them together."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from mailing.models import Delivery
from panels import services
from panels.models import Review
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
)

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

SECRETS = {"member": "I know of another trial that asks the same.", "chair": "The team needs a statistician."}


@pytest.fixture(autouse=True)
def questions(panel):
    services.add_question(panel=panel, text="Are the methods right?", kind="score")
    services.add_question(panel=panel, text="What should change?", kind="text", is_required=False)


def ask_members(page: Page, staff, study, look) -> None:
    """Staff open a cycle from the study's own page."""
    log_in_by_password(page, staff)
    page.goto(study.get_absolute_url())
    press(page, "Ask a panel to review it")
    expect_heading(page, "Ask the panel to look at")
    expect(page.get_by_label("Panel Member")).to_be_checked()
    day = page.get_by_role("group", name="When are reviews due?").get_by_label("Day")
    kept = day.input_value()
    day.fill("32")
    fill(page, {"Note to the reviewers": "Please read the summary first."})
    press(page, "Ask these members to review")
    expect_error(page, "The due date must be a real date, such as 23 11 2026.")
    expect(page.get_by_label("Note to the reviewers")).to_have_value("Please read the summary first.")
    look(page)
    page.get_by_role("group", name="When are reviews due?").get_by_label("Day").fill(kept)
    press(page, "Ask these members to review")
    expect(main(page)).to_contain_text("The members have been asked.")
    look(page)


def begin(page: Page, user, study, look) -> None:
    """The member finds the study under "Waiting for you" and says that nothing conflicts."""
    log_in_by_password(page, user)
    follow_menu(page, "Waiting for you")
    look(page)
    main(page).get_by_role("link", name=study.short_title).click()
    expect_heading(page, f"Your review of {study.short_title}")
    page.get_by_label("No, I do not").check()
    look(page)
    press(page, "Continue")
    expect(page.get_by_label("Comments to the study team")).to_be_visible()


def answer(page: Page, *, score: str, comment: str, recommendation: str, secret: str) -> None:
    page.get_by_role("group", name="Are the methods right?").get_by_label(score).check()
    page.get_by_label("Comments to the study team").fill(comment)
    page.get_by_role("group", name="What do you recommend?").get_by_label(recommendation, exact=True).check()
    page.get_by_label("Confidential comments").fill(secret)
    press(page, "Check your answers")
    expect_heading(page, "Check your answers")


def test_review_when_a_panel_is_asked_then_each_member_writes_alone_and_the_chair_reads_together(
    someone, look, way, staff, study, panel_member, chair
):
    desk, page, chairs = someone(), someone(), someone()
    ask_members(desk, staff, study, look)
    asked = Delivery.objects.filter(mailing__subject__contains=study.short_title)
    assert set(asked.values_list("recipient", flat=True)) == {panel_member.email, chair.email}

    begin(page, panel_member, study, look)
    page.get_by_label("What should change?").fill("Say how carers are asked.")
    if way == "without-javascript":
        press(page, "Save draft")
    else:
        page.get_by_label("What should change?").press("End")
        expect(page.get_by_role("status")).to_contain_text("Draft saved")
    page.reload()
    expect(page.get_by_label("What should change?")).to_have_value("Say how carers are asked.")
    press(page, "Check your answers")
    expect(page.locator(".nhsuk-error-summary")).to_be_visible()
    expect(page.get_by_label("What should change?")).to_have_value("Say how carers are asked.")
    look(page)
    answer(page, score="4. Mostly", comment="A clear plan.", recommendation="Go ahead", secret=SECRETS["member"])
    for words in ("4. Mostly", "Say how carers are asked.", "A clear plan.", SECRETS["member"]):
        expect(main(page)).to_contain_text(words.removeprefix("4. "))
    look(page)
    assert set(Review.objects.values_list("member__email", "status")) == {
        (panel_member.email, "draft"),
        (chair.email, "assigned"),
    }

    begin(chairs, chair, study, look)
    review = Review.objects.get(member=panel_member)
    cycle = review.cycle.get_absolute_url()
    chairs.goto(cycle)
    expect(main(chairs)).not_to_contain_text("A clear plan.")
    press(page, "Send your review")
    expect_heading(page, "Your review is in")
    look(page)
    chairs.reload()
    expect(main(chairs)).to_contain_text("Send your review first, then you can read the others.")
    expect(main(chairs)).not_to_contain_text("A clear plan.")
    page.goto(cycle)
    expect(main(page)).to_contain_text("A clear plan.")
    expect(main(page)).not_to_contain_text("Ask for more recruits.")

    chairs.goto(reverse("reviews:index"))
    main(chairs).get_by_role("link", name=study.short_title).click()
    answer(
        chairs, score="2. A little", comment="Ask for more recruits.", recommendation="Go ahead with small changes",
        secret=SECRETS["chair"],
    )  # fmt: skip
    press(chairs, "Send your review")
    follow(chairs, "Read the other members’ reviews")
    for words in ("A clear plan.", "Ask for more recruits.", "Say how carers are asked.", *SECRETS.values()):
        expect(main(chairs)).to_contain_text(words)
    look(chairs)
    page.reload()
    expect(main(page)).to_contain_text("Ask for more recruits.")
    expect(main(page)).not_to_contain_text(SECRETS["chair"])


def test_review_when_only_the_keyboard_is_used_then_it_is_written_and_sent(
    page, log_in, staff, study, panel, panel_member
):
    services.open_cycle(
        panel=panel,
        study=study,
        reason="annual",
        members=[panel_member],
        opened_by=staff,
        due_on=timezone.localdate() + dt.timedelta(days=20),
    )
    log_in(page, panel_member)
    page.goto(reverse("reviews:index"))
    tab_to(page, main(page).get_by_role("link", name=study.short_title))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("No, I do not"))
    page.keyboard.press("Space")
    tab_to(page, main(page).get_by_role("button", name="Continue"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("1. Not at all"))
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_label("4. Mostly")).to_be_checked()
    tab_to(page, page.get_by_label("Go ahead", exact=True))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Comments to the study team"))
    page.keyboard.type("Written with the keyboard.")
    tab_to(page, main(page).get_by_role("button", name="Check your answers"))
    page.keyboard.press("Enter")
    expect_heading(page, "Check your answers")
    tab_to(page, main(page).get_by_role("button", name="Send your review"))
    page.keyboard.press("Space")
    expect_heading(page, "Your review is in")
    review = Review.objects.get()
    assert (review.status, review.comments_to_team) == ("submitted", "Written with the keyboard.")
    assert list(review.answers.values_list("score", flat=True)) == [4]
