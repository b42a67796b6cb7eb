"""What is held on people without an account, and on those with one, for them to see, take and erase."""

from __future__ import annotations

import json

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from communities.models import Associate, Signup
from communities.privacy import what_we_hold_on
from communities.services.registrations import register
from communities.tokens import registration_token
from mailing.models import Delivery
from people import services
from people.services import mark_email_verified
from tests.communities.factories import make_associate, make_event, make_registration, make_signup


@pytest.fixture
def joan(event):
    """Somebody who registered for an event and is nothing else here."""
    register(event=event, email="joan@example.org", name="Joan", host="1.1.1.1", dietary="No nuts", agreed_to="Yes")
    return event.registrations.get(email="joan@example.org")


@pytest.fixture
def event(community):
    return make_event(community, title="Winter meeting", takes_registrations=True)


def test_attendee_when_they_take_their_data_then_every_event_of_theirs_and_what_was_emailed(client, joan, event):
    other = make_event(title="Spring meeting", takes_registrations=True)
    make_registration(other, "cancelled", email="JOAN@example.org", name="Joan B")
    make_registration(other, email="somebody@example.org", name="Somebody Else")
    page = client.get(reverse("events:registration", args=[registration_token(joan)]))
    (link,) = BeautifulSoup(page.content, "html.parser").select("a[download]")
    answer = client.get(link["href"])
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    data = json.loads(answer.content)
    assert data["Email address"] == "joan@example.org"
    assert {(each["Event"], each["Name"]) for each in data["Events"]} == {
        ("Winter meeting", "Joan"), ("Spring meeting", "Joan B"),
    }  # fmt: skip
    assert {each["What you eat"] for each in data["Events"]} == {"No nuts", ""}
    assert len(data["Emails"]) == Delivery.objects.filter(recipient="joan@example.org").count() == 1
    assert "Somebody" not in answer.content.decode()


def test_attendee_when_their_address_has_another_page_then_emails_are_told_there_alone(client, joan, community):
    make_associate(community, email="Joan@example.org")
    data = client.get(reverse("events:registration_data", args=[registration_token(joan)])).json()
    assert set(data) == {"Email address", "Events"}


def test_attendee_when_the_link_is_forged_or_gone_then_no_data(client, joan):
    address = reverse("events:registration_data", args=[registration_token(joan)])
    assert client.get(address.replace("data/", "x/data/")).status_code == 404
    assert client.get(reverse("events:registration_data", args=["forged.1.x"])).status_code == 404
    joan.delete()
    assert client.get(address).status_code == 410


def test_account_when_it_has_unconfirmed_signups_then_they_are_shown_and_go_with_it(stranger, community):
    make_signup(community, email=stranger.email.upper(), name="Sam S", organisation="Derby")
    make_signup(community, email="other@example.org")
    (shown,) = what_we_hold_on(stranger)["Signups for communities"]
    assert (shown["Name"], shown["Organisation"]) == ("Sam S", "Derby")
    services.close_account(user=stranger)
    assert list(Signup.objects.values_list("email", flat=True)) == ["other@example.org"]


@pytest.mark.parametrize("is_proved", [True, False])
def test_account_when_an_associate_has_its_address_then_goes_with_it_if_the_address_was_proved(
    stranger, community, is_proved
):
    make_associate(community, email=stranger.email)
    if is_proved:
        mark_email_verified(stranger)
    assert bool(what_we_hold_on(stranger)["Communities of practice"]) == is_proved
    services.close_account(user=stranger)
    assert Associate.objects.exists() != is_proved
