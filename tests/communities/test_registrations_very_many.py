"""Very many who registered: a worker tells them, some at a time, and the page that asked for it does not wait."""

from __future__ import annotations

import datetime as dt

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from communities.models import Event, Notice
from communities.services import notices
from communities.services.consents import withdraw_consent
from communities.services.events import cancel_event, save_event
from communities.services.notices import send_reminders, tell_rest
from communities.services.postings import announce_event
from communities.services.preferences import leave_community
from communities.services.registrations import cancel_registration, register
from communities.tasks import make_lists
from mailing.models import Delivery
from tests.communities.factories import make_associate, make_event, make_registration
from tests.communities.registering import emails
from tests.communities.together import at_once

CHANGED, CANCELLED = "Changed: Winter meeting", "Cancelled: Winter meeting"


@pytest.fixture(autouse=True)
def _three_are_many(monkeypatch):
    monkeypatch.setattr(notices, "AT_ONCE", 2)


@pytest.fixture
def event(community):
    return make_event(community, title="Winter meeting", takes_registrations=True)


@pytest.fixture
def people(event):
    return [make_registration(event, registered_at=event.created_at) for _ in range(5)]


@pytest.fixture
def moved(event, people, staff):
    """It has moved, and nobody has been told yet."""
    save_event(event=event, version=1, changes={"place": "Library"}, by=staff)
    assert not Delivery.objects.exists()
    event.refresh_from_db()
    assert event.telling == "change"
    return event


def subjects(people) -> set[tuple[str, ...]]:
    return {tuple(emails(each.email)) for each in people}


def test_change_when_very_many_registered_then_a_worker_tells_each_once_and_the_page_says_so(client_of, moved, people):
    page = client_of("staff").get(moved.get_absolute_url())
    words = " ".join(BeautifulSoup(page.content, "html.parser").get_text(" ").split())
    assert "Those who registered are being told of the change" in words
    assert [make_lists(), make_lists()] == [5, 0]
    assert subjects(people) == {(CHANGED,)}
    moved.refresh_from_db()
    assert (moved.telling, moved.telling_since) == ("", None)
    assert "being told" not in client_of("staff").get(moved.get_absolute_url()).content.decode()


def test_change_when_few_registered_then_told_in_the_request(event, people, staff):
    for each in people[2:]:
        cancel_registration(registration=each, quietly=True)
    save_event(event=event, version=1, changes={"place": "Library"}, by=staff)
    assert subjects(people[:2]) == {(CHANGED,)}
    assert tell_rest() == 0


def test_change_when_the_worker_dies_in_the_middle_then_the_next_tells_the_rest(moved, people, monkeypatch):
    tell, left = notices._tell, iter([True])

    def until_it_dies(*args, **options):
        if not next(left, False):
            raise KeyboardInterrupt
        return tell(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(notices, "_tell", until_it_dies)
        with pytest.raises(KeyboardInterrupt):
            tell_rest()
    assert Delivery.objects.count() == Notice.objects.count() == 2
    assert [tell_rest(), tell_rest()] == [3, 0]
    assert subjects(people) == {(CHANGED,)}


def test_change_when_it_takes_long_then_another_worker_is_asked_to_go_on(moved, people, settings, monkeypatch):
    settings.MAIL_TASK_SECONDS = -1
    asked = []
    monkeypatch.setattr(notices, "leave_to_worker", lambda: asked.append(1))
    assert [tell_rest(), tell_rest(), tell_rest(), tell_rest()] == [2, 2, 1, 0]
    assert len(asked) >= 3
    assert subjects(people) == {(CHANGED,)}


def test_change_when_it_moves_again_meanwhile_then_told_of_the_latest_alone(moved, people, staff, monkeypatch):
    notices._tell_some(moved.pk)
    save_event(event=moved, version=2, changes={"place": "Museum"}, by=staff)
    assert tell_rest() == 5
    assert subjects(people[:2]) == {(CHANGED, CHANGED)}
    assert subjects(people[2:]) == {(CHANGED,)}
    assert "Museum" in Delivery.objects.get(recipient=people[4].email).mailing.text


def test_change_when_something_else_is_edited_meanwhile_then_told_once(moved, people, staff):
    notices._tell_some(moved.pk)
    save_event(event=moved, version=2, changes={"description": "More."}, by=staff)
    assert tell_rest() == 3
    assert subjects(people) == {(CHANGED,)}


def test_change_when_it_is_cancelled_meanwhile_then_told_of_that(moved, people, staff):
    notices._tell_some(moved.pk)
    cancel_event(event=moved, reason="Snow.", by=staff)
    assert tell_rest() == 5
    assert subjects(people[:2]) == {(CHANGED, CANCELLED)}
    assert subjects(people[2:]) == {(CANCELLED,)}


def test_change_when_somebody_leaves_or_registers_meanwhile_then_not_told(moved, people):
    cancel_registration(registration=people[0], quietly=True)
    register(event=moved, email="new@example.org", name="New", host="x")
    assert tell_rest() == 4
    assert emails(people[0].email) == []
    assert CHANGED not in emails("new@example.org")


def test_change_when_few_are_left_then_what_was_left_to_a_worker_is_done(moved, people, staff):
    for each in people[2:]:
        cancel_registration(registration=each, quietly=True)
    save_event(event=moved, version=2, changes={"place": "Museum"}, by=staff)
    assert subjects(people[:2]) == {(CHANGED,)}
    assert tell_rest() == 0


def test_telling_when_since_when_is_not_known_then_refused_by_the_database(event):
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(telling="change")


def test_reminders_when_very_many_then_some_at_a_time_and_each_once(event, people):
    soon = timezone.now() + dt.timedelta(hours=20)
    Event.objects.filter(pk=event.pk).update(starts_at=soon, ends_at=soon + dt.timedelta(hours=1))
    event.registrations.update(coming_since=soon - dt.timedelta(days=9))
    assert [send_reminders(), send_reminders()] == [5, 0]
    assert all(len(emails(each.email)) == 1 for each in people)


@pytest.mark.django_db(transaction=True)
def test_change_when_two_workers_tell_at_once_then_each_is_told_once(moved, people):
    assert at_once([tell_rest, tell_rest]) == []
    assert tell_rest() == 0
    assert subjects(people) == {(CHANGED,)}


@pytest.mark.django_db(transaction=True)
def test_change_when_somebody_who_left_all_communities_takes_consent_back_meanwhile_then_not_told(
    event, community, staff
):
    """They were told that it is on, so they would be told of the change, though they are in none of its communities."""
    told = [make_associate(community) for _ in range(4)]
    announce_event(event=event, by=staff)
    for person in told:
        leave_community(membership=person.memberships.get())
    Delivery.objects.update(status="sent", due_at=None)
    leaving = [lambda each=each: withdraw_consent(associate=each, purposes=["events"], source="x") for each in told]
    change = {"place": "Library"}
    assert at_once([*leaving, lambda: save_event(event=event, version=1, changes=change, by=staff)]) == []
    assert not Delivery.objects.filter(status="queued").exists()


def test_change_when_asked_by_the_page_then_it_counts_all_of_them_first(client_of, event, people):
    page = client_of("staff").get(reverse("events:cancel", args=[event.slug]))
    assert "5 people" in page.content.decode()
