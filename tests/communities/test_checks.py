"""What is looked at before a newsletter goes, and the preview."""

from __future__ import annotations

import datetime as dt

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from communities.checks import findings
from communities.models import Newsletter
from communities.services.errors import RefusedError
from communities.services.newsletters import schedule_newsletter, send_scheduled
from mailing.models import Delivery
from tests.communities.factories import make_associate, make_block, make_event, make_newsletter


@pytest.fixture
def newsletter(community):
    return make_newsletter(community, title="Spring", words="")


def url(name: str, newsletter: Newsletter) -> str:
    return reverse(f"newsletters:{name}", args=[newsletter.slug])


def words_of(answer) -> str:
    return BeautifulSoup(answer.content, "html.parser").get_text(" ", strip=True)


def stops(newsletter: Newsletter) -> list[str]:
    return [finding.words for finding in findings(newsletter) if finding.stops]


def looks(newsletter: Newsletter) -> list[str]:
    return [finding.words for finding in findings(newsletter) if not finding.stops]


def test_findings_when_all_is_well_then_none(newsletter, community, study, settings):
    make_block(newsletter, words=f"See [it](https://example.org/x) or {settings.SITE_URL}/events/.")

    make_block(newsletter, kind="event", event=make_event(community))
    make_block(newsletter, kind="study", study=study)
    assert findings(newsletter) == []


def test_findings_when_nothing_is_in_it_then_stops(newsletter):
    make_block(newsletter, kind="heading", heading="Dates")
    assert "nothing in it" in stops(newsletter)[0]


@pytest.mark.parametrize(
    "words", ["Come to [place].", "Dear XXX", "TODO: write", "Lorem ipsum dolor", "Hello [name of speaker], welcome"]
)
def test_findings_when_a_gap_is_not_filled_then_stops(newsletter, words):
    make_block(newsletter, words=words)
    assert "Fill in or take out" in stops(newsletter)[0]


def test_findings_when_a_link_has_words_then_it_is_no_gap(newsletter):
    make_block(newsletter, words="[our page](https://example.org/x)")
    assert findings(newsletter) == []


@pytest.mark.parametrize(
    ("address", "words", "is_stop"),
    [
        ("https://bank.example.org@evil.example.com/", "hides where it leads", True),
        ("{site}/no-such-page-at-all/x/", "no page at", True),
        ("{site}/events/not-there/", "find nothing at", True),
        ("{site}/newsletters/manage/", "people who log in", False),
        ("http://example.org/", "not encrypted", False),
    ],
)
def test_findings_when_a_link_is_dead_or_unsafe_then_says_so(newsletter, settings, address, words, is_stop):
    address = address.format(site=settings.SITE_URL)
    make_block(newsletter, words=f"See [this]({address}).")
    make_block(newsletter, kind="button", label="Go", address=address)
    found = stops(newsletter) if is_stop else looks(newsletter)
    assert len([each for each in found if words in each]) == 2


def test_findings_when_our_link_leads_to_a_draft_then_stops(newsletter, community, settings):
    draft = make_event(community, status="draft")
    make_block(newsletter, words=f"See {settings.SITE_URL}{draft.get_absolute_url()}")
    assert "publish it first" in stops(newsletter)[0]


@pytest.mark.parametrize(("status", "words"), [("draft", "Publish it first"), ("cancelled", "is cancelled")])
def test_findings_when_an_event_is_not_on_then_stops(newsletter, community, status, words):
    make_block(newsletter, kind="event", event=make_event(community, status=status))
    assert words in stops(newsletter)[0]


def test_findings_when_an_event_is_over_then_to_look_at(newsletter, community):
    past = timezone.now() - dt.timedelta(days=3)
    event = make_event(community, starts_at=past, ends_at=past + dt.timedelta(hours=1))
    make_block(newsletter, kind="event", event=event)
    assert "is over" in looks(newsletter)[0]
    assert stops(newsletter) == []


def test_findings_when_study_is_not_public_then_stops(newsletter, study):
    make_block(newsletter, kind="study", study=study)
    study.archived_at = timezone.now()
    study.save()
    assert "Readers cannot see the study" in stops(newsletter)[0]


