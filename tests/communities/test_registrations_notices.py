"""What those who registered are told: changes, cancellations, reminders, thanks; each once."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from communities.models import Event, EventPosting, Notice
from communities.services.events import cancel_event, save_event
from communities.services.notices import reminder_due, send_no_places, send_reminders, send_thanks
from communities.services.postings import announce_event
from communities.services.registrations import add_by_hand, register
from communities.tasks import send_event_emails
from communities.tokens import registration_token
from mailing.models import Delivery
from tests.communities.factories import make_associate, make_event, make_registration
from tests.communities.registering import emails

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
NOW = dt.datetime(2027, 1, 4, 9, tzinfo=dt.UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def event(clock, community):
    starts_at = NOW + 20 * DAY + HOUR
    return make_event(
        community,
        title="Winter meeting",
        takes_registrations=True,
        capacity=1,
        starts_at=starts_at,
        ends_at=starts_at + HOUR,
    )


def entry_in(to: str, subject: str):
    mailing = Delivery.objects.get(recipient=to, mailing__subject=subject).mailing
    calendar = Calendar.from_ical(bytes(mailing.attachments.get().content))
    return calendar, calendar.walk("VEVENT")[0]


def as_posted(event: Event, **changes) -> dict[str, object]:
    starts_at, ends_at = (timezone.localtime(each) for each in (event.starts_at, event.ends_at))
    data = {"title": event.title, "kind": event.kind, "community": event.community_id or "",
            "description": event.description, "place": event.place, "online_url": event.online_url,
            "takes_registrations": "on", "capacity": event.capacity or "", "version": event.version}  # fmt: skip
    for name, moment in (("starts_at", starts_at), ("ends_at", ends_at)):
        data |= {f"{name}_day": moment.day, f"{name}_month": moment.month, f"{name}_year": moment.year,
                 f"{name}_time": f"{moment:%H:%M}"}  # fmt: skip
    return {**data, **changes}


# --- Changes ----------------------------------------------------------------------------------------------------


def test_edit_when_the_place_changes_then_says_how_many_will_be_told_before_anything_is_saved(client_of, event):
    for status in ("coming", "waiting", "cancelled"):
        make_registration(event, status)
    client, there = client_of("staff"), reverse("events:edit", args=[event.slug])
    answer = client.post(there, as_posted(event, place="Library"))
    page = BeautifulSoup(answer.content, "html.parser")
    assert "2 people who registered" in " ".join(page.get_text(" ").split())
    assert not Delivery.objects.exists()
    event.refresh_from_db()
    assert event.place == "Town hall"
    data = as_posted(event, place="Library", confirmed=page.select_one("input[name=confirmed]")["value"])
    other = client.post(there, {**data, "place": "Museum"})
    assert "People will be told" in other.content.decode()  # what was confirmed was another place
    assert client.post(there, data).url == event.get_absolute_url()
    event.refresh_from_db()
    assert (event.place, event.sequence, Delivery.objects.count()) == ("Library", 1, 2)


@pytest.mark.parametrize("changes", [{"title": "Another"}, {"description": "More"}, {"capacity": "50"}])
def test_edit_when_neither_time_nor_place_changes_then_nobody_is_told(client_of, event, changes):
    make_registration(event)
    answer = client_of("staff").post(reverse("events:edit", args=[event.slug]), as_posted(event, **changes))
    assert answer.url == event.get_absolute_url()
    assert not Delivery.objects.exists()


def test_edit_when_nobody_is_to_be_told_then_saved_at_once(client_of, event):
    answer = client_of("staff").post(reverse("events:edit", args=[event.slug]), as_posted(event, place="Library"))
    assert answer.url == event.get_absolute_url()


def test_change_when_the_date_moves_then_registered_and_told_each_get_one_email_with_the_new_entry(
    event, community, staff
):
    told, both = make_associate(community), make_associate(community)
    announcement = announce_event(event=event, by=staff)
    coming, waiting = make_registration(event), make_registration(event, "waiting")
    make_registration(event, email=both.email.upper())
    moved = {"starts_at": event.starts_at + DAY, "ends_at": event.ends_at + DAY}
    save_event(event=event, version=1, changes=moved, by=staff)
    assert emails(coming.email) == emails(waiting.email) == ["Changed: Winter meeting"]
    assert emails(told.email) == ["Winter meeting", "Changed: Winter meeting"]
    assert emails(both.email) == ["Winter meeting"]
    assert emails(both.email.upper()) == ["Changed: Winter meeting"]
    for to in (coming.email, told.email):
        calendar, entry = entry_in(to, "Changed: Winter meeting")
        assert (calendar["METHOD"], entry["STATUS"], entry["SEQUENCE"]) == ("PUBLISH", "CONFIRMED", 1)
        assert entry.decoded("DTSTART") == event.starts_at + DAY
        assert str(entry["UID"]) == f"{event.uid}@testserver"
    posting = EventPosting.objects.get(kind="change")
    assert posting.mailing.list_key == announcement.mailing.list_key
    assert "List-Unsubscribe" in posting.mailing.headers


def test_change_when_made_twice_then_told_twice_each_with_the_next_sequence(event, staff):
    coming = make_registration(event)
    event = save_event(event=event, version=1, changes={"place": "A"}, by=staff)
    event = save_event(event=event, version=2, changes={"place": "B"}, by=staff)
    save_event(event=event, version=3, changes={"place": "B"}, by=staff)
    assert emails(coming.email) == ["Changed: Winter meeting"] * 2
    assert set(Notice.objects.values_list("sequence", flat=True)) == {1, 2}


def test_change_when_the_event_is_a_draft_or_over_then_nobody_is_told(event, staff):
    make_registration(event)
    event.status = "draft"
    event.save()
    save_event(event=event, version=1, changes={"place": "A"}, by=staff)
    event.refresh_from_db()
    event.status, event.starts_at, event.ends_at = "published", NOW - 2 * HOUR, NOW - HOUR
    event.save()
    save_event(event=event, version=2, changes={"place": "B"}, by=staff)
    assert not Delivery.objects.exists()


def test_change_when_online_then_the_link_goes_only_to_those_with_a_place(event, community, staff):
    told = make_associate(community)
    announce_event(event=event, by=staff)
    coming, waiting = make_registration(event), make_registration(event, "waiting")
    save_event(event=event, version=1, changes={"online_url": "https://meet.example.org/secret"}, by=staff)
    texts = {
        each: Delivery.objects.get(recipient=each, mailing__subject__startswith="Changed").mailing
        for each in (told.email, coming.email, waiting.email)
    }
    assert "meet.example.org/secret" in texts[coming.email].text
    for each in (told.email, waiting.email):
        assert "meet.example.org/secret" not in texts[each].text
        for attachment in texts[each].attachments.all():
            assert b"meet.example" not in bytes(attachment.content).replace(b"\r\n ", b"")


def test_change_when_registration_was_closed_then_the_link_still_goes_only_to_those_with_a_place(
    event, community, staff
):
    told = make_associate(community)
    make_registration(event)
    event = save_event(event=event, version=1, changes={"takes_registrations": False}, by=staff)
    event.online_url = "https://meet.example.org/secret"
    event.save()
    mailing = announce_event(event=event, by=staff).mailing
    assert emails(told.email) == ["Winter meeting"]
    assert "meet.example.org" not in mailing.text
    assert b"meet.example" not in bytes(mailing.attachments.get().content).replace(b"\r\n ", b"")


# --- Cancellations ----------------------------------------------------------------------------------------------


def test_cancel_when_people_registered_then_told_once_and_counted_before(client_of, event, community, staff):
    both = make_associate(community)
    announce_event(event=event, by=staff)
    coming, waiting = make_registration(event), make_registration(event, "waiting")
    gone = make_registration(event, "cancelled")
    make_registration(event, email=both.email)
    there = reverse("events:cancel", args=[event.slug])
    assert "3 people" in client_of("staff").get(there).content.decode()
    for _ in range(2):
        client_of("staff").post(there, {"reason": "Snow."})
    assert emails(coming.email) == emails(waiting.email) == ["Cancelled: Winter meeting"]
    assert emails(both.email) == ["Winter meeting", "Cancelled: Winter meeting"]
    assert emails(gone.email) == []
    calendar, entry = entry_in(coming.email, "Cancelled: Winter meeting")
    assert (calendar["METHOD"], entry["STATUS"], entry["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)


def test_save_when_it_moves_to_sooner_then_a_place_is_kept_for_no_longer_than_one_offered_now(event, staff):
    offered = make_registration(event, "offered")
    later = {"starts_at": event.starts_at + DAY, "ends_at": event.ends_at + DAY}
    event = save_event(event=event, version=1, changes=later, by=staff)
    offered.refresh_from_db()
    assert offered.offer_expires_at == NOW + 2 * DAY
    sooner = {"starts_at": NOW + DAY, "ends_at": NOW + DAY + HOUR}
    event = save_event(event=event, version=2, changes=sooner, by=staff)
    offered.refresh_from_db()
    assert offered.offer_expires_at == NOW + DAY / 2
    mail = Delivery.objects.filter(recipient=offered.email).latest("pk").mailing
    assert "A place is still kept for you until Monday 4 January 2027, 9pm." in mail.text
    past = {"starts_at": NOW - HOUR, "ends_at": NOW + HOUR}
    save_event(event=event, version=3, changes=past, by=staff)
    offered.refresh_from_db()
    assert (offered.status, offered.ended) == ("cancelled", "lapsed")


# --- Reminders --------------------------------------------------------------------------------------------------


def test_reminders_when_due_then_a_week_and_a_day_before_once_each(event, clock):
    coming = make_registration(event)
    make_registration(event, "waiting")
    make_registration(event, "cancelled")
    make_registration(event, email="")
    clock.move_to(event.starts_at - 7 * DAY - HOUR / 60)
    assert send_event_emails() == 0
    clock.move_to(event.starts_at - 7 * DAY)
    assert [send_event_emails() for _ in range(2)] == [1, 0]
    clock.move_to(event.starts_at - DAY)
    assert [send_event_emails() for _ in range(2)] == [1, 0]
    assert emails(coming.email) == ["In a week: Winter meeting", "Tomorrow: Winter meeting"]
    assert Delivery.objects.count() == 2


def test_reminders_when_noticed_late_then_only_the_nearest_goes(event, clock):
    coming = make_registration(event)
    clock.move_to(event.starts_at - 4 * DAY)
    assert [send_reminders(), send_reminders()] == [1, 0]
    clock.move_to(event.starts_at - 3 * HOUR)
    assert [send_reminders(), send_reminders()] == [1, 0]
    assert emails(coming.email) == ["In 4 days: Winter meeting", "Today: Winter meeting"]
    late = make_registration(make_event(starts_at=event.starts_at, ends_at=event.ends_at))
    clock.move_to(event.starts_at)
    assert send_reminders() == 0
    assert emails(late.email) == []


def test_reminders_when_somebody_got_their_place_since_then_not_told_again(event, clock):
    clock.move_to(event.starts_at - 3 * DAY)
    make_registration(event)
    assert send_reminders() == 0
    clock.move_to(event.starts_at - DAY)
    assert send_reminders() == 1


def test_reminders_when_the_date_moves_then_recomputed(event, clock, staff):
    coming = make_registration(event)
    clock.move_to(event.starts_at - 7 * DAY)
    send_reminders()
    later = {"starts_at": event.starts_at + 10 * DAY, "ends_at": event.ends_at + 10 * DAY}
    event = save_event(event=event, version=1, changes=later, by=staff)
    assert send_reminders() == 0
    clock.move_to(event.starts_at - 7 * DAY)
    assert [send_reminders(), send_reminders()] == [1, 0]
    assert emails(coming.email) == [
        "In a week: Winter meeting", "Changed: Winter meeting", "In a week: Winter meeting",
    ]  # fmt: skip


def test_reminders_when_moved_to_soon_then_the_change_is_reminder_enough(event, clock, staff):
    make_registration(event)
    sooner = {"starts_at": NOW + 3 * DAY, "ends_at": NOW + 3 * DAY + HOUR}
    save_event(event=event, version=1, changes=sooner, by=staff)
    assert send_reminders() == 0
    clock.move_to(NOW + 2 * DAY)
    assert send_reminders() == 1


def test_reminders_when_cancelled_then_none(event, clock, staff):
    make_registration(event)
    cancel_event(event=event, reason="Snow", by=staff)
    before = Delivery.objects.count()
    clock.move_to(event.starts_at - DAY)
    assert send_reminders() == 0
    assert Delivery.objects.count() == before


@pytest.mark.parametrize(
    ("starts_at", "due"),
    [
        ("2027-03-28 09:00 +0000", "2027-03-27 10:00 +0000"),  # 10am British Summer Time, the day before in winter
        ("2027-10-31 10:00 +0000", "2027-10-30 09:00 +0000"),  # 10am in winter, the day before in summer
    ],
)
def test_reminder_when_the_clocks_change_then_at_the_same_hour_of_the_day_before(event, starts_at, due):
    event.starts_at = dt.datetime.fromisoformat(starts_at)
    assert reminder_due(event, 1).astimezone(dt.UTC) == dt.datetime.fromisoformat(due)


# --- Thanks -----------------------------------------------------------------------------------------------------


def test_thanks_when_the_day_is_over_then_to_those_who_came_once_with_the_link(event, clock):
    came, missing = make_registration(event, attended=True), make_registration(event)
    late = make_registration(event)
    clock.move_to(event.ends_at + 2 * HOUR)
    assert send_thanks() == 0
    clock.move_to((event.ends_at + DAY).replace(hour=8))
    assert send_thanks() == 0
    clock.move_to((event.ends_at + DAY).replace(hour=9))
    assert [send_thanks(), send_thanks()] == [1, 0]
    late.attended = True
    late.save()
    assert [send_thanks(), send_thanks()] == [1, 0]
    assert emails(came.email) == emails(late.email) == ["Thank you for coming: Winter meeting"]
    assert emails(missing.email) == []
    text = Delivery.objects.get(recipient=came.email).mailing.text
    assert reverse("events:feedback", args=[registration_token(came)]) in text


# --- No place for those who waited ------------------------------------------------------------------------------


def test_no_place_when_no_more_are_offered_then_those_who_wait_are_told_once(event, clock):
    waiting, offered = make_registration(event, "waiting"), make_registration(event, "offered")
    coming = make_registration(event, coming_since=event.starts_at)  # so that no reminder is due
    make_registration(event, "cancelled")
    clock.move_to(event.starts_at - HOUR)
    assert send_event_emails() == 0
    clock.move_to(event.starts_at - HOUR + MINUTE)
    assert [send_event_emails(), send_event_emails()] == [1, 0]
    assert emails(waiting.email) == ["No place has become free: Winter meeting"]
    assert emails(offered.email) == emails(coming.email) == []
    mailing = Delivery.objects.get(recipient=waiting.email).mailing
    assert (mailing.kind, mailing.topic, mailing.attachments.count()) == ("transactional", "event registration", 0)
    assert "so shortly before it begins we offer none any more" in mailing.text
    assert registration_token(waiting) in mailing.text
    clock.move_to(event.starts_at + HOUR / 2)
    assert send_event_emails() == 0


@pytest.mark.parametrize(("after_the_end", "told"), [(-MINUTE, 1), (DAY - MINUTE, 1), (DAY, 0)])
def test_no_place_when_noticed_late_then_told_until_a_day_after_the_end(event, clock, after_the_end, told):
    waiting = make_registration(event, "waiting")
    clock.move_to(event.ends_at + after_the_end)
    assert [send_no_places(), send_no_places()] == [told, 0]
    assert len(emails(waiting.email)) == told
    if told:
        assert "before it begins" not in Delivery.objects.get(recipient=waiting.email).mailing.text


def test_no_place_when_the_event_is_cancelled_then_told_that_alone(event, clock, staff):
    waiting = make_registration(event, "waiting")
    cancel_event(event=event, reason="Snow.", by=staff)
    clock.move_to(event.starts_at)
    assert send_no_places() == 0
    assert emails(waiting.email) == ["Cancelled: Winter meeting"]


def test_no_place_when_the_date_moves_then_they_wait_again_and_are_told_anew(event, clock, staff):
    waiting = make_registration(event, "waiting")
    clock.move_to(event.starts_at - HOUR / 2)
    assert send_no_places() == 1
    later = {"starts_at": event.starts_at + DAY, "ends_at": event.ends_at + DAY, "capacity": 1}
    event = save_event(event=event, version=1, changes=later, by=staff)
    waiting.refresh_from_db()
    assert (waiting.status, send_no_places()) == ("offered", 0)
    waiting.status, waiting.offer_expires_at = "waiting", None
    waiting.save()
    clock.move_to(event.starts_at)
    assert [send_no_places(), send_no_places()] == [1, 0]


def test_no_place_when_somebody_joins_the_line_in_the_last_hour_then_told_by_that_email_alone(event, clock, client):
    make_registration(event, coming_since=event.starts_at)
    clock.move_to(event.starts_at - HOUR / 2)
    there = reverse("events:register", args=[event.slug])
    assert "we offer no more places by email" in client.get(there).content.decode()
    assert "we offer no more places by email" in client.get(event.get_absolute_url()).content.decode()
    registration = register(event=event, email="late@example.org", name="Late", host="x")
    assert emails("late@example.org") == ["You are on the waiting list: Winter meeting"]
    text = Delivery.objects.get(recipient="late@example.org").mailing.text
    assert "we offer no more places" in text
    assert "it is your turn" not in text
    assert send_no_places() == 0
    mine = reverse("events:registration", args=[registration_token(registration)])
    assert "No place has become free" in client.get(mine).content.decode()


def test_no_place_when_given_one_at_the_door_before_they_are_told_then_not_told(event, clock, staff):
    waiting = make_registration(event, "waiting")
    clock.move_to(event.starts_at)
    add_by_hand(event=event, by=staff, name=waiting.name, email=waiting.email)
    assert send_no_places() == 0
