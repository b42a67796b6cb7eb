"""What goes to several communities at once: to each person once, and to nobody who left the last of them."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import transaction

from communities.audiences import Choice
from communities.lists import list_key, several_key, unsubscribe_headers
from communities.models import Associate, Membership, Newsletter
from communities.services.audiences import save_audience
from communities.services.consents import stop_one_community, withdraw_consent
from communities.services.newsletters import extend_newsletter, send_newsletter
from communities.services.preferences import leave_community
from communities.services.several import withdraw_unwanted
from mailing.models import Delivery
from mailing.services import queue_bulk, suppress
from tests.communities.factories import make_associate, make_newsletter
from tests.communities.together import at_once


@pytest.fixture
def person(community):
    return make_associate(community)


@pytest.fixture
def waiting(person, community):
    """A newsletter on its way to one person by the list of its own that an issue to several communities has."""
    return queue(several_key("newsletters", make_newsletter(community).pk))


def queue(key: str) -> Delivery:
    mailing = queue_bulk(
        topic="newsletter", list_key=key, subject="News", text="Hello", audience=Associate.objects.as_audience(),
        headers=unsubscribe_headers("newsletters"),
    )  # fmt: skip
    return mailing.deliveries.get()


def status(delivery: Delivery) -> str:
    return Delivery.objects.get(pk=delivery.pk).status


def test_wanting_when_several_communities_then_each_person_once_and_nobody_without_consent(community, other):
    both, first, second = make_associate(community), make_associate(community), make_associate(other)
    Membership.objects.create(associate=both, community=other, wants_newsletters=True)
    make_associate()
    turned_off, gone, bounced, never = (make_associate(other) for _ in range(4))
    turned_off.memberships.update(wants_newsletters=False)
    Membership.objects.filter(associate=gone).update(left_at="2099-01-01T00:00Z")
    suppress(email=bounced.email, reason="hard bounce")
    never.consents.all().delete()
    wanting = Associate.objects.wanting
    assert list(wanting("newsletters", community, other)) == [both, first, second]
    assert list(wanting("newsletters", community)) == [both, first]
    assert list(wanting("newsletters")) == list(wanting("newsletters", None)) == [both, first, second]
    assert not Associate.objects.wanting_in("newsletters", []).exists()


def test_waiting_when_another_of_its_communities_is_left_then_stays(waiting, person, other):
    membership = Membership.objects.create(associate=person, community=other, wants_newsletters=True)
    leave_community(membership=membership)
    assert status(waiting) == "queued"


def test_waiting_when_the_last_community_is_left_then_withdrawn_once(waiting, person):
    leave_community(membership=person.memberships.get())
    assert status(waiting) == "skipped"
    assert withdraw_unwanted(associate=person, purposes=["newsletters", "events"]) == 0


def test_waiting_when_turned_off_there_then_withdrawn_and_for_events_not(waiting, person, community):
    stop_one_community(associate=person, community=community, purpose="events", source="x")
    assert status(waiting) == "queued"
    stop_one_community(associate=person, community=community, purpose="newsletters", source="x")
    assert status(waiting) == "skipped"


def test_waiting_when_failed_before_they_left_then_staff_cannot_send_it_again(waiting, person):
    Delivery.objects.filter(pk=waiting.pk).update(status="failed", due_at=None)
    leave_community(membership=person.memberships.get())
    assert not Delivery.objects.repeatable().exists()


def test_waiting_when_consent_is_withdrawn_then_withdrawn_by_the_kind_of_message(waiting, person):
    events = queue(several_key("events", 1))
    withdraw_consent(associate=person, purposes=["newsletters"], source="here")
    assert [status(waiting), status(events)] == ["skipped", "queued"]


def test_list_key_when_for_several_then_no_community_has_it(community):
    assert several_key("newsletters", 7) == "newsletters/~7/"
    assert not several_key("newsletters", 7).startswith(list_key("newsletters", "7"))


@pytest.mark.django_db(transaction=True)
def test_waiting_when_both_communities_are_left_at_once_then_withdrawn(community, other, staff):
    people = [make_associate(community) for _ in range(6)]
    for person in people:
        Membership.objects.create(associate=person, community=other, wants_newsletters=True)
    newsletter = make_newsletter(community)
    choice = Choice(communities=frozenset([community.pk, other.pk]))
    save_audience(newsletter=newsletter, version=1, choice=choice, by=staff)

    def leave(membership: Membership):
        return lambda: leave_community(membership=membership)

    leaving = [leave(membership) for person in people for membership in person.memberships.all()]
    sending = [lambda: send_newsletter(newsletter=newsletter, version=2, by=staff)]
    assert at_once([*leaving, *sending]) == []
    # One more, of whom each end has begun before the other is known.
    last = make_associate(community)
    Membership.objects.create(associate=last, community=other, wants_newsletters=True)
    extend_newsletter(newsletter=newsletter, by=staff)
    first, second = (leave(membership) for membership in last.memberships.all())
    beginning = threading.Thread(target=lambda: at_once([second]))
    with transaction.atomic():
        first()
        beginning.start()
        time.sleep(0.5)
    beginning.join()
    assert not Delivery.objects.exclude(status="skipped").exists()
    assert Newsletter.objects.get().is_sent
