"""Every calendar read back by another library than the one that wrote it, and line by line against RFC 5545."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
import time_machine
import vobject
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from icalendar import Event as Entry

from communities import ics
from communities.models import Event, EventPosting
from communities.services.events import cancel_event, save_event
from communities.services.postings import announce_event
from communities.tokens import calendar_token
from mailing.models import Attachment
from tests.communities.factories import make_associate, make_event
from tests.communities.test_feeds import lines_of, values

TODAY = dt.datetime(2026, 11, 27, 15, 0, tzinfo=dt.UTC)
HOSTILE = 'Hall; A, B \\ "C"\nEND:VEVENT\r\nBEGIN:VALARM\rX-A:b\x0bc\x01\u2028d ' + "Überführung für Zoë 🏥 " * 9
TITLE = 'Hall; A, B \\ "C" END:VEVENT \\n ' + "Überführung für Zoë 🏥 " * 5
#: What a reader finds: one kind of new line, and nothing that a calendar may not hold.
READ = 'Hall; A, B \\ "C"\nEND:VEVENT\nBEGIN:VALARM\nX-A:b\nc\nd ' + "Überführung für Zoë 🏥 " * 9
#: RFC 5545, 3.1: name, parameters, value; no control character but a tab.
CONTENT_LINE = re.compile(
    r'[A-Z0-9-]+(;[A-Z0-9-]+=("[^"\x00-\x08\x0a-\x1f\x7f]*"|[^";:,\x00-\x1f\x7f]*))*:[^\x00-\x08\x0a-\x1f\x7f]*'
)
#: RFC 5545, 3.3.11: what stands in a text for itself, and what is escaped.
TEXT = re.compile(r"([^\\;,\x00-\x08\x0a-\x1f\x7f]|\\[\\;,nN])*")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def event(community):
    return make_event(
        community, title=TITLE, description=HOSTILE, place=HOSTILE, online_url="https://meet.example.org/a,b;c",
        show_online_url=True, starts_at=dt.datetime(2027, 7, 6, 9, 30, tzinfo=dt.UTC),
        ends_at=dt.datetime(2027, 7, 6, 15, 0, tzinfo=dt.UTC),
    )  # fmt: skip


@pytest.fixture
def reader(community):
    return make_associate(community)


@pytest.fixture(params=["attachment", "file", "everybody's feed", "a community's feed", "a person's feed"])
def read(request, client, community, reader, staff) -> Callable[[Event], bytes]:
    """The bytes of one calendar that has the event."""

    def attached(event: Event) -> bytes:
        mailing = announce_event(event=event, by=staff).mailing
        return bytes(Attachment.objects.get(mailing=mailing).content)

    addresses = {
        "file": lambda event: reverse("events:calendar_entry", args=[event.slug]),
        "everybody's feed": lambda event: "/events.ics",
        "a community's feed": lambda event: f"/communities/{community.slug}/events.ics",
        "a person's feed": lambda event: reverse("events:personal_calendar", args=[calendar_token(reader)]),
    }
    if request.param == "attachment":
        return attached
    return lambda event: client.get(addresses[request.param](event)).content


def entry_of(content: bytes) -> vobject.base.Component:
    """The one event of a calendar, as the other library reads it."""
    (calendar,) = vobject.readComponents(content.decode("utf-8"))
    (entry,) = calendar.vevent_list
    return entry


def check_lines(content: bytes) -> list[str]:
    """Assert what RFC 5545 asks of every line; returns the lines, unfolded."""
    lines = lines_of(content)  # ends, lengths and folds of the lines as they are sent
    open_ones: list[str] = []
    for line in lines:
        assert CONTENT_LINE.fullmatch(line), line
        name, _, value = line.partition(":")
        if name == "BEGIN":
            open_ones.append(value)
        elif name == "END":
            assert open_ones.pop() == value
        elif name.partition(";")[0] in {"SUMMARY", "DESCRIPTION", "LOCATION", "UID", "X-WR-CALNAME", "NAME"}:
            assert TEXT.fullmatch(value), line
    assert open_ones == []
    return lines


def test_calendar_when_read_by_another_library_then_says_what_the_event_says(read, event):
    entry = entry_of(read(event))
    assert entry.dtstart.value == event.starts_at
    assert entry.dtend.value == event.ends_at
    assert str(entry.dtstart.value.tzinfo.tzname(entry.dtstart.value.replace(tzinfo=None))) == "BST"
    assert (entry.summary.value, entry.location.value) == (TITLE, READ)
    assert entry.description.value.replace("\n\n", "\n").startswith(READ[:17])
    assert "Join online: https://meet.example.org/a,b;c" in entry.description.value
    assert entry.url.value == f"http://testserver{event.get_absolute_url()}"
    assert (entry.status.value, entry.sequence.value, entry.uid.value) == ("CONFIRMED", "0", f"{event.uid}@testserver")
    assert set(entry.contents) == {
        "uid", "dtstamp", "created", "last-modified", "sequence", "status", "summary", "dtstart", "dtend", "location",
        "description", "url", "categories", "transp", "organizer",
    }  # fmt: skip


def test_calendar_when_looked_at_line_by_line_then_keeps_the_standard(read, event):
    lines = check_lines(read(event))
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"] or values(lines, "VERSION") == ["2.0"]
    assert values(lines, "METHOD") == ["PUBLISH"]
    assert len(values(lines, "PRODID")) == 1
    assert values(lines, "DTSTAMP") == ["20261127T150000Z"]
    assert all(value.endswith("Z") for name in ("CREATED", "LAST-MODIFIED") for value in values(lines, name))
    assert "DTSTART;TZID=Europe/London:20270706T103000" in lines
    assert "DTEND;TZID=Europe/London:20270706T160000" in lines
    assert not any(line in lines for line in ("BEGIN:VALARM", "X-A:b"))


def test_calendar_when_it_has_london_times_then_both_rules_of_its_clocks(read, event):
    lines = check_lines(read(event))
    begin, end = lines.index("BEGIN:VTIMEZONE"), lines.index("END:VTIMEZONE")
    assert values(lines, "TZID") == ["Europe/London"]
    assert end < lines.index("BEGIN:VEVENT")
    zone = lines[begin:end]
    assert (zone.count("BEGIN:DAYLIGHT"), zone.count("BEGIN:STANDARD")) == (1, 1)
    for rule in ("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"):
        assert rule in values(zone, "RRULE")
    assert (values(zone, "TZOFFSETFROM"), values(zone, "TZOFFSETTO")) == (["+0000", "+0100"], ["+0100", "+0000"])


@pytest.mark.parametrize("year", [2026, 2027, 2030, 2037])
@pytest.mark.parametrize("month", range(1, 13))
def test_clocks_when_another_library_follows_the_rules_then_every_day_is_as_london_has_it(community, year, month):
    starts_at = dt.datetime(year, month, 28, 12, tzinfo=dt.UTC)
    event = make_event(starts_at=starts_at, ends_at=starts_at + dt.timedelta(days=3, hours=1))
    entry = entry_of(ics.calendar_file(event))
    assert (entry.dtstart.value, entry.dtend.value) == (event.starts_at, event.ends_at)


def test_time_when_it_is_in_the_hour_that_comes_twice_then_in_utc(db):
    twice = dt.datetime(2027, 10, 31, 1, 30, tzinfo=dt.UTC)  # 1:30am, the second time
    event = make_event(starts_at=twice, ends_at=twice + dt.timedelta(hours=2))
    lines = check_lines(ics.calendar_file(event))
    assert ("DTSTART:20271031T013000Z" in lines, "DTEND;TZID=Europe/London:20271031T033000" in lines) == (True, True)
    assert entry_of(ics.calendar_file(event)).dtstart.value == twice


def test_revisions_when_changed_and_called_off_then_one_uid_and_a_rising_sequence(read, event, staff):
    def revision() -> tuple[str, str, str]:
        entry = entry_of(ics.calendar_file(event))
        return entry.uid.value, entry.sequence.value, entry.status.value

    before = entry_of(read(event)).uid.value
    seen = [revision()]
    event = save_event(event=event, version=1, changes={"title": "Other title"}, by=staff)
    seen.append(revision())
    event = save_event(event=event, version=2, changes={"starts_at": event.starts_at + dt.timedelta(hours=1)}, by=staff)
    seen.append(revision())
    event = cancel_event(event=event, reason="Snow; ice, and\nmore", by=staff)
    seen.append(revision())
    assert {uid for uid, *_ in seen} == {before}
    assert [(sequence, status) for _, sequence, status in seen] == [
        ("0", "CONFIRMED"), ("1", "CONFIRMED"), ("2", "CONFIRMED"), ("3", "CANCELLED"),
    ]  # fmt: skip


def test_cancellation_when_it_is_emailed_then_calendars_are_told_to_drop_that_entry(event, reader, staff):
    announced = announce_event(event=event, by=staff).mailing
    announced.deliveries.update(status="sent", due_at=None, settled_at=TODAY)
    cancel_event(event=event, reason="Snow", by=staff)
    posting = EventPosting.objects.get(kind="cancellation")
    attachment = Attachment.objects.get(mailing=posting.mailing)
    assert attachment.content_type == "text/calendar; method=CANCEL; charset=utf-8"
    lines = check_lines(bytes(attachment.content))
    assert (values(lines, "METHOD"), values(lines, "STATUS")) == (["CANCEL"], ["CANCELLED"])
    entry = entry_of(bytes(attachment.content))
    first = entry_of(bytes(Attachment.objects.get(mailing=announced).content))
    assert entry.uid.value == first.uid.value
    assert entry.organizer.value == first.organizer.value
    assert int(entry.sequence.value) > int(first.sequence.value)
    assert entry.description.value.startswith("This event has been cancelled. Snow")


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_text_when_it_is_anything_at_all_then_the_file_is_sound_and_nothing_is_forged(text):
    event = Event(
        slug="x", title=text, place=text, description="Talks.", created_at=TODAY, updated_at=TODAY, starts_at=TODAY,
        ends_at=TODAY + dt.timedelta(hours=1),
    )  # fmt: skip
    content = ics.calendar_file(event)
    lines = check_lines(content)
    assert lines.count("BEGIN:VEVENT") == 1
    ours, theirs = Calendar.from_ical(content).walk("VEVENT")[0], entry_of(content)
    assert isinstance(ours, Entry)
    assert theirs.summary.value == str(ours["SUMMARY"])
    assert len(values(lines, "SUMMARY")) == len(values(lines, "LOCATION")) == 1
