"""Calendars line by line against RFC 5545, and Atom feeds read back."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from communities import ics
from tests.communities.factories import make_community, make_event, make_sent

ATOM = "{http://www.w3.org/2005/Atom}"
LONG = "Räume für alle; Küche, Hof \\ und „Garten“ " * 20


def lines_of(content: bytes) -> list[str]:
    """The content lines of a calendar, unfolded, with RFC 5545, 3.1 checked on the way."""
    assert content.endswith(b"\r\n")
    physical = content[:-2].split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line for line in physical)
    assert all(0 < len(line) <= 75 for line in physical)
    unfolded: list[bytes] = []
    for line in physical:
        if line[:1] in (b" ", b"\t"):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    return [line.decode("utf-8") for line in unfolded]


def values(lines: list[str], name: str) -> list[str]:
    return [line.partition(":")[2] for line in lines if line.partition(":")[0].partition(";")[0] == name]


@pytest.fixture
def event(community):
    return make_event(
        community, title="Meeting; with, commas", description=LONG + "\n\nBEGIN:VEVENT\nSUMMARY:forged",
        starts_at=dt.datetime(2027, 3, 27, 23, 30, tzinfo=dt.UTC),
        ends_at=dt.datetime(2027, 3, 28, 2, 30, tzinfo=dt.UTC),
        place="Town hall, Derby; room 2",
    )  # fmt: skip


def test_file_when_downloaded_then_sound_line_by_line(client, event):
    answer = client.get(reverse("events:calendar_entry", args=[event.slug]))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="{event.slug}.ics"'
    lines = lines_of(answer.content)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    once = {"VERSION": "2.0", "METHOD": "PUBLISH", "CALSCALE": "GREGORIAN", "UID": f"{event.uid}@testserver",
            "SEQUENCE": "0", "STATUS": "CONFIRMED", "DTSTART": "20270327T233000", "DTEND": "20270328T033000",
            "SUMMARY": "Meeting\\; with\\, commas", "LOCATION": "Town hall\\, Derby\\; room 2"}  # fmt: skip
    entry = lines[lines.index("BEGIN:VEVENT") :]
    for name, value in once.items():
        assert values(entry if name == "DTSTART" else lines, name) == [value]
    for name in ("PRODID", "DTSTAMP", "LAST-MODIFIED", "CREATED", "ORGANIZER", "URL", "DESCRIPTION"):
        assert len(values(lines, name)) == 1, name
    assert values(lines, "DTSTAMP")[0].endswith("Z")
    assert values(lines, "ORGANIZER")[0].startswith("mailto:")


def test_file_when_read_back_then_says_what_the_event_says(event):
    entry = Calendar.from_ical(ics.calendar_file(event)).walk("VEVENT")[0]
    assert str(entry["SUMMARY"]) == event.title
    assert entry.decoded("DTSTART") == event.starts_at
    assert entry.decoded("DTEND") == event.ends_at
    assert str(entry["DESCRIPTION"]).startswith(LONG.strip()[:200])
    assert str(entry["LOCATION"]) == event.place


def test_file_when_event_is_cancelled_then_says_so(event):
    event.status, event.sequence = "cancelled", 3
    event.save()
    lines = lines_of(ics.calendar_file(event, method="CANCEL"))
    assert (values(lines, "METHOD"), values(lines, "STATUS"), values(lines, "SEQUENCE")) == (
        ["CANCEL"],
        ["CANCELLED"],
        ["3"],
    )
    assert values(lines, "SUMMARY")[0].startswith("Cancelled: ")


def test_calendars_when_subscribed_to_then_hold_the_public_events_of_theirs(client, community, other_study):
    other = make_community(other_study)
    ours, theirs, everybodys = make_event(community), make_event(other), make_event()
    off = make_event(community, status="cancelled", cancelled_reason="Snow")
    make_event(community, status="draft")
    long_past = timezone.now() - dt.timedelta(days=200)
    make_event(community, starts_at=long_past, ends_at=long_past + dt.timedelta(hours=1))

    def uids(address: str) -> set[str]:
        answer = client.get(address)
        assert answer["Content-Type"] == "text/calendar; charset=utf-8"
        lines = lines_of(answer.content)
        assert values(lines, "METHOD") == ["PUBLISH"]
        assert len(values(lines, "X-WR-CALNAME")) == 1
        return {uid.partition("@")[0] for uid in values(lines, "UID")}

    assert uids("/events.ics") == {ours.uid, theirs.uid, everybodys.uid, off.uid}
    assert uids(f"/communities/{community.slug}/events.ics") == {ours.uid, off.uid}


def test_calendar_when_empty_then_still_sound(client, community):
    assert lines_of(client.get("/events.ics").content)[0] == "BEGIN:VCALENDAR"


def test_calendar_when_community_is_hidden_then_404(client, community):
    community.study.archived_at = timezone.now()
    community.study.save()
    assert client.get(f"/communities/{community.slug}/events.ics").status_code == 404
    assert client.get("/communities/none/events.ics").status_code == 404


def test_newsletter_feed_when_read_then_newest_first_and_well_formed(client, community):
    make_sent(community, title="Older", sent_at=timezone.now() - dt.timedelta(days=2))
    newer = make_sent(community, title="Newer & <better>", words="## Hi\n\n<b>x</b>")
    answer = client.get("/newsletters/feed/")
    assert answer["Content-Type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.content)
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]
    assert titles == ["Newer & <better>", "Older"]
    entry = feed.find(f"{ATOM}entry")
    assert entry.find(f"{ATOM}link").get("href") == f"http://testserver{newer.get_absolute_url()}"
    summary = entry.findtext(f"{ATOM}summary")
    assert "<p>What is new.</p>" in summary
    assert "<h2>Hi</h2>\n<p>&lt;b&gt;x&lt;/b&gt;</p>" in summary
    assert entry.findtext(f"{ATOM}updated")
    assert feed.findtext(f"{ATOM}id")


def test_event_feed_when_read_then_to_come_only(client, community):
    make_event(community, title="Soon", place="R&D Hall <1>")
    make_event(community, title="Off", status="cancelled")
    make_event(community, title="Draft", status="draft")
    feed = ElementTree.fromstring(client.get(reverse("events:feed")).content)
    assert {entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")} == {"Soon", "Cancelled: Off"}
    (summary,) = (each for each in feed.iter(f"{ATOM}summary") if "R&" in each.text)
    assert summary.get("type") == "html"
    assert BeautifulSoup(summary.text, "html.parser").get_text().endswith(". R&D Hall <1>")


def test_feeds_when_texts_hold_what_xml_may_not_then_sound_and_without_it(client, community):
    odd = "from\x0bslides \x1f\ufffe]]> &#0;"  # a vertical tab is a new line in PowerPoint
    make_sent(community, title=odd, introduction=odd, words="One\x0b- two\x1f")
    make_event(community, title=odd, place=odd)
    for feed in ("newsletters:feed", "events:feed"):
        (entry,) = ElementTree.fromstring(client.get(reverse(feed)).content).iter(f"{ATOM}entry")
        assert entry.findtext(f"{ATOM}title") == "from\nslides ]]> &#0;"
    body = ElementTree.fromstring(client.get(reverse("newsletters:feed")).content).find(f".//{ATOM}summary").text
    assert "<p>One</p>\n<ul><li>two</li></ul>" in body


def test_calendars_when_offered_then_with_the_address_to_copy_and_to_open(client, community):
    for page, calendar in (
        (reverse("events:index"), reverse("events_calendar")),
        (community.get_absolute_url(), reverse("communities:calendar", args=[community.slug])),
    ):
        soup = BeautifulSoup(client.get(page).content, "html.parser")
        links = {a["href"] for a in soup.select("details a") if a["href"].endswith(calendar)}
        assert links == {f"webcal://testserver{calendar}", f"http://testserver{calendar}"}


# --- Who has it already -------------------------------------------------------------------------------------------

FEEDS = ["/events.ics", "/events/feed/", "/newsletters/feed/", "/communities/{slug}/events.ics"]


def again(client, address: str, etag: str):
    return client.get(address, headers={"if-none-match": etag})


@pytest.mark.parametrize("address", FEEDS)
def test_feeds_when_nothing_changed_then_304_and_once_something_did_whole(
    client, community, address, django_assert_max_num_queries
):
    event = make_event(community)
    newsletter = make_sent(community, words="Before")
    address = address.format(slug=community.slug)
    first = client.get(address)
    assert first["ETag"].startswith('W/"')
    assert first["Cache-Control"] == "no-cache"
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=7)), django_assert_max_num_queries(5):
        same = again(client, address, first["ETag"])
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    event.title = "Moved"
    event.save()
    newsletter.blocks.update(words="After")
    changed = again(client, address, first["ETag"])
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]
    assert (b"After" if "newsletters" in address else b"Moved") in changed.content


def test_feed_when_what_a_newsletter_shows_changed_then_whole(client, community):
    event = make_event(community, title="Before")
    make_sent(community).blocks.create(kind="event", position=20, event=event)
    first = client.get("/newsletters/feed/")
    assert again(client, "/newsletters/feed/", first["ETag"]).status_code == 304
    type(event).objects.filter(pk=event.pk).update(title="After")
    assert b"After" in again(client, "/newsletters/feed/", first["ETag"]).content


def test_calendar_when_an_event_is_long_past_then_whole_without_it(client, community):
    make_event(community)
    first = client.get("/events.ics")
    with time_machine.travel(timezone.now() + dt.timedelta(days=400)):
        later = again(client, "/events.ics", first["ETag"])
    assert later.status_code == 200
    assert b"VEVENT" not in later.content


def test_feeds_when_logged_in_then_kept_by_the_browser_alone(client_of, community):
    for address in FEEDS:
        answer = client_of("staff").get(address.format(slug=community.slug))
        assert answer["Cache-Control"] == "no-cache, private"
        assert "Cookie" in answer["Vary"]


def test_feeds_when_asked_for_with_1_and_with_50_then_as_many_queries(client, community):
    for address in FEEDS:
        address = address.format(slug=community.slug)
        counts = []
        for number in (1, 49):
            for _ in range(number):
                make_sent(community).blocks.create(kind="event", position=20, event=make_event(community))
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1], address
