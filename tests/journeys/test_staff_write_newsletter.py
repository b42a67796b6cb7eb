"""Staff write a newsletter with a picture, preview it, send it to two communities, watch it go, pause it, read on."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from communities.models import Newsletter
from mailing.engine import Engine
from mailing.models import Delivery
from mailing.reading import received
from tests.communities.factories import make_associate, make_community, make_event, make_newsletter
from tests.journeys.conftest import expect_error, expect_heading, fill, follow, follow_menu, main, press

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _settings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MAIL_BATCH = 2  # so that there is a middle to pause in


def picture() -> dict[str, object]:
    out = io.BytesIO()
    Image.new("RGB", (1600, 800), "#14566a").save(out, "JPEG")
    return {"name": "table.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def send_some(most: int) -> None:
    """What a worker does, until it has sent so many."""
    engine = Engine(stopping=lambda: engine.sent >= most)
    engine.run(urgent_only=False, seconds=30)


def expect_blocks(page: Page, *kinds: str) -> None:
    expect(page.locator(".app-blocks__bar > strong")).to_have_text(list(kinds))


def test_newsletter_when_written_then_previewed_sent_to_two_communities_watched_paused_and_reported(
    someone, look, log_in, staff, community, other_study
):
    other = make_community(other_study)
    for number, place in enumerate((community, community, other, other)):
        make_associate(place, name=f"Reader {number}", email=f"reader{number}@example.org")
    event = make_event(community, title="Winter meeting")
    page = someone()
    log_in(page, staff)
    page.goto("/")
    follow_menu(page, "Newsletters")
    press(page, "Manage newsletters")
    press(page, "Write a newsletter")
    page.get_by_label("Community").select_option(label=community.name)
    fill(page, {"Title": "Winter news", "Introduction": "What comes next.", "First story": "We met in [place]."})
    look(page)
    press(page, "Save draft")

    # A story with a picture: described only when the form asks, and not chosen again.
    expect_heading(page, "Winter news")
    look(page)
    press(page, "Story")
    fill(page, {"Heading": "Four groups, one table"})
    page.locator("textarea[name=words]").fill("We planned **the next year**.")
    page.locator("input[name=upload]").set_input_files(picture())
    press(page, "Add the block")
    expect_error(page, "Say in a sentence what the picture shows.")
    look(page)
    page.get_by_label("What the picture shows").fill("A round table from above")
    press(page, "Add the block")
    press(page, "Event")
    page.locator("select[name=event]").select_option(str(event.pk))
    press(page, "Add the block")
    press(page, "Divider")
    expect_blocks(page, "Story", "Story", "Event", "Divider")
    main(page).get_by_role("button", name="Move up Event: Winter meeting").click()
    expect_blocks(page, "Story", "Event", "Story", "Divider")
    look(page)

    # The check finds the gap; it is mended from there.
    press(page, "Preview and send")
    expect(main(page)).to_contain_text("Fill in or take out “[place]”")
    look(page)
    main(page).get_by_role("link", name="Edit Story").first.click()
    page.locator("textarea[name=words]").fill("We met in Derby.")
    press(page, "Save the block")
    press(page, "Preview and send")
    expect(main(page)).not_to_contain_text("Fill in or take out")
    page.get_by_label("As a reader would get it").fill("Reader 1")
    press(page, "Show")
    expect(page.locator("pre")).to_contain_text("Hello Reader 1,")
    follow(page, "On a phone")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_alt_text("A round table from above")).to_be_visible()
    expect(frame.get_by_text("Winter meeting")).to_be_visible()

    # To two communities.
    press(page, "To whom")
    main(page).get_by_label(other.name).first.check()
    press(page, "Save")
    expect(main(page)).to_contain_text("4 people would get it now")
    press(page, "Send it")
    press(page, "Send to 4 people")
    expect(main(page)).to_contain_text("on its way")

    # Watched, paused in the middle, resumed.
    send_some(2)
    press(page, "Pause")
    expect(main(page)).to_contain_text("Paused")
    look(page)
    send_some(9)
    assert Delivery.objects.filter(status=Delivery.Status.SENT).count() == 2
    press(page, "Resume")
    send_some(9)
    page.reload()
    press(page, "Read the report")
    expect(main(page)).to_contain_text("4")
    look(page)
    sent = Delivery.objects.filter(status=Delivery.Status.SENT).select_related("mailing")
    assert sorted(sent.values_list("recipient", flat=True)) == [f"reader{number}@example.org" for number in range(4)]
    message = received(sent.first())
    assert "(Picture: A round table from above)" in message.text
    assert "the next year" in message.html
    assert Newsletter.objects.get().status == "sent"


PASTED = (
    "<html><head><style>p{color:red}</style></head><body><h1>Next&nbsp;steps</h1><p class=MsoNormal>We <b>met</b> "
    "<script>alert(1)</script>the <a href='https://example.org/a'>team</a>.<o:p></o:p></p><ul><li>One</li><li><p>Two"
    "</p></li></ul><ol><li>First</li></ol><p><a href='javascript:alert(1)'>no link</a><img src=x "
    "onerror='window.broken = 1'></p></body></html>"
)
MARKUP = "## Next steps\n\nWe **met** the [team](https://example.org/a).\n\n- One\n- Two\n\n1. First\n\nno link"


def test_story_when_pasted_from_a_document_then_markup_and_nothing_runs(page, log_in, staff, community):
    newsletter = make_newsletter(community)
    log_in(page, staff)
    page.goto(f"/newsletters/{newsletter.slug}/blocks/add/story/")
    area = page.locator("textarea[name=words]")
    expect(page.get_by_role("group", name="Put in")).to_be_visible()
    area.evaluate(
        """(area, html) => {
            const data = new DataTransfer();
            data.setData("text/html", html);
            data.setData("text/plain", "plain");
            area.focus();
            area.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        PASTED,
    )
    expect(area).to_have_value(MARKUP)
    assert page.evaluate("window.broken") is None


def test_story_when_buttons_are_pressed_then_signs_are_put_in_by_keyboard_too(page, log_in, staff, community):
    newsletter = make_newsletter(community)
    log_in(page, staff)
    page.goto(f"/newsletters/{newsletter.slug}/blocks/add/story/")
    area = page.locator("textarea[name=words]")
    area.fill("Ask first\nThen act")
    area.evaluate("area => area.setSelectionRange(0, 18)")
    page.get_by_role("button", name="List").press("Enter")
    expect(area).to_have_value("- Ask first\n- Then act")
    area.evaluate("area => area.setSelectionRange(2, 5)")
    page.get_by_role("button", name="Strong").press("Space")
    expect(area).to_have_value("- **Ask** first\n- Then act")
    expect(area).to_be_focused()
    area.press("Control+z")
    expect(area).to_have_value("- Ask first\n- Then act")