def test_findings_when_too_long_then_stops(newsletter):
    for _ in range(6):
        make_block(newsletter, words="A long story. " * 1300)
    assert "kB" in stops(newsletter)[0]


def test_findings_when_shown_then_lead_to_the_block(client_of, newsletter):
    block = make_block(newsletter, words="Come to [place].")
    for name in ("preview", "send"):
        page = BeautifulSoup(client_of("staff").get(url(name, newsletter), follow=True).content, "html.parser")
        assert "Fill in or take out “[place]”" in page.get_text()
        assert page.select(f'a[href="{reverse("newsletters:edit_block", args=[newsletter.slug, block.pk])}"]')


def test_send_when_something_must_be_mended_then_not_offered_until_it_is(client_of, newsletter):
    block = make_block(newsletter, words="Come to [place].")
    client = client_of("staff")
    ways = [url("send", newsletter), url("schedule", newsletter)]

    def offered() -> list[str]:
        page = BeautifulSoup(client.get(url("preview", newsletter)).content, "html.parser")
        return [way for way in ways if page.select(f'a[href="{way}"]')]

    assert offered() == []
    assert client.get(url("send", newsletter)).url == url("preview", newsletter)
    assert "It can be sent once" in words_of(client.get(url("preview", newsletter)))
    type(block).objects.update(words="Come to the town hall. TBC")
    assert offered() == ways
    assert client.get(url("send", newsletter)).status_code == 200
    assert "It can be sent once" not in words_of(client.get(url("preview", newsletter)))


def test_send_when_something_must_be_mended_then_not_sent_however_asked(client_of, newsletter, community, staff):
    make_associate(community)
    make_block(newsletter, words="Come to [place].")
    answer = client_of("staff").post(url("send", newsletter), {"version": "1"}, follow=True)
    assert "has to be mended" in words_of(answer)
    with pytest.raises(RefusedError):
        schedule_newsletter(newsletter=newsletter, version=1, send_at=timezone.now() + dt.timedelta(hours=1), by=staff)
    newsletter.refresh_from_db()
    assert newsletter.status == "draft"
    assert not Delivery.objects.exists()


def test_scheduled_when_it_may_not_go_any_more_then_a_draft_and_its_scheduler_is_told(newsletter, community, staff):
    make_associate(community)
    event = make_event(community)
    make_block(newsletter, kind="event", event=event)
    schedule_newsletter(newsletter=newsletter, version=1, send_at=timezone.now() + dt.timedelta(hours=1), by=staff)
    event.status = "cancelled"
    event.save()
    Newsletter.objects.update(send_at=timezone.now() - dt.timedelta(minutes=1))
    assert send_scheduled() == 0
    newsletter.refresh_from_db()
    assert (newsletter.status, newsletter.send_at) == ("draft", None)
    told = Delivery.objects.get()
    assert told.recipient == staff.email
    assert "Not sent: Spring" in told.mailing.subject
    assert send_scheduled() == 0
    assert Delivery.objects.count() == 1


# --- The preview ----------------------------------------------------------------------------------------------


def test_preview_when_as_a_reader_then_their_name_and_no_link_of_theirs(client_of, newsletter, community):
    make_block(newsletter, words="Hello.")
    joan = make_associate(community, name="Joan Carer", email="joan@example.org")
    make_associate(community, newsletters=False, name="Peter Other")
    client = client_of("staff")
    page = client.get(url("preview", newsletter), {"as": "joan@"})
    assert "Hello Joan Carer," in words_of(page)
    frame = BeautifulSoup(page.content, "html.parser").select_one("iframe")["src"]
    assert "Hello Joan Carer," in words_of(client.get(frame))
    assert joan.key not in page.content.decode()
    nobody = words_of(client.get(url("preview", newsletter), {"as": "Peter"}))
    assert "Nobody who would get it" in nobody
    assert "Peter Other" not in nobody


def test_preview_when_on_a_phone_then_a_narrow_frame(client_of, newsletter):
    make_block(newsletter, words="Hello.")
    for query, width in (({}, "720"), ({"width": "phone"}, "375"), ({"width": "poster"}, "720")):
        page = client_of("staff").get(url("preview", newsletter), query)
        assert BeautifulSoup(page.content, "html.parser").select_one("iframe")["width"] == width
