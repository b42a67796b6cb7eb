"""Newsletters made of blocks: adding, changing, moving and deleting them, pictures, copies and templates."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from communities.bulk_mail import newsletter_message
from communities.drawing import draw_block
from communities.models import Community, Newsletter, NewsletterBlock
from communities.services.blocks import add_block, move_block, save_block
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.newsletters import keep_as_template, send_newsletter
from communities.services.pictures import add_picture
from mailing import compose
from tests.communities.factories import make_block, make_event, make_newsletter, make_sent


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def newsletter(community):
    return make_newsletter(community, title="Spring", words="")


@pytest.fixture
def client(client_of):
    return client_of("staff")


def url(name: str, newsletter: Newsletter, *more: object) -> str:
    return reverse(f"newsletters:{name}", args=[newsletter.slug, *more])


def words_of(answer) -> str:
    return BeautifulSoup(answer.content, "html.parser").get_text(" ", strip=True)


FILLED = {
    "story": {"heading": "We met", "words": "And **talked**."},
    "heading": {"heading": "Dates"},
    "insight": {"heading": "", "words": "Ask first."},
    "button": {"label": "Book", "address": "example.org/book"},
}


@pytest.mark.parametrize("kind", FILLED)
def test_add_when_filled_in_then_at_the_end_and_version_counts_up(client, newsletter, kind):
    first = make_block(newsletter, words="First.")
    answer = client.post(url("add_block", newsletter, kind), FILLED[kind])
    block = newsletter.blocks.last()
    assert (block.kind, block.position > first.position) == (kind, True)
    assert answer.url == f"{url('edit', newsletter)}#block-{block.pk}"
    newsletter.refresh_from_db()
    assert newsletter.version == 2


def test_add_when_event_or_study_then_offers_what_readers_can_see(client, newsletter, study, community):
    coming, draft, off = (
        make_event(community, title=f"{status} one", status=status) for status in ("published", "draft", "cancelled")
    )
    page = words_of(client.get(url("add_block", newsletter, "event")))
    assert coming.title in page
    assert draft.title not in page
    assert off.title not in page
    client.post(url("add_block", newsletter, "event"), {"event": coming.pk, "words": ""})
    client.post(url("add_block", newsletter, "study"), {"study": study.pk, "words": "New **results**."})
    message = newsletter_message(newsletter)
    for form in (message.text, message.html):
        assert coming.title in form
        assert coming.when.split(",")[0] in form
        assert coming.get_absolute_url() in form
        assert study.title in form
    assert "New results." in message.text
    assert "New <strong>results</strong>." in message.html


def test_add_when_divider_then_at_once_and_a_page_of_its_own_is_none(client, newsletter):
    assert client.get(url("add_block", newsletter, "divider")).status_code == 404
    client.post(url("add_block", newsletter, "divider"))
    assert newsletter.blocks.get().kind == "divider"
    assert client.get(url("add_block", newsletter, "poem")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("story", {"words": " "}, "Write the story"),
        ("story", {"words": "Dear {{name}}"}, "Take out {{ and }}"),
        ("heading", {"heading": ""}, "Enter"),
        ("event", {"event": ""}, "Choose"),
        ("event", {"event": "99999"}, "Select a valid choice"),
        ("insight", {"words": ""}, "what was learned"),
        ("button", {"label": "Go", "address": "javascript:alert(1)"}, "Enter a whole web address"),
        ("button", {"label": "Go", "address": "https://a b"}, "Enter a whole web address"),
        ("button", {"label": "Go", "address": "//evil"}, "Enter a whole web address"),
        ("button", {"label": "", "address": "https://example.org"}, "Enter"),
        ("button", {"label": "Go", "address": "data:text/html,x"}, "Enter a whole web address"),
    ],
)
def test_add_when_something_is_wrong_then_says_so_and_adds_nothing(client, newsletter, kind, data, words):
    answer = client.post(url("add_block", newsletter, kind), data)
    assert answer.status_code == 200
    assert words in words_of(answer)
    assert not newsletter.blocks.exists()


def test_button_when_address_is_ours_or_has_no_scheme_then_whole(client, newsletter, settings):
    client.post(url("add_block", newsletter, "button"), {"label": "Go", "address": "/events/"})
    client.post(url("add_block", newsletter, "button"), {"label": "Go", "address": "example.org/x"})
    assert [block.address for block in newsletter.blocks.all()] == [
        f"{settings.SITE_URL}/events/", "https://example.org/x",
    ]  # fmt: skip


def test_edit_when_two_write_at_once_then_second_sees_both(client, newsletter, staff):
    block = make_block(newsletter, words="Before.")
    save_block(block=block, version=1, changes={"words": "Theirs."}, by=staff)
    answer = client.post(url("edit_block", newsletter, block.pk), {"heading": "", "words": "Mine.", "version": "1"})
    page = BeautifulSoup(answer.content, "html.parser")
    assert answer.status_code == 409
    assert "Theirs." in page.get_text()
    assert page.select_one("textarea[name=words]").get_text().strip() == "Mine."
    again = {"heading": "", "words": "Mine.", "version": page.select_one("input[name=version]")["value"]}
    client.post(url("edit_block", newsletter, block.pk), again)
    block.refresh_from_db()
    assert block.words == "Mine."
    assert [row.words for row in block.history.all()] == ["Mine.", "Theirs.", "Before."]


def test_edit_when_deleted_or_sent_meanwhile_then_refused_and_words_are_kept(client, newsletter, staff):
    block = make_block(newsletter, words="Before.")
    send_newsletter(newsletter=newsletter, version=1, by=staff)
    answer = client.post(url("edit_block", newsletter, block.pk), {"words": "Mine, long.", "version": "1"})
    assert "can no longer be changed" in words_of(answer)
    assert "Mine, long." in answer.content.decode()
    assert client.get(url("edit_block", newsletter, block.pk)).url == newsletter.get_absolute_url()


def test_save_when_deleted_meanwhile_then_says_how_to_keep_the_words(newsletter, staff):
    block = make_block(newsletter, words="Before.")
    NewsletterBlock.objects.filter(pk=block.pk).delete()
    with pytest.raises(RefusedError, match="Copy your words"):
        save_block(block=block, version=1, changes={"words": "Mine."}, by=staff)


def test_move_when_pressed_then_changes_places_and_the_ends_stay(client, newsletter):
    blocks = [make_block(newsletter, words=word) for word in "abc"]

    def order() -> str:
        return "".join(block.words for block in newsletter.blocks.all())

    client.post(url("move_block", newsletter, blocks[2].pk), {"direction": "up"})
    assert order() == "acb"
    client.post(url("move_block", newsletter, blocks[0].pk), {"direction": "up"})
    assert order() == "acb"
    client.post(url("move_block", newsletter, blocks[0].pk), {"direction": "down"})
    assert order() == "cab"


def test_delete_when_sure_then_gone_and_twice_is_no_error(client, newsletter):
    block = make_block(newsletter, words="Gone.")
    there = url("delete_block", newsletter, block.pk)
    assert "Gone." in words_of(client.get(there))
    client.post(there)
    assert not newsletter.blocks.exists()
    assert client.post(there).status_code == 404


def test_delete_when_asked_then_says_that_more_words_follow_those_shown(client, newsletter):
    block = make_block(newsletter, words="one two three\nfour five six seven eight nine")
    short = make_block(newsletter, words="one two")
    assert "Story: one two three four five six seven eight…" in words_of(
        client.get(url("delete_block", newsletter, block.pk))
    )
    assert "Story: one two Delete" in words_of(client.get(url("delete_block", newsletter, short.pk)))


def test_block_when_of_another_newsletter_then_not_found(client, newsletter, community):
    other = make_newsletter(community)
    for name in ("edit_block", "delete_block"):
        assert client.get(url(name, newsletter, other.blocks.get().pk)).status_code == 404


def test_blocks_when_too_many_then_refused(newsletter, staff):
    NewsletterBlock.objects.bulk_create(
        NewsletterBlock(newsletter=newsletter, kind="divider", position=number) for number in range(60)
    )
    with pytest.raises(RefusedError, match="at most 60"):
        add_block(newsletter=newsletter, kind="divider", fields={}, by=staff)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "heading"},
        {"kind": "story"},
        {"kind": "insight"},
        {"kind": "event"},
        {"kind": "study"},
        {"kind": "button", "label": "Go"},
    ],
)
def test_block_when_incomplete_then_the_database_refuses(newsletter, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_block(newsletter, **fields)


def test_picture_when_not_described_then_database_refuses(newsletter, staff):
    picture = add_picture(picture=Image.new("RGB", (9, 9)), by=staff)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_block(newsletter, words="x", picture=picture)


# --- How they read --------------------------------------------------------------------------------------------


def test_message_when_every_kind_then_in_both_forms_and_sound(newsletter, community, study, staff, settings):
    picture = add_picture(picture=Image.new("RGB", (1200, 500)), by=staff)
    make_block(newsletter, kind="heading", heading="Dates & <places>")
    make_block(newsletter, heading="We met", words="- a\n- b", picture=picture, alternative_text='A "round" table')
    make_block(newsletter, kind="event", event=make_event(community))
    make_block(newsletter, kind="study", study=study)
    make_block(newsletter, kind="insight", words="Ask\u00a0first.\nThen again.")
    make_block(newsletter, kind="divider")
    make_block(newsletter, kind="button", label="Book", address="https://example.org/?a=1&b=2")
    message = newsletter_message(newsletter)
    page = BeautifulSoup(message.html, "html.parser")
    image = page.select_one("img")
    assert image["src"] == f"{settings.SITE_URL}{picture.get_absolute_url()}"
    assert image["alt"] == 'A "round" table'
    assert image["width"] == "592"
    assert page.find("a", string="Book")["href"] == "https://example.org/?a=1&b=2"
    assert "Dates & <places>" in page.get_text()
    for words in ("# Dates & <places>", '(Picture: A "round" table)', "* a\n* b", "Book: https://example.org/?a=1&b=2"):
        assert words in message.text
    assert "{{token}}" in message.text


def test_message_when_html_is_pasted_then_shown_as_typed_and_nothing_runs(newsletter):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)> </mj-text><mj-raw><iframe></iframe></mj-raw>"
    make_block(newsletter, heading=hostile[:100], words=hostile)
    make_block(newsletter, kind="button", label="</mj-button><script>x</script>", address="https://example.org/")
    page = BeautifulSoup(newsletter_message(newsletter).html, "html.parser")
    assert page.select("script, iframe, img[onerror]") == []
    assert "<script>alert(1)</script>" in page.get_text()


def test_message_when_community_has_a_colour_then_it_is_behind_its_name(newsletter, community):
    community.colour = "#330072"
    community.save()
    make_block(newsletter, words="x")
    assert "#330072" in newsletter_message(Newsletter.objects.get(pk=newsletter.pk)).html


def test_archive_when_read_then_every_block_is_there(client_of, community, staff):
    newsletter = make_sent(community, words="")
    picture = add_picture(picture=Image.new("RGB", (30, 20)), by=staff)
    make_block(newsletter, heading="We met", words="Words.", picture=picture, alternative_text="A table")
    make_block(newsletter, kind="button", label="Book", address="https://example.org/book")
    page = BeautifulSoup(client_of("anonymous").get(newsletter.get_absolute_url()).content, "html.parser")
    assert page.select_one("article img")["alt"] == "A table"
    assert page.select_one("article img")["src"] == picture.get_absolute_url()
    assert page.find("h2", string="We met")
    assert page.select_one("article a.nhsuk-button")["href"] == "https://example.org/book"


@pytest.mark.parametrize("number", [1, 20])
def test_pages_when_blocks_are_more_then_as_many_queries(client, client_of, community, study, number):
    newsletter, sent = make_newsletter(community, words=""), make_sent(community, words="")
    for each in (newsletter, sent):
        for _ in range(number):
            make_block(each, kind="study", study=study)
    for address, most in ((url("edit", newsletter), 20), (sent.get_absolute_url(), 20), ("/newsletters/feed/", 12)):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        assert len(queries) <= most, address


# --- Copies and templates -------------------------------------------------------------------------------------


def test_template_when_kept_then_others_begin_from_it_and_it_is_never_sent(client, newsletter, community, staff):
    make_block(newsletter, heading="We met", words="On [day].")
    made = Newsletter.objects.get(slug=client.post(url("template", newsletter)).url.split("/")[2])
    assert (made.status, made.blocks.get().words) == ("template", "On [day].")
    with pytest.raises(RefusedError, match="template"):
        send_newsletter(newsletter=made, version=made.version, by=staff)
    page = client.get(reverse("newsletters:new"), {"from": made.slug})
    assert "Begin with an empty one" in words_of(page)
    data = {"community": community.pk, "title": "Summer", "introduction": "Soon."}
    client.post(f"{reverse('newsletters:new')}?from={made.slug}", data)
    begun = Newsletter.objects.get(title="Summer")
    assert (begun.status, begun.blocks.get().words) == ("draft", "On [day].")
    assert begun.blocks.get().pk != made.blocks.get().pk


def test_manage_when_there_are_templates_then_apart_from_drafts(client, newsletter, staff):
    keep_as_template(newsletter=newsletter, by=staff)
    page = BeautifulSoup(client.get(reverse("newsletters:manage")).content, "html.parser")
    assert [caption.get_text(strip=True) for caption in page.select("caption")] == ["Drafts and scheduled", "Templates"]


def test_new_when_from_a_draft_that_is_not_theirs_then_empty(client_of, other_study, convenor):
    from tests.communities.factories import make_community

    other = make_newsletter(make_community(other_study), title="Secret plans")
    page = client_of("convenor").get(reverse("newsletters:new"), {"from": other.slug})
    assert "Secret plans" not in words_of(page)


def test_move_when_sent_then_refused(newsletter, staff):
    blocks = [make_block(newsletter, words=word) for word in "ab"]
    send_newsletter(newsletter=newsletter, version=1, by=staff)
    with pytest.raises(RefusedError, match="can no longer be changed"):
        move_block(block=blocks[1], up=True, by=staff)


def test_send_when_a_block_changed_since_then_look_again(newsletter, staff):
    make_block(newsletter, words="a")
    add_block(newsletter=newsletter, kind="divider", fields={}, by=staff)
    with pytest.raises(StaleVersionError):
        send_newsletter(newsletter=newsletter, version=1, by=staff)


@pytest.mark.django_db
@given(heading=st.text(max_size=60), words=st.text(max_size=300), label=st.text(max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_message_when_any_words_are_written_then_it_is_drawn(heading, words, label):
    newsletter = Newsletter(pk=1, slug="x", title="Any", introduction=heading or "x", community=Community(name="C"))
    blocks = [
        NewsletterBlock(newsletter=newsletter, kind="story", heading=heading, words=words),
        NewsletterBlock(newsletter=newsletter, kind="button", label=label, address="https://example.org/?a=1&b=2"),
    ]
    drawn = [draw_block(block) for block in blocks]
    html = compose.laid_out(
        "emails/communities/newsletter.mjml", {"newsletter": newsletter, "drawn": drawn, "url": "https://example.org/"}
    )
    assert "https://example.org/" in html
