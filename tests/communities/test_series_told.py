"""What people are told of events that repeat: announcing several dates and calling them off."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from icalendar import Calendar

from communities.models import Event, EventPosting
from communities.services.consents import withdraw_consent
from communities.services.events import cancel_event
from communities.services.postings import announce_event, to_announce
from communities.services.series import repeat_event
from mailing.models import Attachment, Delivery, Mailing
from tests.communities.factories import make_associate, make_community, make_registration
from tests.communities.registering import url
from tests.communities.series import FIRST, NOW, entries, sent
from tests.communities.test_feeds import lines_of, values
from tests.pages import words_of


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


# --- Announcing -----------------------------------------------------------------------------------------------------


def test_announce_when_the_whole_series_then_one_email_lists_the_dates_once(client_of, series, community):
    person = make_associate(community)
    client, there = client_of("staff"), url("announce", series[1])
    assert "All 4 dates that nobody was told of yet, in one email" in words_of(client.get(there))
    assert "Choose an answer" in words_of(client.post(there))
    assert not Mailing.objects.exists()
    for _ in range(2):
        client.post(there, {"scope": "following"})
    mailing = Mailing.objects.get()
    assert set(mailing.deliveries.values_list("recipient", flat=True)) == {person.email}
    assert mailing.subject == "Memory café (4 dates)"
    assert {each.event for each in EventPosting.objects.all()} == set(series)
    for each in series:
        assert f"* {each.when}:\n  http://testserver{each.get_absolute_url()}" in mailing.text
        assert each.when in mailing.html
    assert "Register on the page of each date" in mailing.text
    assert entries(mailing) == {each.uid: ("CONFIRMED", 0) for each in series}
    content = bytes(Attachment.objects.get(mailing=mailing).content)
    assert lines_of(content).count("BEGIN:VTIMEZONE") == 1
    for each in series:
        announce_event(event=each, by=each.created_by)
    assert Mailing.objects.count() == 1


def test_announce_when_some_are_drafts_over_off_announced_or_for_others_then_not_among_them(
    series, community, other_study, staff
):
    make_associate(community)
    more = repeat_event(event=series[3], every="week", times=4, by=staff)
    draft, off, elsewhere = more
    Event.objects.filter(pk=draft.pk).update(status="draft")
    Event.objects.filter(pk=off.pk).update(status="cancelled")
    Event.objects.filter(pk=elsewhere.pk).update(community=make_community(other_study))
    announce_event(event=series[0], by=staff)
    with time_machine.travel(FIRST + dt.timedelta(days=8), tick=False):
        assert list(to_announce(series[2])) == series[2:]
        posting = announce_event(event=series[2], by=staff, whole_series=True)
    assert posting.event == series[2]
    assert set(entries(posting.mailing)) == {each.uid for each in series[2:]}


# --- Calling off ----------------------------------------------------------------------------------------------------


def test_cancel_when_this_and_those_that_follow_then_one_email_and_calendars_show_them_as_off(
    client_of, series, community, staff
):
    told = make_associate(community)
    sent(announce_event(event=series[0], by=staff, whole_series=True).mailing)
    coming = make_registration(series[2])
    client, there = client_of("staff"), url("cancel", series[1])
    page = words_of(client.get(there))
    assert "1 person who registered or have been told" in page
    assert "This date and the 2 that follow" in page
    assert "Choose an answer" in words_of(client.post(there, {"reason": "No room"}))
    for _ in range(2):
        client.post(there, {"reason": "No room", "scope": "following"})
    now = Event.objects.order_by("starts_at")
    assert [each.status for each in now] == ["published", "cancelled", "cancelled", "cancelled"]
    assert {each.cancelled_reason for each in now[1:]} == {"No room"}
    (mailing,) = {each.mailing for each in EventPosting.objects.filter(kind="cancellation")}
    assert set(mailing.deliveries.values_list("recipient", flat=True)) == {told.email}
    assert mailing.subject == "Cancelled: Memory café (3 dates)"
    assert entries(mailing) == {each.uid: ("CANCELLED", 1) for each in series[1:]}
    content = bytes(Attachment.objects.get(mailing=mailing).content)
    assert values(lines_of(content), "METHOD") == ["PUBLISH"]  # CANCEL may be about one entry only
    personal = Delivery.objects.get(recipient=coming.email)
    own = Calendar.from_ical(bytes(Attachment.objects.get(mailing=personal.mailing).content))
    assert (own["METHOD"], len(own.walk("VEVENT"))) == ("CANCEL", 1)


def test_cancel_when_one_date_of_an_announced_series_then_whoever_waits_is_told_of_both(series, community, staff):
    waiting = make_associate(community)
    announcement = announce_event(event=series[0], by=staff, whole_series=True).mailing
    cancel_event(event=series[1], reason="Snow", by=staff)
    assert announcement.deliveries.get().status == "queued"
    posting = EventPosting.objects.get(kind="cancellation")
    assert set(posting.mailing.deliveries.values_list("recipient", flat=True)) == {waiting.email}
    content = bytes(Attachment.objects.get(mailing=posting.mailing).content)
    assert values(lines_of(content), "METHOD") == ["CANCEL"]


def test_cancel_when_all_dates_of_an_announced_series_then_whoever_waits_is_told_of_neither(series, community, staff):
    make_associate(community)
    announcement = announce_event(event=series[0], by=staff, whole_series=True).mailing
    cancel_event(event=series[0], reason="Snow", by=staff, following_too=True)
    assert announcement.deliveries.get().status == "skipped"
    assert not EventPosting.objects.filter(kind="cancellation").exists()


def test_withdraw_when_a_series_waits_to_be_sent_then_withdrawn_at_once(series, community, staff):
    person = make_associate(community)
    mailing = announce_event(event=series[0], by=staff, whole_series=True).mailing
    withdraw_consent(associate=person, purposes=["events"], source="here")
    assert mailing.deliveries.get().status == "skipped"
