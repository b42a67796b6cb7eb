"""Events: planning, publishing, telling people, calling off."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from communities.models import Event, EventPosting
from communities.services.consents import withdraw_consent
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.events import (
    cancel_event,
    create_event,
    delete_event,
    publish_event,
    save_event,
)
from communities.services.postings import announce_event
from mailing.models import Attachment, Delivery, Mailing
from tests.communities.factories import make_associate, make_community, make_event

INDEX, PAST, MANAGE, NEW = (reverse(f"events:{name}") for name in ("index", "past", "manage", "new"))


def url(name: str, event: Event) -> str:
    return reverse(f"events:{name}", args=[event.slug])


def planned(**changes) -> dict[str, object]:
    return {
        "title": "Annual conference", "kind": "conference", "community": "", "description": "Talks.\n\n- one\n- two",
        "starts_at_day": "24", "starts_at_month": "11", "starts_at_year": "2026", "starts_at_time": "2:30pm",
        "ends_at_day": "24", "ends_at_month": "11", "ends_at_year": "2026", "ends_at_time": "16:00",
        "place": "Town hall", "online_url": "", **changes,
    }  # fmt: skip


@pytest.fixture
def event(community):
    return make_event(community, title="Winter meeting", online_url="https://meet.example.org/secret")


@pytest.fixture
def other_community(other_study):
    return make_community(other_study)


def recipients(posting: EventPosting) -> set[str]:
    return set(Delivery.objects.filter(mailing=posting.mailing).values_list("recipient", flat=True))


def calendar_of(mailing: Mailing) -> Calendar:
    return Calendar.from_ical(bytes(Attachment.objects.get(mailing=mailing).content))


def test_form_when_opened_then_goes_through_what_when_who_may_come_and_for_whom(client_of):
    page = BeautifulSoup(client_of("staff").get(NEW).content, "html.parser")
    form = page.select_one("main form")
    assert [h2.text for h2 in form.select("h2")] == ["What it is", "When and where", "Taking part", "For whom it is"]
    assert form.select_one("#id_kind option").text == "Choose a kind"


def test_new_when_planned_then_a_draft_in_londons_time_that_only_staff_see(client, client_of, db):
    answer = client_of("staff").post(NEW, planned())
    event = Event.objects.get()
    assert answer.url == event.get_absolute_url()
    assert (event.slug, event.status) == ("annual-conference", "draft")
    assert event.starts_at == dt.datetime(2026, 11, 24, 14, 30, tzinfo=dt.UTC)
    assert event.when == "Tuesday 24 November 2026, 2:30pm to 4pm"
    assert client.get(event.get_absolute_url()).status_code == 404
    assert client.get(url("calendar_entry", event)).status_code == 404
    assert client_of("staff").get(event.get_absolute_url()).status_code == 200


def test_new_when_in_summer_then_an_hour_before_in_utc(client_of, db):
    client_of("staff").post(
        NEW, planned(starts_at_month="7", ends_at_month="July", starts_at_time="midday", ends_at_time="1pm")
    )
    event = Event.objects.get()
    assert event.starts_at == dt.datetime(2026, 7, 24, 11, 0, tzinfo=dt.UTC)
    assert event.when == "Friday 24 July 2026, midday to 1pm"


_CLOCKS_FORWARD = {"starts_at_day": "28", "starts_at_month": "3", "starts_at_year": "2027", "starts_at_time": "1:30am",
                   "ends_at_day": "28", "ends_at_month": "3", "ends_at_year": "2027",
                   "ends_at_time": "4am"}  # fmt: skip
_CLOCKS_BACK = {"starts_at_day": "25", "starts_at_month": "10", "starts_at_time": "1:30am",
                "ends_at_day": "25", "ends_at_month": "10", "ends_at_time": "4am"}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": ""}, "Enter a title"),
        ({"title": "a\u2028b"}, "on one line"),
        ({"kind": "party"}, "Select a valid choice"),
        ({"community": "77"}, "Select a valid choice"),
        ({"description": ""}, "Say what the event is"),
        ({"description": "{{token}}"}, "Take out {{ and }}"),
        ({"starts_at_day": ""}, "must include a day"),
        ({"starts_at_day": "31", "ends_at_day": "31"}, "real date"),
        ({"starts_at_time": "25:00"}, "Enter a time such as"),
        ({"ends_at_time": "2:30pm"}, "The end must be after the start"),
        ({"ends_at_day": "23"}, "The end must be after the start"),
        ({"ends_at_year": "2027"}, "at most 14 days"),
        ({"place": ""}, "Enter a place, or a link to join online, or both"),
        ({"place": "", "online_url": "not a link"}, "Enter the whole web address"),
        ({"online_url": "javascript:alert(1)"}, "Enter the whole web address"),
        ({"online_url": "ftp://example.org/x"}, "Enter"),
        (_CLOCKS_FORWARD, "The clocks go forward over this time"),
        (_CLOCKS_BACK, "The clocks go back over this time, so it comes twice"),
    ],
)
def test_new_when_something_is_wrong_then_says_so_and_keeps_the_rest(client_of, db, changes, words):
    answer = client_of("staff").post(NEW, {**planned(place="Town hall"), **changes})
    page = BeautifulSoup(answer.content, "html.parser")
    assert answer.status_code == 200
    assert words in page.get_text(" ")
    assert page.title.get_text().startswith("Error: ")
    assert not Event.objects.exists()


def test_new_when_it_spans_the_hour_the_clocks_go_back_then_taken(client_of, db):
    changes = {**_CLOCKS_BACK, "starts_at_time": "00:30", "ends_at_time": "3am"}
    client_of("staff").post(NEW, planned(**changes))
    event = Event.objects.get()
    assert event.ends_at - event.starts_at == dt.timedelta(hours=3, minutes=30)


@pytest.mark.parametrize(
    "broken",
    [{"place": "", "online_url": ""}, {"ends_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}],
)
def test_row_when_it_breaks_a_rule_then_the_database_refuses(db, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_event(**broken)


def test_publish_when_pressed_twice_then_public_once(client, client_of, community):
    event = make_event(community, status="draft")
    for _ in range(2):
        assert client_of("staff").post(url("publish", event)).url == event.get_absolute_url()
    event.refresh_from_db()
    assert (event.status, event.sequence) == ("published", 0)
    assert client.get(event.get_absolute_url()).status_code == 200


def test_page_when_link_is_for_those_who_agreed_then_only_staff_see_it(client, client_of, event):
    secret = "meet.example.org/secret"
    for page in (event.get_absolute_url(), url("calendar_entry", event), reverse("events_calendar"), INDEX):
        assert secret not in client.get(page).content.decode()
    assert secret in client_of("staff").get(event.get_absolute_url()).content.decode()
    event.show_online_url = True
    event.save()
    for page in (event.get_absolute_url(), url("calendar_entry", event), reverse("events_calendar")):
        assert secret in client.get(page).content.decode().replace("\r\n ", "")


def test_new_when_the_link_to_join_is_long_then_whole_and_when_too_long_then_an_error(client_of, community):
    client = client_of("staff")
    assert not BeautifulSoup(client.get(NEW).content, "html.parser").select("main [maxlength]")
    link = f"https://teams.example.org/l/meetup-join/{'19%3ameeting' * 20}"
    client.post(NEW, planned(online_url=link))
    assert Event.objects.get().online_url == link
    answer = client.post(NEW, planned(online_url=f"https://example.org/{'x' * 1000}"))
    assert "Use at most 1000 characters. You have used 1020." in answer.content.decode()
    assert Event.objects.count() == 1


def test_page_when_shown_then_its_data_for_search_engines_is_sound_and_cannot_break_out(client, community):
    event = make_event(community, title="</script><script>alert(1)</script>", online_url="https://meet.example.org/x")
    page = BeautifulSoup(client.get(event.get_absolute_url()).content, "html.parser")
    block = page.select_one("script[type='application/ld+json']")
    data = json.loads(block.string)
    assert data["name"] == event.title
    assert data["@type"] == "Event"
    assert data["eventStatus"] == "https://schema.org/EventScheduled"
    assert data["eventAttendanceMode"] == "https://schema.org/MixedEventAttendanceMode"
    assert "meet.example.org" not in block.string
    assert dt.datetime.fromisoformat(data["startDate"]) == event.starts_at
    assert "alert(1)" not in "".join(s.string or "" for s in page.select("script:not([type='application/ld+json'])"))


def test_list_when_opened_then_to_come_and_past_apart_and_no_drafts(client, community):
    make_event(
        title="Soon", starts_at=timezone.now() + dt.timedelta(hours=1), ends_at=timezone.now() + dt.timedelta(hours=2)
    )
    make_event(title="Later")
    make_event(title="Off", status="cancelled", cancelled_reason="Snow")
    make_event(title="Secret", status="draft")
    hour = dt.timedelta(hours=1)
    make_event(title="Now", starts_at=timezone.now() - hour, ends_at=timezone.now() + hour)
    make_event(title="Been", starts_at=timezone.now() - 3 * hour, ends_at=timezone.now() - hour)

    def titles(page):
        return [
            h.get_text(strip=True) for h in BeautifulSoup(client.get(page).content, "html.parser").select("main h2")
        ]

    assert titles(INDEX) == ["Now", "Soon", "Later", "Off"]
    assert titles(PAST) == ["Been"]


def test_edit_when_two_write_at_once_then_second_sees_both_and_loses_nothing(client_of, event, staff):
    client = client_of("staff")
    save_event(event=event, version=1, changes={"place": "Their hall"}, by=staff)
    answer = client.post(url("edit", event), planned(place="My hall", version="1"))
    page = BeautifulSoup(answer.content, "html.parser")
    assert answer.status_code == 409
    assert "Their hall" in page.get_text()
    assert page.select_one("input[name=place]")["value"] == "My hall"
    assert page.select_one("input[name=starts_at_time]")["value"] == "2:30pm"
    again = planned(place="My hall", version=page.select_one("input[name=version]")["value"])
    assert client.post(url("edit", event), again).url == event.get_absolute_url()
    event.refresh_from_db()
    assert event.place == "My hall"


def test_save_when_calendars_would_show_it_then_a_new_revision_otherwise_not(event, staff, other_community):
    event = save_event(event=event, version=1, changes={"place": "Elsewhere"}, by=staff)
    assert (event.sequence, event.version) == (1, 2)
    event = save_event(event=event, version=2, changes={"place": "Elsewhere", "community": other_community}, by=staff)
    assert (event.sequence, event.version) == (1, 3)
    draft = make_event(status="draft")
    assert save_event(event=draft, version=1, changes={"place": "Elsewhere"}, by=staff).sequence == 0
    with pytest.raises(StaleVersionError):
        save_event(event=event, version=1, changes={"place": "x"}, by=staff)


def test_announce_when_asked_for_then_says_how_many_then_goes_once(client_of, event, community):
    make_associate(community)
    client = client_of("staff")
    assert "Tell 1 person" in client.get(url("announce", event)).content.decode()
    assert not Mailing.objects.exists()
    for _ in range(3):
        assert client.post(url("announce", event)).url == event.get_absolute_url()
    assert (EventPosting.objects.count(), Mailing.objects.count(), Delivery.objects.count()) == (1, 1, 1)
    page = client.get(event.get_absolute_url()).content.decode()
    assert "Tell people" not in page
    assert "1 waiting" in page


def test_announce_when_people_are_of_every_kind_then_exactly_those_who_agreed_get_it(
    event, community, other_community, staff
):
    wanted = make_associate(community)
    make_associate(community, events=False)
    withdrawn = make_associate(community)
    withdraw_consent(associate=withdrawn, purposes=["events"], source="preferences page")
    make_associate(community).memberships.update(wants_events=False)
    make_associate(community).memberships.update(left_at=timezone.now())
    elsewhere = make_associate(other_community)
    belongs_nowhere = make_associate()
    assert recipients(announce_event(event=event, by=staff)) == {wanted.email}
    assert recipients(announce_event(event=make_event(), by=staff)) == {wanted.email, elsewhere.email}
    assert belongs_nowhere.memberships.count() == 0


def test_announce_when_sent_then_has_the_calendar_entry_with_the_link(event, community, staff):
    make_associate(community)
    mailing = announce_event(event=event, by=staff).mailing
    attachment = Attachment.objects.get(mailing=mailing)
    assert attachment.content_type == "text/calendar; method=PUBLISH; charset=utf-8"
    calendar = calendar_of(mailing)
    entry = calendar.walk("VEVENT")[0]
    assert (calendar["METHOD"], entry["STATUS"], entry["SEQUENCE"]) == ("PUBLISH", "CONFIRMED", 0)
    assert "https://meet.example.org/secret" in entry["DESCRIPTION"]
    assert "https://meet.example.org/secret" in mailing.text
    assert "list=events&community=home-visits" in mailing.headers["List-Unsubscribe"]
    assert mailing.list_key == "events/home-visits/"


def test_announce_when_a_control_character_was_pasted_then_the_email_is_made_without_it(event, community, staff):
    make_associate(community)
    event.description = "One\x0btwo\x01 three\ufffe"
    event.save()
    mailing = announce_event(event=event, by=staff).mailing
    assert "two three" in mailing.text
    assert not set("\x0b\x01\ufffe") & set(mailing.text + mailing.html)


@pytest.mark.parametrize("state", ["draft", "cancelled", "past"])
def test_announce_when_it_is_not_on_then_refused_in_words(client_of, community, state):
    make_associate(community)
    past = {"starts_at": timezone.now() - dt.timedelta(hours=3), "ends_at": timezone.now() - dt.timedelta(hours=1)}
    event = make_event(community, **(past if state == "past" else {"status": state}))
    answer = client_of("staff").post(url("announce", event), follow=True)
    assert answer.redirect_chain[-1][0] == event.get_absolute_url()
    assert {"draft": "Publish the event first", "cancelled": "Publish", "past": "is over"}[
        state
    ] in answer.content.decode()
    assert not Mailing.objects.exists()


def test_announce_when_nobody_agreed_then_refused(event, staff):
    with pytest.raises(RefusedError, match="Nobody has asked"):
        announce_event(event=event, by=staff)
    assert not EventPosting.objects.exists()


def test_cancel_when_people_were_told_then_told_again_and_calendars_drop_it(client, client_of, event, community, staff):
    told, withdrawn = make_associate(community), make_associate(community)
    announcement = announce_event(event=event, by=staff)
    Delivery.objects.filter(mailing=announcement.mailing).update(status="sent", due_at=None, settled_at=timezone.now())
    withdraw_consent(associate=withdrawn, purposes=["events"], source="unsubscribe page")
    make_associate(community)  # joined since: was not told that it is on
    page = client_of("staff").get(url("cancel", event)).content.decode()
    assert "1 person" in page
    for _ in range(2):
        assert client_of("staff").post(url("cancel", event), {"reason": "Snow."}).status_code == 302
    event.refresh_from_db()
    assert (event.status, event.cancelled_reason, event.sequence) == ("cancelled", "Snow.", 1)
    posting = EventPosting.objects.get(kind="cancellation")
    assert recipients(posting) == {told.email}
    assert "Snow." in posting.mailing.text
    calendar = calendar_of(posting.mailing)
    entry = calendar.walk("VEVENT")[0]
    assert (calendar["METHOD"], entry["STATUS"], entry["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
    assert entry["UID"] == calendar_of(announcement.mailing).walk("VEVENT")[0]["UID"]
    public = client.get(event.get_absolute_url()).content.decode()
    assert "This event is cancelled" in public
    assert "EventCancelled" in public


def test_cancel_when_some_still_wait_to_be_told_then_they_get_neither(event, community, staff):
    early, late = make_associate(community), make_associate(community)
    announcement = announce_event(event=event, by=staff)
    Delivery.objects.filter(recipient=early.email).update(status="sent", due_at=None, settled_at=timezone.now())
    cancel_event(event=event, reason="Snow.", by=staff)
    assert Delivery.objects.get(mailing=announcement.mailing, recipient=late.email).status == "skipped"
    assert recipients(EventPosting.objects.get(kind="cancellation")) == {early.email}


def test_cancel_when_nobody_was_told_then_no_email(event, community, staff):
    make_associate(community)
    cancel_event(event=event, reason="Snow.", by=staff)
    assert not Mailing.objects.exists()


def test_cancel_when_no_reason_is_given_then_asks_for_it(client_of, event):
    page = client_of("staff").post(url("cancel", event), {"reason": " "})
    assert "Say why the event is cancelled" in page.content.decode()
    event.refresh_from_db()
    assert event.status == "published"


def test_changes_when_cancelled_or_over_then_refused(event, community, staff):
    cancel_event(event=event, reason="Snow.", by=staff)
    with pytest.raises(RefusedError):
        save_event(event=event, version=2, changes={"place": "x"}, by=staff)
    with pytest.raises(RefusedError):
        publish_event(event=event, by=staff)
    with pytest.raises(RefusedError):
        delete_event(event=event)
    with pytest.raises(RefusedError):
        cancel_event(event=make_event(status="draft"), reason="x", by=staff)
    past = make_event(starts_at=timezone.now() - dt.timedelta(hours=3), ends_at=timezone.now() - dt.timedelta(hours=1))
    with pytest.raises(RefusedError):
        cancel_event(event=past, reason="x", by=staff)


def test_delete_when_a_draft_then_gone_after_confirming(client_of, community):
    draft = make_event(community, status="draft")
    client = client_of("staff")
    assert client.get(url("delete", draft)).status_code == 200
    assert client.post(url("delete", draft)).url == MANAGE
    assert not Event.objects.exists()
    delete_event(event=draft)


def test_slug_when_title_repeats_or_is_reserved_then_another(staff, db):
    fields = {"kind": "roadshow", "description": "x", "place": "y",
              "starts_at": timezone.now(), "ends_at": timezone.now() + dt.timedelta(hours=1)}  # fmt: skip
    slugs = [create_event(by=staff, title=title, **fields).slug for title in ("Past", "Past", "Roadshow", "Roadshow")]
    assert slugs == ["past-2", "past-3", "roadshow", "roadshow-2"]


@pytest.mark.parametrize("page", [INDEX, PAST, MANAGE, reverse("events_calendar"), reverse("events:feed")])
def test_lists_when_there_are_more_then_as_many_queries(client_of, community, page, django_assert_num_queries):
    client = client_of("staff")
    hour = dt.timedelta(hours=1)
    been = {"starts_at": timezone.now() - 3 * hour, "ends_at": timezone.now() - hour}
    make_event(community)
    make_event(community, **been)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for _ in range(25):
        make_event(community)
        make_event(community, **been)
    with django_assert_num_queries(len(few)):
        client.get(page)
