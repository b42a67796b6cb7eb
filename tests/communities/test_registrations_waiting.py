"""The waiting list of an event, and who is added by hand."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.utils import timezone

from communities.services.errors import RefusedError
from communities.services.events import cancel_event, save_event
from communities.services.registrations import (
    accept_offer,
    add_by_hand,
    cancel_registration,
    offer_ends,
    pass_all_places_on,
    places_left,
    register,
)
from communities.tasks import pass_places_on
from mailing.models import Delivery
from tests.communities.factories import make_event, make_registration
from tests.communities.registering import emails, filled_in, own, states, url
from tests.pages import words_of

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def event(community):
    return make_event(
        community, title="Winter meeting", takes_registrations=True, capacity=2, online_url="https://meet.example.org/x"
    )


# --- The line ---------------------------------------------------------------------------------------------------


def test_register_when_full_then_waits_and_is_told_so_without_a_calendar_or_the_link(client, event):
    for _ in range(2):
        make_registration(event)
    assert "This event is full" in words_of(client.get(url("register", event)))
    client.post(url("register", event), filled_in())
    assert states(event)["joan@example.org"] == "waiting"
    mailing = Delivery.objects.get().mailing
    assert mailing.subject == "You are on the waiting list: Winter meeting"
    assert not mailing.attachments.exists()
    assert "meet.example.org" not in mailing.text


def test_place_when_freed_then_offered_to_the_next_in_line_by_email(event):
    coming = [make_registration(event) for _ in range(2)]
    second, first = make_registration(event, "waiting", turn=900), make_registration(event, "waiting", turn=899)
    cancel_registration(registration=coming[0])
    for each in (first, second):
        each.refresh_from_db()
    assert (first.status, second.status) == ("offered", "waiting")
    assert first.offer_expires_at - timezone.now() == pytest.approx(48 * HOUR, abs=dt.timedelta(seconds=5))
    assert emails(first.email) == ["A place for you: Winter meeting"]
    assert "[Accept or decline the place]\n" in Delivery.objects.get(recipient=first.email).mailing.text
    assert own("registration", first) in Delivery.objects.get(recipient=first.email).mailing.text
    assert emails(second.email) == []


def test_offer_when_followed_then_get_changes_nothing_and_post_accepts_once(client, event):
    make_registration(event)
    offered = make_registration(event, "offered")
    assert "A place is free for you" in words_of(client.get(own("registration", offered)))
    assert client.get(own("offer_accept", offered)).status_code == 405
    offered.refresh_from_db()
    assert offered.status == "offered"
    for _ in range(2):
        assert client.post(own("offer_accept", offered)).url == own("registration", offered)
    offered.refresh_from_db()
    assert offered.status == "coming"
    assert emails(offered.email) == ["You have a place: Winter meeting"]


def test_offer_when_declined_then_goes_to_the_next(client, event):
    make_registration(event)
    offered, following = make_registration(event, "offered"), make_registration(event, "waiting")
    client.post(own("registration_cancel", offered))
    offered.refresh_from_db()
    following.refresh_from_db()
    assert (offered.ended, following.status) == ("declined", "offered")
    assert emails(offered.email) == ["You do not take the place: Winter meeting"]


def test_offer_when_it_lapses_then_passes_on_once_however_often_and_late_the_task_runs(client, event):
    make_registration(event)
    offered, following = make_registration(event, "offered"), make_registration(event, "waiting")
    assert pass_places_on() == 0
    with time_machine.travel(timezone.now() + 5 * 24 * HOUR, tick=False):
        answer = client.post(own("offer_accept", offered), follow=True)
        assert "passed on to the next person" in words_of(answer)
        assert pass_places_on() == 1
        assert pass_places_on() == 0
    offered.refresh_from_db()
    following.refresh_from_db()
    assert (offered.status, offered.ended, following.status) == ("cancelled", "lapsed", "offered")
    assert emails(offered.email) == ["Your place has passed on: Winter meeting"]
    assert emails(following.email) == ["A place for you: Winter meeting"]


def test_offer_when_the_event_is_near_then_half_of_the_time_left_and_none_in_the_last_hour(event):
    now = timezone.now()
    event.starts_at = now + 4 * HOUR
    assert offer_ends(event, now) == now + 2 * HOUR
    event.starts_at = now + 96 * HOUR + HOUR
    assert offer_ends(event, now) == now + 48 * HOUR
    event.starts_at, event.ends_at = now + HOUR / 2, now + 2 * HOUR
    event.save()
    waiting = make_registration(event, "waiting")
    assert pass_all_places_on() == 0
    waiting.refresh_from_db()
    assert waiting.status == "waiting"


def test_offer_when_the_clocks_change_in_between_then_lasts_as_many_hours(event):
    with time_machine.travel("2027-03-27 12:00 +0000", tick=False):
        event.starts_at = dt.datetime(2027, 4, 20, 9, tzinfo=dt.UTC)
        event.ends_at = event.starts_at + HOUR
        event.save()
        waiting = make_registration(event, "waiting")
        pass_all_places_on()
        waiting.refresh_from_db()
        assert waiting.offer_expires_at == dt.datetime(2027, 3, 29, 12, tzinfo=dt.UTC)
        assert waiting.answer_by == "Monday 29 March 2027, 1pm"


def test_offer_when_the_event_is_called_off_then_cannot_be_accepted(event, staff):
    offered = make_registration(event, "offered")
    cancel_event(event=event, reason="Snow", by=staff)
    with pytest.raises(RefusedError, match="has been cancelled"):
        accept_offer(registration=offered)
    assert pass_all_places_on() == 0


def test_accept_when_it_was_never_offered_then_refused(client, event):
    waiting, gone = make_registration(event, "waiting"), make_registration(event, "cancelled")
    for each in (waiting, gone):
        before = each.status
        client.post(own("offer_accept", each))
        each.refresh_from_db()
        assert each.status == before


def test_capacity_when_raised_or_lifted_then_places_are_offered_in_order(event, staff):
    for _ in range(2):
        make_registration(event)
    line = [make_registration(event, "waiting") for _ in range(3)]
    event = save_event(event=event, version=1, changes={"capacity": 3}, by=staff)
    assert [states(event)[each.email] for each in line] == ["offered", "waiting", "waiting"]
    event = save_event(event=event, version=2, changes={"capacity": None}, by=staff)
    assert [states(event)[each.email] for each in line] == ["offered"] * 3


def test_capacity_when_lowered_below_what_is_taken_then_refused_in_words(client_of, event, staff):
    make_registration(event)
    make_registration(event, "offered")
    with pytest.raises(RefusedError, match="2 places are taken"):
        save_event(event=event, version=1, changes={"capacity": 1}, by=staff)
    page = BeautifulSoup(client_of("staff").get(url("edit", event)).content, "html.parser")
    data = {box["name"]: box.get("value", "") for box in page.select("form input[name]:not([type=checkbox])")}
    data |= {"kind": event.kind, "community": event.community_id, "description": event.description}
    answer = client_of("staff").post(url("edit", event), {**data, "capacity": "1", "takes_registrations": "on"})
    assert "2 places are taken or offered already. Enter 2 or more." in words_of(answer)
    event.refresh_from_db()
    assert event.capacity == 2


def test_register_when_a_place_is_free_but_somebody_waits_then_nobody_overtakes(event):
    event.starts_at, event.ends_at = timezone.now() + HOUR / 2, timezone.now() + HOUR
    event.save()
    make_registration(event, "waiting")
    later = register(event=event, email="late@example.org", name="Late", host="192.0.2.1")
    assert later.status == "waiting"


def test_places_left_when_not_limited_then_none(event):
    assert places_left(event) == 2
    event.capacity = None
    assert places_left(event) is None


# --- By hand -----------------------------------------------------------------------------------------------------


def test_add_by_hand_when_full_then_waits_or_is_refused_without_an_address(event, staff):
    assert add_by_hand(event=event, by=staff, name="No Email").status == "coming"
    assert add_by_hand(event=event, by=staff, name="No Email").status == "coming"
    assert not Delivery.objects.exists()
    with pytest.raises(RefusedError, match="full"):
        add_by_hand(event=event, by=staff, name="No Email")
    waiting = add_by_hand(event=event, by=staff, name="Ann", email="ann@example.org")
    assert (waiting.status, waiting.added_by) == ("waiting", staff)
    assert add_by_hand(event=event, by=staff, name="Other", email="ANN@example.org") == waiting
    assert emails("ann@example.org") == ["You are on the waiting list: Winter meeting"]


def test_add_by_hand_when_it_has_begun_then_taken_without_an_email(event, staff):
    with time_machine.travel(event.starts_at + HOUR, tick=False):
        assert add_by_hand(event=event, by=staff, name="At the door", email="door@example.org").status == "coming"
    assert not Delivery.objects.exists()
