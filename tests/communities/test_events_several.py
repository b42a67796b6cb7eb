"""Events for several communities: to each person once, on each one's pages and calendars, and left by one click."""

from __future__ import annotations

import threading

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import Associate, Event, EventPosting, Membership
from communities.services.consents import stop_one_community
from communities.services.events import cancel_event, create_event, save_event
from communities.services.postings import announce_event, audience_of, to_announce
from communities.services.preferences import leave_community
from communities.services.series import repeat_event
from communities.tokens import calendar_token
from mailing.models import Delivery
from studies.models import Study
from tests.communities.factories import make_associate, make_community, make_event, make_sent
from tests.communities.links import recipient_token
from tests.communities.test_events import planned
from tests.communities.test_feeds import lines_of, values

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def third(theme):
    return make_community(Study.objects.create(slug="third", theme=theme, title="Third"))


@pytest.fixture
def event(community, other):
    event = make_event(community, title="Meeting of two")
    event.also_for.add(other)
    return event


@pytest.fixture
def both(community, other):
    """Somebody who belongs to both, and asked for events in both."""
    person = make_associate(community)
    Membership.objects.create(associate=person, community=other, wants_events=True, wants_newsletters=True)
    return person


def wants(person: Associate) -> set[str]:
    return {each.community.slug for each in person.memberships.filter(wants_events=True)}


def status(person: Associate) -> str:
    return Delivery.objects.get(recipient=person.email).status


def url(name: str, event: Event) -> str:
    return reverse(f"events:{name}", args=[event.slug])


def unsubscribe(person: Associate, event: Event) -> str:
    return reverse("communities:unsubscribe", args=[recipient_token(person)]) + f"?list=events&issue={event.pk}"


# --- Planning -------------------------------------------------------------------------------------------------------


def test_new_when_others_are_ticked_then_for_all_of_them(client_of, community, other):
    data = planned(community=community.pk, also_for=[community.pk, other.pk])
    client_of("staff").post(reverse("events:new"), data)
    event = Event.objects.get()
    assert (event.communities, event.also_for_keys) == ([community, other], {other.pk})


def test_new_when_for_everybody_and_others_too_then_asks_which(client_of, other):
    answer = client_of("staff").post(reverse("events:new"), planned(also_for=[other.pk]))
    assert "Choose a community, or tick no others" in answer.content.decode()
    assert not Event.objects.exists()


def test_create_when_for_everybody_then_for_no_others_besides(other, staff, event):
    values = {"kind": "regional", "description": "x", "starts_at": event.starts_at, "ends_at": event.ends_at}
    made = create_event(by=staff, title="All", place="Hall", also_for=[other.pk], **values)
    assert (made.communities, made.also_for_keys) == ([], frozenset())
    save_event(event=event, version=1, changes={"community": None}, by=staff)
    assert Event.objects.get(pk=event.pk).also_for_keys == frozenset()


def test_edit_when_two_write_at_once_then_the_second_sees_whom_the_first_ticked(client_of, event, staff, third):
    save_event(event=event, version=1, changes={"also_for": frozenset({third.pk})}, by=staff)
    data = planned(community=event.community_id, also_for=[], version="1")
    answer = client_of("staff").post(url("edit", event), data)
    assert answer.status_code == 409
    words = " ".join(BeautifulSoup(answer.content, "html.parser").get_text(" ").split())
    assert "Which other communities is it for?: as they saved it Third" in words
    assert Event.objects.get(pk=event.pk).also_for_keys == {third.pk}


def test_edit_when_others_are_unticked_then_the_event_is_no_longer_theirs(client_of, event):
    page = BeautifulSoup(client_of("staff").get(url("edit", event)).content, "html.parser")
    assert len(page.select("input[name=also_for][checked]")) == 1
    client_of("staff").post(url("edit", event), planned(community=event.community_id, version="1"))
    assert Event.objects.get(pk=event.pk).also_for_keys == frozenset()


