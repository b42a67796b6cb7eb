"""An associate's own calendar: whose events, at which address, and sound line by line."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from icalendar import Calendar

from communities.tokens import calendar_token, calendar_url, owner_token, registration_token
from tests.communities.factories import make_associate, make_community, make_event, make_registration
from tests.communities.links import recipient_token
from tests.communities.test_feeds import lines_of, values


@pytest.fixture
def associate(community):
    return make_associate(community)


def address(associate) -> str:
    return reverse("events:personal_calendar", args=[calendar_token(associate)])


def test_calendar_when_subscribed_to_then_their_communities_everybodys_and_what_they_registered_for(
    client, associate, community, other_study
):
    elsewhere = make_community(other_study)
    ours, everybodys, joined = make_event(community), make_event(), make_event(elsewhere)
    off = make_event(community, status="cancelled", cancelled_reason="Snow", sequence=2)
    make_event(elsewhere)
    make_event(community, status="draft")
    make_registration(joined, email=associate.email.upper())
    answer = client.get(address(associate))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert "noindex" in answer["X-Robots-Tag"]
    lines = lines_of(answer.content)
    uids = {uid.partition("@")[0] for uid in values(lines, "UID")}
    assert uids == {ours.uid, everybodys.uid, joined.uid, off.uid}
    assert (values(lines, "METHOD"), values(lines, "VERSION")) == (["PUBLISH"], ["2.0"])
    for name in ("DTSTAMP", "SEQUENCE", "STATUS", "DTEND"):
        assert len(values(lines, name)) == 4, name
    assert all(value.endswith("Z") for value in values(lines, "DTSTAMP"))
    entries = {str(each["UID"]).partition("@")[0]: each for each in Calendar.from_ical(answer.content).walk("VEVENT")}
    assert (entries[off.uid]["STATUS"], entries[off.uid]["SEQUENCE"]) == ("CANCELLED", 2)


def test_calendar_when_online_then_the_link_only_where_they_have_a_place(client, associate, community):
    with_place, without = (
        make_event(community, takes_registrations=True, online_url=f"https://meet.example.org/{word}")
        for word in ("mine", "theirs")
    )
    make_registration(with_place, email=associate.email)
    make_registration(without, "waiting", email=associate.email)
    answer = client.get(address(associate)).content
    content = answer.replace(b"\r\n ", b"").decode()
    assert "meet.example.org/mine" in content
    assert "meet.example.org/theirs" not in content
    entries = {str(each["UID"]).partition("@")[0]: each for each in Calendar.from_ical(answer).walk("VEVENT")}
    assert (entries[with_place.uid]["STATUS"], entries[with_place.uid]["TRANSP"]) == ("CONFIRMED", "OPAQUE")
    assert (entries[without.uid]["STATUS"], entries[without.uid]["TRANSP"]) == ("TENTATIVE", "TRANSPARENT")


def test_calendar_when_a_new_address_is_made_then_the_old_one_works_no_more(client, associate, community):
    make_event(community)
    old = address(associate)
    preferences = reverse("communities:preferences", args=[owner_token(associate)])
    page = BeautifulSoup(client.get(preferences).content, "html.parser")
    assert "Make a new address" in [button.get_text(strip=True) for button in page.find_all("button")]
    renew = reverse("communities:preferences_calendar", args=[owner_token(associate)])
    answer = client.post(renew, follow=True)
    assert answer.redirect_chain[0][0] == preferences
    assert "Your calendar has a new address." in answer.content.decode()
    associate.refresh_from_db()
    assert address(associate) != old
    assert address(associate) in answer.content.decode()
    assert client.get(old).status_code == 410
    assert client.get(address(associate)).status_code == 200


def test_calendar_when_only_a_newsletters_link_is_used_then_no_new_address(client, associate):
    there = reverse("communities:preferences_calendar", args=[recipient_token(associate)])
    assert client.post(there).status_code == 403
    associate.refresh_from_db()
    assert associate.calendar_number == 1


def test_calendar_when_they_left_then_only_what_is_for_everybody(client, associate, community):
    make_event(community)
    everybodys = make_event()
    associate.memberships.update(left_at=associate.memberships.get().joined_at)
    lines = lines_of(client.get(address(associate)).content)
    assert [uid.partition("@")[0] for uid in values(lines, "UID")] == [everybodys.uid]


def test_calendar_when_the_link_is_another_kind_or_gone_then_nothing(client, associate, community):
    token = calendar_token(associate)
    for bad in (recipient_token(associate), registration_token(make_registration(make_event())), token[:-1], "x"):
        assert client.get(reverse("events:personal_calendar", args=[bad])).status_code == 404
    assert client.get(reverse("communities:preferences", args=[token])).status_code == 404
    there = address(associate)
    associate.delete()
    assert client.get(there).status_code == 410


def test_preferences_when_opened_then_lead_to_the_calendar_and_to_their_registrations(client, associate, community):
    event = make_event(community, title="Winter meeting")
    registration = make_registration(event, email=associate.email)
    there = reverse("communities:preferences", args=[owner_token(associate)])
    page = BeautifulSoup(client.get(there).content, "html.parser")
    links = {link["href"] for link in page.select("main a")}
    assert calendar_url(associate) in links
    assert reverse("events:registration", args=[registration_token(registration)]) in links


def test_calendar_when_nothing_changed_then_304_to_its_own_reader_and_kept_by_nobody_on_the_way(
    client, associate, community
):
    event = make_event(community, takes_registrations=True, online_url="https://meet.example.org/mine")
    first = client.get(address(associate))
    assert first["Cache-Control"] == "no-cache, private"
    same = client.get(address(associate), headers={"if-none-match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same["Cache-Control"] == "no-cache, private"
    assert "noindex" in same["X-Robots-Tag"]
    make_registration(event, email=associate.email)
    placed = client.get(address(associate), headers={"if-none-match": first["ETag"]})
    assert b"meet.example.org/mine" in placed.content.replace(b"\r\n ", b"")


def test_calendar_when_somebody_else_has_the_same_events_then_their_etag_is_no_good_here(client, associate, community):
    another = make_associate(community)
    make_event(community)
    etags = [client.get(address(who))["ETag"] for who in (associate, another)]
    assert etags[0] != etags[1]
    assert client.get(address(another), headers={"if-none-match": etags[0]}).status_code == 200


def test_calendar_when_its_address_was_ended_then_no_etag_opens_the_old_one(client, associate, community):
    make_event(community)
    old = address(associate)
    etag = client.get(old)["ETag"]
    associate.calendar_number += 1
    associate.save()
    for header in (etag, "*"):
        assert client.get(old, headers={"if-none-match": header}).status_code == 410
