"""Registering for an event without an account, and looking after one's registration by its private link."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from communities.models import Associate, AttendeeNeeds, Consent, Registration
from communities.services.errors import RefusedError
from communities.services.events import cancel_event
from communities.services.limits import PER_ADDRESS
from communities.services.registrations import (
    cancel_registration,
    change_registration,
    register,
)
from communities.tokens import calendar_token, registration_token
from communities.wording import needs_wording
from mailing.models import Attachment, Delivery
from tests.communities.factories import make_associate, make_event, make_registration
from tests.communities.links import recipient_token
from tests.communities.registering import emails, filled_in, own, url
from tests.pages import words_of

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def event(community):
    return make_event(
        community, title="Winter meeting", takes_registrations=True, capacity=2, online_url="https://meet.example.org/x"
    )


# --- The page ----------------------------------------------------------------------------------------------------


def test_event_page_when_open_then_leads_to_registering(client, event):
    page = BeautifulSoup(client.get(event.get_absolute_url()).content, "html.parser")
    assert page.find("a", string=lambda words: words and "Register for this event" in words)["href"] == url(
        "register", event
    )
    for number in range(2):
        make_registration(event, email=f"{number}@example.org")
    assert "Join the waiting list" in words_of(client.get(event.get_absolute_url()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"takes_registrations": False}, "Registration is not open"),
        ({"status": "cancelled"}, "It has been cancelled"),
        ({"starts_at": timezone.now() - 3 * HOUR, "ends_at": timezone.now() - HOUR}, "It is over"),
        ({"starts_at": timezone.now() - HOUR, "ends_at": timezone.now() + 9000 * HOUR}, "It has begun"),
    ],
)
def test_register_when_it_is_not_open_then_says_why_and_takes_nobody(client, event, changes, words):
    for name, value in changes.items():
        setattr(event, name, value)
    event.save()
    assert "Register for this event" not in words_of(client.get(event.get_absolute_url()))
    for answer in (client.get(url("register", event)), client.post(url("register", event), filled_in())):
        assert (answer.status_code, words in words_of(answer)) == (200, True)
    with pytest.raises(RefusedError):
        register(event=event, email="a@example.org", name="A", host="192.0.2.1")
    assert not Registration.objects.exists()
    assert not Delivery.objects.exists()


def test_register_when_a_draft_then_404_for_the_public(client, event):
    event.status = "draft"
    event.save()
    assert client.get(url("register", event)).status_code == 404
    assert client.post(url("register", event), filled_in()).status_code == 404


def test_register_when_sent_then_a_place_and_one_email_with_the_calendar_and_the_private_link(client, event):
    answer = client.post(url("register", event), filled_in(organisation="Trent"))
    assert answer.url == url("register_sent", event)
    assert client.get(answer.url).status_code == 200
    registration = Registration.objects.get()
    assert (registration.name, registration.email, registration.organisation, registration.status) == (
        "Joan Carer", "joan@example.org", "Trent", "coming",
    )  # fmt: skip
    delivery = Delivery.objects.get()
    assert (delivery.recipient, delivery.mailing.subject) == ("joan@example.org", "You have a place: Winter meeting")
    assert own("registration", registration) in delivery.mailing.text
    assert "https://meet.example.org/x" in delivery.mailing.text
    attachment = Attachment.objects.get()
    assert attachment.content_type == "text/calendar; method=PUBLISH; charset=utf-8"
    entry = Calendar.from_ical(bytes(attachment.content)).walk("VEVENT")[0]
    assert (entry["STATUS"], str(entry["UID"])) == ("CONFIRMED", f"{event.uid}@testserver")
    assert "https://meet.example.org/x" in entry["DESCRIPTION"]


def test_register_when_sent_then_agrees_to_nothing_else(client, event):
    client.post(url("register", event), filled_in())
    assert not Associate.objects.exists()
    assert not Consent.objects.exists()


def test_register_when_sent_twice_or_capitalised_otherwise_then_one_registration_unchanged(client, event):
    client.post(url("register", event), filled_in())
    other = filled_in(name="Somebody Else", email="JOAN@example.org", access="x", agree_needs="on")
    answer = client.post(url("register", event), other)
    assert answer.url == url("register_sent", event)
    registration = Registration.objects.get()
    assert registration.name == "Joan Carer"
    assert not AttendeeNeeds.objects.exists()
    assert emails("joan@example.org") == [
        "You have a place: Winter meeting",
        "You have registered already: Winter meeting",
    ]


def test_register_when_address_is_known_then_the_answer_is_the_same_to_the_byte(client, event):
    make_registration(event, email="known@example.org")
    known = client.post(url("register", event), filled_in(email="known@example.org"))
    unknown = client.post(url("register", event), filled_in(email="unknown@example.org"))
    assert (known.status_code, known.url, known.content) == (unknown.status_code, unknown.url, unknown.content)


def test_register_when_asked_too_often_then_429_known_or_not(client, event):
    make_registration(event, email="known@example.org")
    for address in ("known@example.org", "unknown@example.org"):
        for _ in range(PER_ADDRESS):
            assert client.post(url("register", event), filled_in(email=address)).status_code == 302
        answer = client.post(url("register", event), filled_in(email=address))
        assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
        assert "Joan Carer" in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Enter your name"),
        ({"name": "Win at https://evil.example"}, "Leave out web addresses"),
        ({"name": "Joan\nBcc: victim@example.org"}, "one line"),
        ({"name": "{{token}}"}, "Leave out web addresses"),
        ({"email": ""}, "Enter your email address"),
        ({"email": "joan"}, "correct format"),
        ({"email": "joan@example.org\nBcc: v@example.org"}, "one email address"),
        ({"organisation": "x" * 201}, "at most 200"),
        ({"dietary": "x" * 501}, "at most 500"),
        ({"access": "x" * 1001}, "at most 1000"),
        ({"access": "a\x00b"}, "Null characters are not allowed"),
    ],
)
def test_register_when_something_is_wrong_then_says_so_and_keeps_the_rest(client, event, changes, words):
    answer = client.post(url("register", event), filled_in(**{"dietary": "No nuts", **changes}))
    page = words_of(answer)
    assert answer.status_code == 200
    assert words in page
    assert "Error: " in page
    assert "No nuts" in answer.content.decode() or "dietary" in changes
    assert not Registration.objects.exists()


def test_register_when_logged_in_then_name_and_address_are_filled_in(client_of, event, stranger):
    page = BeautifulSoup(client_of("stranger").get(url("register", event)).content, "html.parser")
    assert page.select_one("input[name=email]")["value"] == stranger.email


def test_register_when_it_had_been_cancelled_then_at_the_end_of_the_line_with_the_new_name(client, event):
    first = make_registration(event, "cancelled", email="joan@example.org", name="Old")
    for number in range(3):
        make_registration(event, ["coming", "coming", "waiting"][number])
    client.post(url("register", event), filled_in())
    first.refresh_from_db()
    assert (first.name, first.status, first.ended) == ("Joan Carer", "waiting", "")
    assert first.turn == max(event.registrations.values_list("turn", flat=True))


# --- The private link --------------------------------------------------------------------------------------------


def test_link_when_broken_forged_or_somebody_elses_kind_then_404(client, event, community):
    registration = make_registration(event)
    associate = make_associate(community)
    token = registration_token(registration)
    for bad in (token[:-1], token + "x", "nothing", calendar_token(associate), token.replace(".", "", 1)):
        for page in ("registration", "registration_change", "registration_cancel", "feedback"):
            assert client.get(reverse(f"events:{page}", args=[bad])).status_code == 404
        assert client.post(reverse("events:offer_accept", args=[bad])).status_code == 404
        assert client.post(reverse("events:registration_cancel", args=[bad])).status_code == 404
    registration.refresh_from_db()
    assert registration.status == "coming"


def test_link_when_it_is_an_associates_or_is_forgotten_then_410_and_opens_nothing(client, event, community):
    registration = make_registration(event)
    there = own("registration", registration)
    registration.delete()
    assert client.get(there).status_code == 410
    foreign = recipient_token(make_associate(community))
    assert client.get(reverse("events:registration", args=[foreign])).status_code == 410
    theirs = registration_token(make_registration(event))
    assert client.get(reverse("communities:preferences", args=[theirs])).status_code == 410


def test_link_when_opened_then_shows_how_it_stands_to_nobody_elses_search_engine(client, event):
    registration = make_registration(event)
    answer = client.get(own("registration", registration))
    assert "You have a place" in words_of(answer)
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    assert "You are on the waiting list" in words_of(
        client.get(own("registration", make_registration(event, "waiting")))
    )


def test_change_when_saved_then_details_and_needs_are_new_and_can_be_taken_out(client, event):
    registration = make_registration(event)
    change = {"name": "New Name", "organisation": "Org", "dietary": "Vegan", "access": "Ramp", "agree_needs": "on"}
    assert client.post(own("registration_change", registration), change).url == own("registration", registration)
    page = words_of(client.get(own("registration", registration)))
    assert all(words in page for words in ("New Name", "Org", "Vegan", "Ramp"))
    client.post(own("registration_change", registration), {"name": "New Name"})
    assert not AttendeeNeeds.objects.exists()
    answer = client.post(own("registration_change", registration), {"name": "", "dietary": "Halal"})
    assert "Enter your name" in words_of(answer)
    assert "Halal" in answer.content.decode()


def test_needs_when_the_box_is_not_ticked_then_asked_for_and_nothing_is_kept(client, event):
    """It arrives unticked: what may be about health is kept with explicit agreement alone (UK GDPR, article 9)."""
    page = BeautifulSoup(client.get(url("register", event)).content, "html.parser")
    assert not page.select_one("[name=agree_needs]").has_attr("checked")
    answer = client.post(url("register", event), filled_in(dietary="No nuts"))
    assert "Tick the box if we may keep what you wrote" in words_of(answer)
    assert "No nuts" in answer.content.decode()
    assert not Registration.objects.exists()
    client.post(url("register", event), filled_in(dietary="No nuts", agree_needs="on"))
    needs = AttendeeNeeds.objects.get()
    assert (needs.dietary, needs.agreed_to) == ("No nuts", needs_wording())
    first = needs.agreed_at
    change = {"name": "Joan", "access": "Ramp", "agree_needs": "on"}
    client.post(own("registration_change", needs.registration), change)
    needs.refresh_from_db()
    assert (needs.dietary, needs.access, needs.agreed_at) == ("", "Ramp", first)


def test_needs_when_nothing_was_written_then_a_tick_keeps_nothing(client, event):
    client.post(url("register", event), filled_in(agree_needs="on"))
    assert Registration.objects.count() == 1
    assert not AttendeeNeeds.objects.exists()


def test_change_when_cancelled_or_begun_then_refused_in_words(client, event):
    gone = make_registration(event, "cancelled")
    answer = client.post(own("registration_change", gone), {"name": "X"}, follow=True)
    assert "not registered any more" in words_of(answer)
    with time_machine.travel(event.starts_at + HOUR, tick=False), pytest.raises(RefusedError, match="begun"):
        change_registration(registration=make_registration(event), name="X", organisation="")


def test_cancel_when_asked_for_then_get_asks_and_post_does_and_forgets_the_needs(client, event):
    registration = make_registration(event)
    AttendeeNeeds.objects.create(registration=registration, dietary="Vegan")
    assert "Are you sure" in words_of(client.get(own("registration_cancel", registration)))
    registration.refresh_from_db()
    assert registration.status == "coming"
    for _ in range(2):
        assert client.post(own("registration_cancel", registration)).url == own("registration", registration)
    registration.refresh_from_db()
    assert (registration.status, registration.ended) == ("cancelled", "self")
    assert not AttendeeNeeds.objects.exists()
    assert emails(registration.email) == ["Your registration is cancelled: Winter meeting"]
    assert "Register again" in words_of(client.get(own("registration", registration)))


def test_cancel_when_begun_or_called_off_then_refused(event, staff):
    registration = make_registration(event)
    with time_machine.travel(event.starts_at, tick=False), pytest.raises(RefusedError, match="begun"):
        cancel_registration(registration=registration)
    cancel_event(event=event, reason="Snow", by=staff)
    with pytest.raises(RefusedError, match="has been cancelled"):
        cancel_registration(registration=registration)


# --- What the database refuses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "offered", "offer_expires_at": None},
        {"status": "waiting", "coming_since": timezone.now()},
        {"status": "waiting", "coming_since": None, "email": ""},
        {"status": "cancelled", "ended": ""},
        {"status": "waiting", "coming_since": None, "attended": True},
        {"ended": "self"},
        {"email": "TAKEN@example.org"},
        {"turn": 1},
    ],
)
def test_row_when_it_breaks_a_rule_then_the_database_refuses(event, broken):
    make_registration(event, email="taken@example.org", turn=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_registration(event, **broken)


def test_row_when_capacity_is_nothing_then_the_database_refuses(community):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_event(community, capacity=0)
