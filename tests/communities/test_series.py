"""Events that repeat: their dates, changing, calling off and announcing several at once."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from communities.models import Event, EventPosting, EventSeries
from communities.services.errors import RefusedError
from communities.services.events import cancel_event, delete_event, publish_event, save_event
from communities.services.postings import announce_event
from communities.services.series import repeat_event
from mailing.models import Delivery
from tests.communities.factories import make_associate, make_event, make_registration
from tests.communities.registering import url
from tests.communities.series import FIRST, NOW, entries, sent
from tests.communities.test_feeds import lines_of, values
from tests.communities.together import at_once
from tests.pages import words_of


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def as_posted(event: Event, **changes) -> dict[str, object]:
    data: dict[str, object] = {
        "title": event.title, "kind": event.kind, "community": event.community_id or "",
        "description": event.description, "place": event.place, "online_url": event.online_url,
        "takes_registrations": "on", "capacity": event.capacity, "version": event.version,
    }  # fmt: skip
    for name in ("starts_at", "ends_at"):
        moment = changes.pop(name, getattr(event, name)).astimezone(dt.UTC)
        data |= {f"{name}_day": moment.day, f"{name}_month": moment.month, f"{name}_year": moment.year,
                 f"{name}_time": f"{moment:%H:%M}"}  # fmt: skip
    return {**data, **changes}


# --- Repeating ------------------------------------------------------------------------------------------------------


def test_repeat_when_filled_in_then_the_dates_are_shown_before_they_are_made(client_of, cafe):
    client, there = client_of("staff"), url("repeat", cafe)
    assert "Every month, on the third Tuesday" in words_of(client.get(there))
    answer = client.post(there, {"every": "week", "ends": "times", "times": "4"})
    page = BeautifulSoup(answer.content, "html.parser")
    assert "3 new dates" in words_of(answer)
    assert "Tuesday 30 March 2027, 10:30am to 12:30pm" in words_of(answer)
    assert Event.objects.count() == 1
    confirmed = page.select_one("input[name=confirmed]")["value"]
    data = {"every": "week", "ends": "times", "times": "4", "confirmed": confirmed}
    assert "2 new dates" in words_of(client.post(there, {**data, "times": "3"}))  # what was shown was another choice
    for _ in range(2):
        assert client.post(there, data).url == f"{cafe.get_absolute_url()}#dates"
    dates = list(Event.objects.order_by("starts_at"))
    assert [each.when for each in dates][1:3] == [
        "Tuesday 23 March 2027, 10:30am to 12:30pm", "Tuesday 30 March 2027, 10:30am to 12:30pm",
    ]  # fmt: skip
    assert dates[2].starts_at.hour == 9  # in summer time
    assert len({each.uid for each in dates}) == len({each.slug for each in dates}) == len(dates) == 4
    assert {each.series for each in dates} == {EventSeries.objects.get()}
    copied = [(each.title, each.place, each.capacity, each.takes_registrations, each.status) for each in dates]
    assert set(copied) == {("Memory café", "Town hall", 10, True, "published")}
    assert dates[1].slug == "memory-cafe-23-march-2027"


def test_repeat_when_dates_fall_on_nothing_then_said(client_of, community):
    event = make_event(
        community, starts_at=FIRST.replace(day=31, hour=9), ends_at=FIRST.replace(day=31, hour=10), status="draft"
    )
    until = {"until_day": "31", "until_month": "7", "until_year": "2027"}
    answer = client_of("staff").post(url("repeat", event), {"every": "month_day", "ends": "until", **until})
    assert "2 new dates" in words_of(answer)
    assert "April 2027: it has no 31st" in words_of(answer)
    assert "as_drafts" not in answer.content.decode()


def until(day: str, month: str, year: str) -> dict[str, str]:
    return {"every": "week", "ends": "until", "until_day": day, "until_month": month, "until_year": year}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Choose how often it takes place"),
        ({"every": "week"}, "Choose for how long"),
        ({"every": "week", "ends": "times"}, "Enter how many dates there are in all"),
        ({"every": "week", "ends": "times", "times": "1"}, "Enter 2 or more"),
        ({"every": "week", "ends": "times", "times": "53"}, "at most 52 dates"),
        ({"every": "week", "ends": "times", "times": "many"}, "in digits"),
        ({"every": "week", "ends": "until"}, "Enter the last day"),
        (until("17", "3", "2027"), "no other date"),
        (until("1", "1", "2030"), "more than 52"),
        ({"every": "day", "ends": "times", "times": "3"}, "Select a valid choice"),
    ],
)  # fmt: skip
def test_repeat_when_something_is_wrong_then_says_so(client_of, cafe, data, words):
    answer = client_of("staff").post(url("repeat", cafe), data)
    assert words in words_of(answer)
    assert BeautifulSoup(answer.content, "html.parser").title.get_text().startswith("Error: ")
    assert Event.objects.count() == 1


def test_repeat_when_the_unused_half_is_nonsense_then_not_minded(client_of, cafe):
    answer = client_of("staff").post(
        url("repeat", cafe), {"every": "week", "ends": "times", "times": "3", "until_day": "x"}
    )
    assert "2 new dates" in words_of(answer)


def test_repeat_when_wanted_as_drafts_then_only_staff_see_them_until_all_are_published(client, client_of, cafe, staff):
    made = repeat_event(event=cafe, every="week", times=3, as_drafts=True, by=staff)
    assert client.get(made[0].get_absolute_url()).status_code == 404
    assert "23 March" not in client.get(cafe.get_absolute_url()).content.decode()
    page = client_of("staff").get(made[0].get_absolute_url()).content.decode()
    assert "Publish all 2 drafts" in page
    client_of("staff").post(url("publish", made[0]), {"whole_series": "yes"})
    assert set(Event.objects.values_list("status", flat=True)) == {"published"}


def test_repeat_when_more_are_added_later_then_the_series_grows_to_its_limit(series, staff):
    assert repeat_event(event=series[0], every="week", times=4, by=staff) == []
    more = repeat_event(event=series[3], every="fortnight", times=2, by=staff)
    assert [each.series_id for each in more] == [series[0].series_id]
    with pytest.raises(RefusedError, match="at most 52"):
        repeat_event(event=more[0], every="week", times=50, by=staff)
    assert Event.objects.count() == 5


@pytest.mark.parametrize("state", ["over", "cancelled"])
def test_repeat_when_it_is_over_or_off_then_refused(client_of, community, staff, state):
    yesterday = NOW - dt.timedelta(days=1)
    changes = {"cancelled": {"status": "cancelled"}, "over": {"starts_at": yesterday, "ends_at": NOW}}[state]
    event = make_event(community, **changes)
    assert client_of("staff").get(url("repeat", event)).url == event.get_absolute_url()
    with pytest.raises(RefusedError):
        repeat_event(event=event, every="week", times=3, by=staff)


@pytest.mark.django_db(transaction=True)
def test_repeat_when_two_do_it_at_once_then_each_date_is_made_once(cafe, staff):
    assert at_once([lambda: repeat_event(event=cafe, every="week", times=4, by=staff)] * 2) == []
    assert (Event.objects.count(), EventSeries.objects.count()) == (4, 1)


def test_page_when_shown_then_lists_the_other_dates_with_as_many_queries_for_many(client, cafe, staff):
    repeat_event(event=cafe, every="week", times=2, by=staff)
    with CaptureQueriesContext(connection) as few:
        client.get(cafe.get_absolute_url())
    repeat_event(event=cafe, every="week", times=50, by=staff)
    off = Event.objects.get(slug="memory-cafe-30-march-2027")
    cancel_event(event=off, reason="Snow", by=staff)
    with CaptureQueriesContext(connection) as many:
        answer = client.get(cafe.get_absolute_url())
    dates = BeautifulSoup(answer.content, "html.parser").select("#dates li")
    assert (len(dates), len(few)) == (49, len(many))
    assert "Cancelled" in dates[1].get_text()
    assert dates[0].a["href"] == "/events/memory-cafe-23-march-2027/"


def test_feeds_when_a_series_is_in_them_then_each_date_is_an_entry_of_its_own(client, community, series):
    for address in ("/events.ics", f"/communities/{community.slug}/events.ics"):
        lines = lines_of(client.get(address).content)
        assert {uid.partition("@")[0] for uid in values(lines, "UID")} == {each.uid for each in series}
        assert "DTSTART;TZID=Europe/London:20270330T103000" in lines
        assert not values(lines, "RRULE")[2:]  # only the clocks' rules


# --- Changing -------------------------------------------------------------------------------------------------------


def test_edit_when_for_this_and_those_that_follow_then_what_is_new_is_changed_there(client_of, series):
    own = series[2]
    own.place, own.version = "Library", 2
    own.save()
    data = as_posted(series[1], title="Memory lunch", capacity=12, scope="following")
    assert client_of("staff").post(url("edit", series[1]), data).url == series[1].get_absolute_url()
    now = list(Event.objects.order_by("starts_at"))
    assert [each.title for each in now] == ["Memory café", "Memory lunch", "Memory lunch", "Memory lunch"]
    assert [each.capacity for each in now] == [10, 12, 12, 12]
    assert [each.place for each in now] == ["Town hall", "Town hall", "Library", "Town hall"]
    assert [each.sequence for each in now] == [0, 1, 1, 1]
    assert [each.version for each in now] == [1, 2, 3, 2]


def test_edit_when_only_this_one_then_the_others_stay(client_of, series):
    client = client_of("staff")
    answer = client.post(url("edit", series[1]), as_posted(series[1], title="Other"))
    assert "Choose an answer to “Which dates do you want to change?”" in words_of(answer)
    client.post(url("edit", series[1]), as_posted(series[1], title="Other", scope="one"))
    assert list(Event.objects.order_by("starts_at").values_list("title", flat=True)).count("Other") == 1
    last = client.get(url("edit", series[3])).content.decode()
    assert "Which dates do you want to change?" not in last


def test_edit_when_the_time_of_day_changes_then_the_same_by_the_clocks_on_every_day(series, staff):
    at = {"starts_at": FIRST + dt.timedelta(hours=4), "ends_at": FIRST + dt.timedelta(hours=5)}
    save_event(event=series[0], version=1, changes=at, by=staff, following_too=True)
    assert {each.when.partition(", ")[2] for each in Event.objects.all()} == {"2:30pm to 3:30pm"}
    assert [each.starts_at.hour for each in Event.objects.order_by("starts_at")] == [14, 14, 13, 13]


def test_edit_when_it_moves_to_another_day_then_only_this_one_can(client_of, series, staff):
    day = dt.timedelta(days=1)
    moved = {"starts_at": series[0].starts_at + day, "ends_at": series[0].ends_at + day}
    answer = client_of("staff").post(url("edit", series[0]), as_posted(series[0], **moved, scope="following"))
    assert "To move this date to another day" in words_of(answer)
    with pytest.raises(RefusedError, match="another day"):
        save_event(event=series[0], version=1, changes=moved, by=staff, following_too=True)
    client_of("staff").post(url("edit", series[0]), as_posted(series[0], **moved, scope="one"))
    assert Event.objects.get(pk=series[0].pk).starts_at == FIRST + day


def test_edit_when_a_date_has_no_such_time_then_nothing_is_changed(community, staff):
    sunday = dt.datetime(2027, 3, 21, 10, tzinfo=dt.UTC)
    event = make_event(community, starts_at=sunday, ends_at=sunday + dt.timedelta(hours=1))
    repeat_event(event=event, every="week", times=3, by=staff)
    early = {"starts_at": sunday.replace(hour=1), "ends_at": sunday.replace(hour=5)}
    with pytest.raises(RefusedError, match="Sunday 28 March 2027"):
        save_event(event=event, version=1, changes=early, by=staff, following_too=True)
    assert Event.objects.get(pk=event.pk).starts_at == sunday


def test_edit_when_another_date_has_more_people_than_places_then_nothing_is_changed(client_of, series):
    for _ in range(3):
        make_registration(series[2])
    answer = client_of("staff").post(url("edit", series[1]), as_posted(series[1], capacity=2, scope="following"))
    assert "3 places on Tuesday 30 March 2027 are taken" in words_of(answer)
    assert set(Event.objects.values_list("capacity", flat=True)) == {10}


def test_edit_when_places_are_added_on_all_then_offered_to_those_who_wait(series, staff):
    waiting = make_registration(series[2], "waiting")
    save_event(event=series[0], version=1, changes={"capacity": 20}, by=staff, following_too=True)
    waiting.refresh_from_db()
    assert waiting.status == "offered"


def test_edit_when_the_place_of_all_changes_then_said_how_many_and_one_email_to_those_told(
    client_of, series, community, staff
):
    told, comes = make_associate(community), make_associate(community)
    sent(announce_event(event=series[0], by=staff, whole_series=True).mailing)
    for each in series:
        make_registration(each, email=comes.email)
    client, there = client_of("staff"), url("edit", series[1])
    data = as_posted(series[1], place="Library", scope="following")
    asked = client.post(there, data)
    assert "3 people who registered" in words_of(asked)
    assert "1 person who were told" in words_of(asked)
    page = BeautifulSoup(asked.content, "html.parser")
    client.post(there, {**data, "confirmed": page.select_one("input[name=confirmed]")["value"]})
    posting = EventPosting.objects.filter(kind="change")
    assert {each.event for each in posting} == set(series[1:])
    (mailing,) = {each.mailing for each in posting}
    assert set(mailing.deliveries.values_list("recipient", flat=True)) == {told.email}
    assert entries(mailing) == {each.uid: ("CONFIRMED", 1) for each in series[1:]}
    assert "Changed: Memory café (3 dates)" in mailing.subject
    assert "Where: Library" in mailing.text
    assert Delivery.objects.filter(recipient=comes.email, mailing__topic="event registration").count() == 3


def test_edit_when_somebody_registered_for_some_dates_then_told_of_the_others_too(series, community, staff):
    some = make_associate(community)
    sent(announce_event(event=series[0], by=staff, whole_series=True).mailing)
    make_registration(series[0], email=some.email)
    save_event(event=series[0], version=1, changes={"place": "Library"}, by=staff, following_too=True)
    mailing = EventPosting.objects.filter(kind="change").first().mailing
    assert set(mailing.deliveries.values_list("recipient", flat=True)) == {some.email}


# --- Drafts ---------------------------------------------------------------------------------------------------------


def test_delete_when_drafts_that_follow_go_too_then_none_of_the_public_ones(client_of, cafe, staff):
    made = repeat_event(event=cafe, every="week", times=5, as_drafts=True, by=staff)
    publish_event(event=made[3], by=staff)
    client, there = client_of("staff"), url("delete", made[1])
    assert "This date and the one that follows" in words_of(client.get(there))
    assert client.post(there, {"scope": "following"}).url == reverse("events:manage")
    assert set(Event.objects.all()) == {cafe, made[0], made[3]}


def test_delete_when_the_last_date_goes_then_the_series_goes(community, staff):
    cafe = make_event(community, status="draft")
    repeat_event(event=cafe, every="week", times=3, by=staff)
    assert delete_event(event=cafe, following_too=True) == 3
    assert delete_event(event=cafe, following_too=True) == 0
    assert not EventSeries.objects.exists()