@pytest.mark.parametrize("page", ["edit", "announce", "cancel", "repeat"])
def test_page_when_opened_by_a_convenor_of_one_or_of_all_its_communities_then_still_for_staff(
    client_of, convenor, event, other, page
):
    assert client_of("convenor").get(url(page, event)).status_code == 403
    Membership.objects.create(associate=convenor.associate, community=other, role="convenor")
    assert client_of("convenor").get(url(page, event)).status_code == 403


# --- Pages and calendars --------------------------------------------------------------------------------------------


def test_pages_when_for_several_then_each_shows_it_once_and_no_other(client, event, community, other, third):
    public = BeautifulSoup(client.get(event.get_absolute_url()).content, "html.parser")
    links = {link["href"] for link in public.select(".nhsuk-summary-list a")}
    assert {community.get_absolute_url(), other.get_absolute_url()} <= links
    for each, count in ((community, 1), (other, 1), (third, 0)):
        page = client.get(each.get_absolute_url()).content.decode()
        assert page.count("Meeting of two") == count
        lines = lines_of(client.get(f"/communities/{each.slug}/events.ics").content)
        assert len(values(lines, "UID")) == count
    assert len(values(lines_of(client.get("/events.ics").content), "UID")) == 1
    assert f"{community.name} and 1 other" in client.get(reverse("events:index")).content.decode()


def test_personal_calendar_when_they_belong_to_another_of_its_communities_then_in_it_once(client, event, both, other):
    only_other = make_associate(other)
    for person in (both, only_other):
        there = reverse("events:personal_calendar", args=[calendar_token(person)])
        assert len(values(lines_of(client.get(there).content), "UID")) == 1


@pytest.mark.parametrize("name", ["index", "manage"])
def test_list_when_many_are_for_several_then_as_many_queries_as_for_one(client_of, event, community, other, name):
    client = client_of("staff")
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(f"events:{name}"))
    for _ in range(19):
        make_event(community).also_for.add(other)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse(f"events:{name}"))
    assert len(few) == len(many)


# --- Telling people -------------------------------------------------------------------------------------------------


def test_announce_when_for_several_then_each_person_once_and_only_who_asked_there(
    client_of, event, both, community, other, third, staff
):
    ours, theirs, elsewhere = make_associate(community), make_associate(other), make_associate(third)
    no_longer = make_associate(other)
    no_longer.memberships.update(wants_events=False)
    page = BeautifulSoup(client_of("staff").get(url("announce", event)).content, "html.parser").get_text(" ")
    assert "3 people" in page
    assert f"members of {community.name} or {other.name}" in " ".join(page.split())
    mailing = announce_event(event=event, by=staff).mailing
    assert sorted(mailing.deliveries.values_list("recipient", flat=True)) == sorted(
        [both.email, ours.email, theirs.email]
    )
    assert (mailing.list_key, elsewhere.email) == (f"events/~{event.pk}/", elsewhere.email)
    assert f"list=events&issue={event.pk}" in mailing.headers["List-Unsubscribe"]
    assert mailing.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"joined {community.name} or {other.name}" in " ".join(mailing.text.split())


def test_series_when_for_several_then_each_date_is_and_they_are_told_together(event, both, other, staff):
    made = repeat_event(event=event, every="week", times=4, by=staff)
    event.refresh_from_db()
    assert {each.also_for_keys for each in made} == {frozenset({other.pk})}
    save_event(event=made[2], version=1, changes={"also_for": frozenset()}, by=staff)
    assert to_announce(event) == [event, *made[:2]]
    posting = announce_event(event=event, by=staff, whole_series=True)
    posting.mailing.deliveries.update(status="sent", due_at=None, settled_at=timezone.now())
    cancel_event(event=event, reason="Snow", by=staff, following_too=True)
    (mailing,) = {each.mailing for each in EventPosting.objects.filter(kind="cancellation")}
    assert mailing.list_key == f"events/~{event.pk}/"


# --- Leaving --------------------------------------------------------------------------------------------------------


def test_one_click_when_posted_then_out_of_event_emails_of_all_its_communities_at_once(
    event, both, community, other, staff
):
    announce_event(event=event, by=staff)
    newer = make_event(other)
    announce_event(event=newer, by=staff)
    bare = Client(enforce_csrf_checks=True)
    for _ in range(2):
        assert bare.post(unsubscribe(both, event), ONE_CLICK).status_code == 200
    assert set(Delivery.objects.values_list("status", flat=True)) == {"skipped"}
    for mine in (event, newer, make_event(community)):
        assert both not in audience_of(mine)
    assert set(both.consents.standing().values_list("purpose", flat=True)) == {"newsletters"}


