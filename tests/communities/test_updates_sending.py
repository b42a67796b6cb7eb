"""Sending the monthly update: each person once, one email for all their communities, only what was approved."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import UpdateMailing, UpdateReceipt
from communities.privacy import data_held
from communities.services.consents import stop_one_community, withdraw_consent
from communities.services.preferences import Choices, erase_associate, leave_community, save_preferences
from communities.services.update_sending import recipients_of, send_due, send_update
from communities.services.updates import save_section
from mailing.models import Delivery, Mailing
from mailing.services import pause, suppress
from studies.models import Study
from tests.communities.factories import give, join, make_approved, make_associate, make_community, make_section
from tests.communities.links import recipient_token
from tests.communities.together import at_once


@pytest.fixture
def third(theme):
    return make_community(Study.objects.create(slug="third", theme=theme, title="The third", stage="active"))


@pytest.fixture
def update(community, other):
    """With what two communities have approved."""
    make_approved(community, titles=("Of the first",))
    return make_approved(other, titles=("Of the second",)).update


def waiting(person) -> list[Mailing]:
    return [
        each.mailing
        for each in Delivery.objects.filter(recipient=person.email, status="queued").select_related("mailing")
    ]


def test_send_when_people_are_in_several_communities_then_each_gets_one_email(update, community, other, staff):
    in_both, in_first, in_second = (make_associate(updates=True) for _ in range(3))
    for person, communities in ((in_both, (community, other)), (in_first, (community,)), (in_second, (other,))):
        for each in communities:
            join(person, each)
    assert recipients_of(update).count() == 3
    sent = send_update(update=update, by=staff)
    assert (sent.closed_by, sent.is_open) == (staff, False)
    assert Delivery.objects.count() == Mailing.objects.count() == 3
    [both], [first] = waiting(in_both), waiting(in_first)
    assert both.subject == "March 2027: what is new in your communities"
    assert first.subject == "March 2027: what is new in your community"
    assert both.text.index(community.name) < both.text.index("Of the first") < both.text.index(other.name)
    assert "Of the second" in both.text
    assert "Of the second" not in first.text
    assert "Of the second" not in first.html
    assert {row.mailing.list_key for row in UpdateMailing.objects.all()} == {
        f"updates/{community.slug}/", f"updates/{other.slug}/", both.list_key,
    }  # fmt: skip
    assert both.list_key.startswith("updates/~")
    assert both.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "list=updates" in both.headers["List-Unsubscribe"]


def test_send_when_communities_tell_the_same_then_a_person_in_both_reads_it_once(community, other, staff):
    update = None
    for each in (community, other):
        section = make_approved(each, titles=(f"Of {each.slug}",))
        section.entries.create(kind="newsletter", title="To all", url="https://x", source="newsletter:1", position=9)
        update = section.update
    in_both, in_other = make_associate(community, updates=True), make_associate(other, updates=True)
    join(in_both, other)
    send_update(update=update, by=staff)
    assert waiting(in_both)[0].text.count("Newsletter: To all") == 1
    assert waiting(in_other)[0].text.count("Newsletter: To all") == 1


def test_send_when_a_second_time_then_finds_nobody(update, community, staff):
    make_associate(community, updates=True)
    send_update(update=update, by=staff)
    send_update(update=update, by=staff)
    assert Delivery.objects.count() == UpdateReceipt.objects.count() == 1
    late = make_associate(community, updates=True)
    send_update(update=update, by=staff)
    assert waiting(late) == []
    receipt = UpdateReceipt.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        UpdateReceipt.objects.create(update=update, mailing=receipt.mailing, associate=receipt.associate)


def test_send_when_somebody_may_not_have_it_then_does_not_get_it(update, community, third, staff):
    got = make_associate(community, updates=True)
    make_associate(community)  # wants newsletters and events
    withdraw_consent(associate=make_associate(community, updates=True), purposes=["updates"], source="x")
    stop_one_community(
        associate=make_associate(community, updates=True), community=community, purpose="updates", source="x"
    )
    leave_community(membership=make_associate(community, updates=True).memberships.get())
    suppress(email=make_associate(community, updates=True, email="Full@example.org").email.lower(), reason="hard")
    make_associate(third, updates=True)
    not_here = make_associate(community)
    give(not_here, "updates")
    send_update(update=update, by=staff)
    assert [each.recipient for each in Delivery.objects.all()] == [got.email]


def test_send_when_not_approved_or_hidden_then_left_out(community, other, third, staff):
    update = make_approved(community, titles=("Approved",)).update
    make_section(other, titles=("Never approved",))
    make_section(third, titles=("Skipped",), status="skipped", decided_at=timezone.now())
    person = make_associate(community, updates=True)
    for each in (other, third):
        join(person, each)
    of_other = make_associate(other, updates=True)
    send_update(update=update, by=staff)
    [mailing] = waiting(person)
    assert "Approved" in mailing.text
    for words in ("Never approved", "Skipped", other.name, third.name):
        assert words not in mailing.text + mailing.html
    assert waiting(of_other) == []


def test_send_when_community_was_hidden_since_then_its_members_are_told_nothing(update, community, staff):
    person = make_associate(community, updates=True)
    Study.objects.filter(pk=community.study_id).update(archived_at=timezone.now())
    send_update(update=update, by=staff)
    assert waiting(person) == []


def test_send_when_nothing_is_approved_then_nothing_is_sent(community, staff):
    make_associate(community, updates=True)
    sent = send_update(update=make_section(community).update, by=staff)
    assert not sent.is_open
    assert not Mailing.objects.exists()


def test_send_due_when_time_has_come_then_goes_by_itself_once(update, community):
    make_associate(community, updates=True)
    assert send_due() == 0
    with time_machine.travel(update.closes_at + dt.timedelta(days=3), tick=False):
        assert send_due() == 1
        assert send_due() == 0
    update.refresh_from_db()
    assert update.closed_by is None
    assert Delivery.objects.count() == 1


def test_send_page_when_pressed_then_says_to_how_many_and_what_is_left_out(client_of, update, community, third):
    make_section(third)
    make_associate(community, updates=True)
    there = reverse("updates:send", args=[2027, 3])
    client = client_of("staff")
    page = client.get(there).content.decode()
    assert "Send to 1 person" in page
    assert third.name in page.split("Not approved, so left out")[1]
    answer = client.post(there, follow=True)
    assert "on its way to 1 person" in answer.content.decode()
    assert "Left out, not approved in time" in answer.content.decode()
    assert client.post(there).status_code == 302
    assert Delivery.objects.count() == 1
    assert client.get(there).url == update.get_absolute_url()


def test_unsubscribe_when_one_click_then_consent_and_what_waits_are_gone(update, community, other, staff):
    person = make_associate(community, updates=True)
    join(person, other)
    send_update(update=update, by=staff)
    [mailing] = waiting(person)
    address = mailing.headers["List-Unsubscribe"].strip("<>").replace("{{token}}", recipient_token(person))
    answer = Client(enforce_csrf_checks=True).post(
        address.partition("example.org")[2] or "/" + address.split("/", 3)[3], {"List-Unsubscribe": "One-Click"}
    )
    assert answer.status_code == 200
    assert waiting(person) == []
    assert not person.consents.standing().filter(purpose="updates").exists()
    assert person.consents.standing().count() == 2


@pytest.mark.parametrize("way", ["leave", "stop", "preferences"])
def test_leaving_when_it_was_their_only_community_in_it_then_withdrawn(update, community, staff, way):
    person, stays = make_associate(community, updates=True), make_associate(community, updates=True)
    send_update(update=update, by=staff)
    part(way, person, community)
    assert waiting(person) == []
    assert len(waiting(stays)) == 1


def part(way: str, person, community) -> None:
    if way == "leave":
        leave_community(membership=person.memberships.get(community=community))
    elif way == "stop":
        stop_one_community(associate=person, community=community, purpose="updates", source="x")
    else:
        wanted = {"newsletters": True, "events": True, "updates": True}
        stays = {community.pk: frozenset({"newsletters", "events"})}
        save_preferences(associate=person, choices=Choices(consents=wanted, stays=stays), wordings=wanted)


@pytest.mark.parametrize("way", ["leave", "stop", "preferences"])
def test_leaving_when_others_are_in_it_then_gets_the_email_without_the_one_left(update, community, other, staff, way):
    person, of_other = make_associate(community, updates=True), make_associate(other, updates=True)
    join(person, other)
    send_update(update=update, by=staff)
    part(way, person, community)
    [mailing] = waiting(person)
    assert "Of the first" not in mailing.text
    assert "Of the second" in mailing.text
    assert waiting(of_other) == [mailing]
    assert UpdateReceipt.objects.filter(associate=person).count() == 1
    part(way, person, community)
    assert waiting(person) == [mailing]


def test_leaving_when_of_three_communities_then_two_then_none_are_left(update, community, other, third, staff):
    make_approved(third, titles=("Of the third",))
    person = make_associate(community, updates=True)
    for each in (other, third):
        join(person, each)
    send_update(update=update, by=staff)
    pause(mailing=waiting(person)[0])
    part("leave", person, other)
    [mailing] = waiting(person)
    assert mailing.status == "paused"
    assert ("Of the first" in mailing.text, "Of the second" in mailing.text, "Of the third" in mailing.text) == (
        True, False, True,
    )  # fmt: skip
    for each in (community, third):
        part("leave", person, each)
    assert waiting(person) == []


def test_leaving_when_it_has_gone_then_nothing_more_comes(update, community, other, staff):
    person = make_associate(community, updates=True)
    join(person, other)
    send_update(update=update, by=staff)
    Delivery.objects.update(status="sent", due_at=None, settled_at=timezone.now())
    part("leave", person, community)
    assert Delivery.objects.count() == 1


def test_data_when_sent_then_held_shown_and_erased(update, community, staff):
    person = make_associate(community, updates=True)
    send_update(update=update, by=staff)
    assert data_held(person)["Monthly updates that you were sent"] == [
        {"Month": "March 2027", "Communities": [community.name]}
    ]
    assert data_held(person)["Communities"][0]["Monthly updates wanted"] is True
    erase_associate(associate=person)
    assert not UpdateReceipt.objects.exists()
    assert not Delivery.objects.filter(recipient=person.email).exists()


def test_send_when_to_more_people_then_no_more_queries(community, other, staff):
    def queries(month: dt.date) -> int:
        update = make_approved(community, month=month).update
        make_approved(other, month=month)
        with CaptureQueriesContext(connection) as captured:
            send_update(update=update, by=staff)
        return len(captured)

    def add(count: int) -> None:
        for _ in range(count):
            make_associate(community, updates=True)
            join(make_associate(other, updates=True), community)

    add(1)
    before = queries(dt.date(2027, 3, 1))
    add(24)
    assert queries(dt.date(2027, 4, 1)) == before
    assert UpdateReceipt.objects.count() == 2 + 50


@pytest.mark.django_db(transaction=True)
def test_send_when_twice_at_once_and_people_leave_then_each_gets_one_at_most(update, community, other, staff):
    people = [make_associate(community, updates=True) for _ in range(6)]
    for person in people:
        join(person, other)

    def leave(membership):
        return lambda: leave_community(membership=membership)

    leaving = [leave(membership) for person in people[:3] for membership in person.memberships.all()]
    leaving += [leave(people[3].memberships.get(community=community))]
    assert at_once([*leaving, *[lambda: send_update(update=update)] * 2, send_due]) == []
    assert [len(waiting(person)) for person in people] == [0, 0, 0, 1, 1, 1]
    [mailing] = waiting(people[3])
    assert ("Of the first" in mailing.text, "Of the second" in mailing.text) == (False, True)
    assert UpdateReceipt.objects.filter(associate__in=people[3:]).count() == 3


@pytest.mark.django_db(transaction=True)
def test_approve_when_it_is_sent_at_the_same_moment_then_in_it_or_refused(community, other, staff):
    update = make_approved(community, titles=("Of the first",)).update
    section = make_section(other, titles=("Of the second",))
    person = make_associate(community, updates=True)
    join(person, other)

    def approve() -> None:
        included = [section.entries.get().pk]
        save_section(section=section, version=1, introduction="", included=included, by=staff, approve=True)

    assert at_once([approve, lambda: send_update(update=update)]) == []
    section.refresh_from_db()
    assert section.is_approved == ("Of the second" in waiting(person)[0].text)
