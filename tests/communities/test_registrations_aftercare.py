"""Staff pages of those who come, attendance, feedback, and forgetting people again."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import AttendeeNeeds, Event, EventFeedback, Registration
from communities.privacy import data_held, forget, what_we_hold_on
from communities.services.aftercare import delete_old_needs, delete_old_registrations, give_feedback, tick_attendance
from communities.services.errors import RefusedError
from communities.services.preferences import erase_associate
from communities.services.registrations import cancel_registration, register
from communities.tasks import forget_past_attendees
from communities.tokens import registration_token
from mailing.models import Delivery
from tests.communities.factories import make_associate, make_event, make_registration
from tests.communities.registering import url
from tests.pages import words_of

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def event(community):
    return make_event(community, title="Winter meeting", takes_registrations=True, capacity=2)


@pytest.fixture
def today(event):
    """The day of the event."""
    with time_machine.travel(event.starts_at + HOUR / 2, tick=False) as clock:
        yield clock


# --- The list ----------------------------------------------------------------------------------------------------


def test_list_when_empty_then_says_what_to_do(client_of, event):
    assert "Nobody has registered yet" in words_of(client_of("staff").get(url("registrations", event)))


def test_list_when_filtered_then_exactly_those(client_of, event):
    people = {status: make_registration(event, status) for status in Registration.Status.values}
    there, client = url("registrations", event), client_of("staff")

    def names(query: str) -> set[str]:
        page = words_of(client.get(there + query))
        return {status for status, each in people.items() if each.name in page}

    assert names("") == names("?state=nonsense") == set(people)
    for status in people:
        assert names(f"?state={status}") == {status}
    assert "Places: 2, of which 0 are free" in words_of(client.get(there))


def test_list_when_somebody_has_needs_then_staff_see_them_and_nobody_else(client_of, client, event, convenor):
    registration = make_registration(event)
    AttendeeNeeds.objects.create(registration=registration, dietary="Vegan", access="Ramp")
    page = words_of(client_of("staff").get(url("registrations", event)))
    assert "Eats: Vegan" in page
    assert "Needs: Ramp" in page
    assert client_of("convenor").get(url("registrations", event)).status_code == 403
    assert not convenor.has_perm("communities.view_needs")
    for public in (event.get_absolute_url(), reverse("events:index")):
        assert "Vegan" not in words_of(client.get(public))
        assert registration.name not in words_of(client.get(public))
    assert not any("Vegan" in mailing.text for mailing in (each.mailing for each in Delivery.objects.all()))


def test_list_when_there_are_more_then_as_many_queries(client_of, event, django_assert_num_queries):
    client, there = client_of("staff"), url("registrations", event)
    make_registration(event)
    with CaptureQueriesContext(connection) as few:
        client.get(there)
    for _ in range(50):
        AttendeeNeeds.objects.create(registration=make_registration(event), dietary="Vegan")
    with django_assert_num_queries(len(few)):
        client.get(there)


def test_export_when_asked_for_then_everybody_and_no_formula(client_of, event):
    registration = make_registration(event, name="=cmd()", email="+1@example.org")
    AttendeeNeeds.objects.create(registration=registration, dietary="-2+3", access="Ramp")
    make_registration(event, "waiting", name="Ann")
    answer = client_of("staff").get(url("registrations_export", event))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.content.startswith(b"\xef\xbb\xbf")  # by which spreadsheets know UTF-8
    assert [row[0] for row in rows] == ["Name", "'=cmd()", "Ann"]
    assert rows[1][1] == "'+1@example.org"
    assert rows[1][-2:] == ["'-2+3", "Ramp"]


def test_add_when_somebody_stands_at_the_door_then_back_to_the_list_to_tick(client_of, event):
    client, form = client_of("staff"), {"name": "Walk In"}
    assert client.post(url("registration_add", event), form).url == url("registrations", event)
    with time_machine.travel(event.starts_at, tick=False):
        client = client_of("staff")
        Event.objects.filter(pk=event.pk).update(capacity=None)
        assert client.post(url("registration_add", event), form).url == url("attendance", event)


def test_attendance_when_people_of_the_waiting_list_are_there_then_get_the_places_that_are_left(client_of, event):
    waits, other = make_registration(event, "waiting"), make_registration(event, "waiting")
    add = url("registration_add", event)
    assert "On the waiting list" not in words_of(client_of("staff").get(url("attendance", event)))
    with time_machine.travel(event.starts_at, tick=False):
        client = client_of("staff")
        Event.objects.filter(pk=event.pk).update(capacity=event.registrations.taking_places().count() + 2)
        page = client.get(url("attendance", event))
        assert f"Give a place to {waits.name}" in words_of(page)
        assert client.post(add, {"name": "Walk In"}).url == url("attendance", event)  # nobody is offered it any more
        person = {"name": waits.name, "email": waits.email}
        assert [client.post(add, person).url for _ in range(2)] == [url("attendance", event)] * 2
        refused = client.post(add, {"name": other.name, "email": other.email})
    waits.refresh_from_db()
    other.refresh_from_db()
    assert (waits.status, other.status) == ("coming", "waiting")
    assert "The event is full. Raise the number of places first." in words_of(refused)


def test_add_when_staff_add_somebody_then_registered_and_emailed(client_of, event):
    client = client_of("staff")
    answer = client.post(
        url("registration_add", event),
        {"name": "Ann", "email": "ann@example.org", "access": "Ramp", "agree_needs": "on"},
    )
    assert answer.url == url("registrations", event)
    assert Delivery.objects.get().recipient == "ann@example.org"
    assert AttendeeNeeds.objects.get().access == "Ramp"
    client.post(url("registration_add", event), {"name": "Bo"})
    answer = client.post(url("registration_add", event), {"name": "Cy", "dietary": "Halal", "agree_needs": "on"})
    assert "The event is full" in words_of(answer)
    assert "Halal" in answer.content.decode()
    assert "Enter the person&#x27;s name" in client.post(url("registration_add", event), {"name": ""}).content.decode()


def test_cancel_for_when_confirmed_then_cancelled_by_staff_and_the_place_passes_on(client_of, event, other_study):
    registration, _, waiting = (make_registration(event, status) for status in ("coming", "coming", "waiting"))
    there, client = url("registration_cancel_for", event, registration.pk), client_of("staff")
    assert registration.name in words_of(client.get(there))
    for _ in range(2):
        assert client.post(there).url == url("registrations", event)
    registration.refresh_from_db()
    waiting.refresh_from_db()
    assert (registration.status, registration.ended, waiting.status) == ("cancelled", "staff", "offered")
    assert client.post(url("registration_cancel_for", make_event(), registration.pk)).status_code == 404


# --- Who came ----------------------------------------------------------------------------------------------------


def test_attendance_when_ticked_then_counted_and_two_at_once_do_not_undo_each_other(client_of, event, today):
    first, second, third = (make_registration(event) for _ in range(3))
    waiting = make_registration(event, "waiting")
    there, client = url("attendance", event), client_of("staff")
    page = BeautifulSoup(client.get(there).content, "html.parser")
    assert {box["value"] for box in page.select("input[name=came]")} == {str(x.pk) for x in (first, second, third)}
    shown = [str(each.pk) for each in (first, second, third)]
    assert client.post(there, {"shown": shown, "came": [first.pk]}).url == there
    client.post(there, {"shown": shown, "came": [second.pk]})  # another phone, shown before the first saved
    client.post(there, {"shown": shown, "came": [second.pk]})
    assert set(event.registrations.filter(attended=True)) == {first, second}
    client.post(there, {"shown": shown, "before": [first.pk, second.pk], "came": [second.pk]})
    assert set(event.registrations.filter(attended=True)) == {second}
    client.post(there, {"shown": ["x", "", "9" * 30, waiting.pk], "came": [waiting.pk, "²"]})
    event.refresh_from_db()
    waiting.refresh_from_db()
    assert (event.attended_count, waiting.attended) == (1, False)
    assert "1 person came" in words_of(client.get(there))


def test_attendance_when_the_day_has_not_come_or_it_is_off_then_refused(client_of, event):
    registration = make_registration(event)
    answer = client_of("staff").post(
        url("attendance", event), {"shown": [registration.pk], "came": [registration.pk]}, follow=True
    )
    assert "from the day of the event on" in words_of(answer)
    event.status, event.starts_at = "cancelled", timezone.now()
    event.save()
    with pytest.raises(RefusedError):
        tick_attendance(event=event, came=[registration.pk])
    registration.refresh_from_db()
    assert not registration.attended


def test_attendance_when_hundreds_come_then_a_page_of_them_at_a_time_can_be_sent(client_of, event, today):
    Registration.objects.bulk_create(
        Registration(event=event, name=f"P {n:03}", status="coming", coming_since=timezone.now(), turn=n)
        for n in range(260)
    )
    client, there = client_of("staff"), url("attendance", event)
    for page, count in ((f"{there}?page=1", 250), (f"{there}?page=2", 10)):
        boxes = BeautifulSoup(client.get(page).content, "html.parser").select("input[name=came]")
        keys = [box["value"] for box in boxes]
        assert len(keys) == count
        assert client.post(page, {"shown": keys, "came": keys}).url == page
        assert client.post(page, {"shown": keys, "came": keys, "before": keys}).status_code == 302
    event.refresh_from_db()
    assert event.attended_count == 260


def test_attendance_when_ticked_before_it_began_and_then_cancelled_then_not_counted(event):
    registration = make_registration(event)
    with time_machine.travel(event.starts_at - HOUR / 60, tick=False):
        tick_attendance(event=event, came=[registration.pk])
        cancel_registration(registration=registration)
    event.refresh_from_db()
    assert event.attended_count == 0


def test_attendance_when_ticked_for_another_events_registration_then_nothing(event, today):
    other = make_registration(make_event())
    tick_attendance(event=event, came=[other.pk])
    other.refresh_from_db()
    assert not other.attended


def test_community_page_when_people_came_then_says_how_many_this_year(client, community):
    with time_machine.travel("2026-11-23 10:00 +0000", tick=False):
        for count, days in ((40, 5), (2, 10), (7, 400), (None, 20)):
            starts_at = timezone.now() - days * DAY
            make_event(community, starts_at=starts_at, ends_at=starts_at + HOUR, attended_count=count)
        make_event(attended_count=9, starts_at=timezone.now() - DAY, ends_at=timezone.now())
        assert "42 people came to 2 meetings this year" in words_of(client.get(community.get_absolute_url()))


# --- Feedback ----------------------------------------------------------------------------------------------------


def test_feedback_when_given_then_once_without_a_name_and_shown_to_staff(client, client_of, event, today):
    registration = make_registration(event, attended=True)
    there = reverse("events:feedback", args=[registration_token(registration)])
    assert "anonymous" in words_of(client.get(there))
    answer = client.post(there, {"score": "", "words": "Loud room"})
    assert "Choose how useful" in words_of(answer)
    assert "Loud room" in answer.content.decode()
    for _ in range(2):
        client.post(there, {"score": "4", "words": "Loud room\n<b>x</b>"})
    assert "Thank you" in words_of(client.get(there))
    given = EventFeedback.objects.get()
    assert (given.event, given.score, given.words.splitlines()[0]) == (event, 4, "Loud room")
    assert {field.name for field in EventFeedback._meta.get_fields()} == {"id", "event", "score", "words"}
    page = client_of("staff").get(url("feedback_results", event))
    assert "On average: 4.0 of 5" in words_of(page)
    assert "&lt;b&gt;x" in page.content.decode()
    assert registration.name not in words_of(page)


@pytest.mark.parametrize("score", ["0", "6", "x", "4.5", "\x00"])
def test_feedback_when_the_score_is_none_then_asks_again(client, event, today, score):
    registration = make_registration(event, attended=True)
    there = reverse("events:feedback", args=[registration_token(registration)])
    assert client.post(there, {"score": score}).status_code == 200
    assert not EventFeedback.objects.exists()


def test_feedback_when_they_did_not_come_then_nothing_to_answer(client, event, today):
    registration = make_registration(event)
    there = reverse("events:feedback", args=[registration_token(registration)])
    assert "Nothing to answer" in words_of(client.get(there))
    client.post(there, {"score": "5"})
    assert not give_feedback(registration=registration, score=5)
    assert not EventFeedback.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        EventFeedback.objects.create(event=event, score=6)


def test_feedback_results_when_nobody_answered_then_says_so(client_of, event):
    assert "No answers yet" in words_of(client_of("staff").get(url("feedback_results", event)))


# --- Forgetting --------------------------------------------------------------------------------------------------


def test_needs_when_fourteen_days_have_passed_then_deleted_and_nothing_else(event, settings):
    registration, other = make_registration(event, attended=True), make_registration(make_event())
    off = make_registration(make_event(status="cancelled", cancelled_reason="Snow"))
    for each in (registration, other, off):
        AttendeeNeeds.objects.create(registration=each, dietary="Vegan")
    Event.objects.filter(pk=other.event_id).update(ends_at=event.ends_at + 60 * DAY)
    with time_machine.travel(event.ends_at + 14 * DAY - HOUR, tick=False):
        assert [delete_old_needs(), delete_old_needs()] == [1, 0]  # those of the event that is off
    with time_machine.travel(event.ends_at + 14 * DAY, tick=False):
        assert [forget_past_attendees(), forget_past_attendees()] == [1, 0]
    assert set(AttendeeNeeds.objects.values_list("registration", flat=True)) == {other.pk}
    assert Registration.objects.filter(pk=registration.pk).exists()


def test_needs_when_kept_then_forms_and_privacy_page_say_how_long(client, event, settings):
    settings.EVENT_KEEP_NEEDS_DAYS = 11
    assert "we delete it 11 days after the event" in words_of(client.get(url("register", event)))
    assert "delete it 11 days after the event" in words_of(client.get(reverse("privacy")))
    assert "Only programme staff see" in words_of(client.get(reverse("privacy")))


def test_registrations_when_half_a_year_has_passed_then_deleted_and_the_numbers_stay(client_of, event):
    registration = make_registration(event)
    with time_machine.travel(event.ends_at + HOUR, tick=False):
        tick_attendance(event=event, came=[registration.pk])
        registration.refresh_from_db()
        give_feedback(registration=registration, score=5, words="Good")
    with time_machine.travel(event.ends_at + 180 * DAY, tick=False):
        assert [delete_old_registrations(), delete_old_registrations()] == [1, 0]
        tick_attendance(event=event, came=[registration.pk])
    event.refresh_from_db()
    assert (event.attended_count, event.feedback.count(), event.registrations.count()) == (1, 1, 0)


def test_erasing_when_an_associate_asks_then_registrations_go_and_the_place_passes_on(event, community):
    associate = make_associate(community)
    theirs = make_registration(event, email=associate.email.upper(), attended=False)
    make_registration(event)
    waiting = make_registration(event, "waiting")
    past = make_event(starts_at=timezone.now() - 3 * HOUR, ends_at=timezone.now() - HOUR, attended_count=1)
    make_registration(past, email=associate.email, attended=True)
    assert len(data_held(associate)["Events"]) == 2
    erase_associate(associate=associate)
    waiting.refresh_from_db()
    past.refresh_from_db()
    assert not Registration.objects.filter(email__iexact=associate.email).exists()
    assert (waiting.status, past.attended_count, past.registrations.count()) == ("offered", 1, 0)
    assert not Registration.objects.filter(pk=theirs.pk).exists()
    assert not Delivery.objects.filter(recipient__iexact=associate.email).exists()


def test_account_when_closed_then_their_registrations_are_shown_before_and_gone_after(event, stranger):
    make_registration(event, email=stranger.email)
    make_registration(event)
    assert [each["Event"] for each in what_we_hold_on(stranger)["Events that you registered for"]] == ["Winter meeting"]
    for _ in range(2):
        forget(stranger)
    assert event.registrations.count() == 1
    assert not event.registrations.filter(email=stranger.email).exists()


# --- Erasing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_associate", [False, True])
def test_erase_when_confirmed_by_the_link_then_gone_and_the_place_passes_on(client, event, community, is_associate):
    register(event=event, email="joan@example.org", name="Joan", host="1.1.1.1")
    mine = Registration.objects.get()
    while event.capacity and event.registrations.taking_places().count() < event.capacity:
        make_registration(event)
    waiting = make_registration(event, "waiting")
    if is_associate:
        make_associate(community, email="joan@example.org")
    Delivery.objects.filter(recipient="joan@example.org").update(status="sent", due_at=None)
    there = reverse("events:registration_erase", args=[registration_token(mine)])
    assert "joan@example.org" in client.get(there).content.decode()
    assert Registration.objects.filter(pk=mine.pk).exists()
    assert client.post(there).url == reverse("events:index")
    assert client.post(there).status_code == client.get(there).status_code == 410
    assert not Registration.objects.filter(email="joan@example.org").exists()
    waiting.refresh_from_db()
    assert waiting.status == "offered"
    # An associate goes on being one, and sees what was sent to them.
    assert Delivery.objects.filter(recipient="joan@example.org").exists() == is_associate