def test_one_click_when_a_newsletter_has_the_same_key_then_it_is_not_counted_there(event, both, community, staff):
    newsletter = make_sent(community, pk=event.pk)
    Client().post(unsubscribe(both, event), ONE_CLICK)
    assert not newsletter.unsubscribes.exists()


def test_page_when_opened_then_offers_each_of_its_communities_that_they_belong_to(
    client, event, both, community, third, staff
):
    Membership.objects.create(associate=both, community=third, wants_events=True)
    announce_event(event=event, by=staff)
    page = client.get(unsubscribe(both, event)).content.decode()
    assert "The email about an event that brought you here went to several communities" in page
    assert "Only emails about events from Return to work" in page
    assert "Emails about events from Home visits after stroke and Return to work" in page
    assert "from Third" not in page
    client.post(unsubscribe(both, event), {"what": f"community-{community.pk}"})
    assert (wants(both), status(both)) == ({"return-to-work", "third"}, "queued")
    client.post(unsubscribe(both, event), {"what": "communities"})
    assert (wants(both), status(both)) == ({"third"}, "skipped")


@pytest.mark.parametrize("issue", ["", "0", "999999", "x", "9" * 30, "%00"])
def test_page_when_the_link_names_no_event_then_offers_no_community(client, both, issue):
    there = reverse("communities:unsubscribe", args=[recipient_token(both)])
    page = client.get(f"{there}?list=events&issue={issue}").content.decode()
    assert "All emails about events" in page
    assert "Only emails" not in page


def test_page_when_the_event_is_a_draft_then_its_communities_are_not_told(client, event, both):
    Event.objects.filter(pk=event.pk).update(status="draft")
    assert "Only emails" not in client.get(unsubscribe(both, event)).content.decode()


def test_waiting_when_one_of_its_communities_is_left_then_stays_until_the_last(event, both, community, staff):
    announce_event(event=event, by=staff)
    leave_community(membership=both.memberships.get(community=community))
    assert status(both) == "queued"
    leave_community(membership=both.memberships.exclude(community=community).get())
    assert status(both) == "skipped"


def test_waiting_when_for_everybody_and_the_last_community_is_left_then_withdrawn(both, community, other, staff):
    announce_event(event=make_event(), by=staff)
    stop_one_community(associate=both, community=community, purpose="events", source="x")
    assert status(both) == "queued"
    stop_one_community(associate=both, community=other, purpose="events", source="x")
    assert status(both) == "skipped"


@pytest.mark.django_db(transaction=True)
def test_announce_when_somebody_clicks_at_the_same_moment_then_nothing_waits_for_them(event, both, staff):
    def run(work) -> None:
        try:
            work()
        finally:
            connection.close()

    def tell() -> None:
        announce_event(event=event, by=staff)

    def click() -> None:
        Client().post(unsubscribe(both, event), ONE_CLICK)

    make_associate(event.community)  # somebody is told in any case
    threads = [threading.Thread(target=run, args=[work]) for work in (tell, click)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not Delivery.objects.filter(recipient=both.email).exclude(status="skipped").exists()
    assert Delivery.objects.exclude(recipient=both.email).count() == 1


def test_history_when_its_further_communities_change_then_administrators_read_from_what_to_what(
    client_of, event, other, third, staff
):
    save_event(event=event, version=1, changes={"title": "Other", "also_for": frozenset({third.pk})}, by=staff)
    after, before = event.history.all()[:2]
    changes = {each.field: (each.old, each.new) for each in after.diff_against(before).changes}
    assert after.history_user == staff
    assert [[row["community"] for row in side] for side in changes["also_for"]] == [[other.pk], [third.pk]]
    assert changes["title"][1] == "Other"
    page = client_of("administrator").get(reverse("admin:communities_event_history", args=[event.pk]))
    assert other.name in page.content.decode()
    assert third.name in page.content.decode()
