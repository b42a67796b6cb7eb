"""Lists of very many are made by a worker: of emails about events here, of the others in files beside this one."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.urls import reverse

from communities.audiences import Choice
from communities.models import EventPosting, Membership
from communities.services import list_making
from communities.services.audiences import save_audience
from communities.services.consents import withdraw_consent
from communities.services.errors import RefusedError
from communities.services.events import cancel_event, save_event
from communities.services.newsletters import send_newsletter
from communities.services.postings import announce_event, told_of, will_be_told
from communities.tasks import make_lists
from mailing import services, withdrawing
from mailing.models import Delivery, Mailing
from mailing.services import cancel, pause
from tests.communities.factories import (
    make_associate,
    make_event,
    make_newsletter,
    make_registration,
)
from tests.communities.together import at_once


@pytest.fixture(autouse=True)
def _three_are_many(monkeypatch):
    monkeypatch.setattr(list_making, "AT_ONCE", 2)


@pytest.fixture
def people(community):
    return [make_associate(community) for _ in range(3)]


@pytest.fixture
def event(community, people):
    return make_event(community, title="Winter meeting")


@pytest.fixture
def announced(client_of, event):
    """Staff have told very many of it, and nobody has made the list yet."""
    answer = client_of("staff").post(url("announce", event))
    assert answer.url == event.get_absolute_url()
    posting = event.postings.get()
    assert (posting.mailing.is_preparing, Delivery.objects.count()) == (True, 0)
    return posting


def url(name: str, event) -> str:
    return reverse(f"events:{name}", args=[event.slug])


def text_of(response) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def states(posting: EventPosting) -> dict[str, int]:
    return Delivery.objects.filter(mailing=posting.mailing_id).by_status()


def posting_of(event, kind: str) -> EventPosting:
    return EventPosting.objects.get(event=event, kind=kind)


def test_announce_when_very_many_then_a_worker_makes_the_list_once_and_the_page_says_so(client_of, announced, event):
    browser = client_of("staff")
    shown = browser.get(event.get_absolute_url())
    assert "Preparing the list of those who get it" in text_of(shown)
    assert reverse("mailing:mailing", args=[announced.mailing_id]) in shown.content.decode()
    assert [make_lists(), make_lists()] == [1, 0]
    assert states(announced) == {"queued": 3}
    assert "0 sent, 3 waiting" in text_of(browser.get(event.get_absolute_url()))


def test_announce_when_few_then_told_in_the_request(client_of, event, people):
    people[0].consents.all().delete()
    client_of("staff").post(url("announce", event))
    assert states(event.postings.get()) == {"queued": 2}
    assert make_lists() == 0


def test_announce_when_for_a_whole_series_then_one_list_for_all_dates(community, people, staff, event):
    from communities.services.series import repeat_event

    dates = [event, *repeat_event(event=event, every="week", times=3, by=staff)]
    announce_event(event=event, by=staff, whole_series=True)
    assert make_lists() == 1
    assert {row.event_id for row in EventPosting.objects.all()} == {each.pk for each in dates}
    assert Delivery.objects.count() == 3


def test_announce_when_paused_while_preparing_then_made_and_nobody_gets_it_yet(client_of, announced):
    client_of("staff").post(reverse("mailing:mailing_pause", args=[announced.mailing_id]))
    make_lists()
    announced.mailing.refresh_from_db()
    assert (announced.mailing.status, states(announced)) == ("paused", {"queued": 3})
    assert not Mailing.objects.bulk_due(announced.mailing.created_at).exists()


def test_announce_when_cancelled_while_preparing_then_nobody_gets_it(client_of, announced):
    there = reverse("mailing:mailing_cancel", args=[announced.mailing_id])
    assert "still being prepared, so nobody gets" in text_of(client_of("staff").get(there))
    assert "Nobody gets it" in text_of(client_of("staff").post(there, follow=True))
    make_lists()
    assert not Delivery.objects.exists()
    assert not Mailing.objects.filter(preparing_since__isnull=False).exists()


def test_announce_when_consent_is_withdrawn_while_preparing_then_not_told(announced, people):
    withdraw_consent(associate=people[0], purposes=["events"], source="x")
    make_lists()
    assert not Delivery.objects.filter(recipient=people[0].email).exists()
    assert states(announced) == {"queued": 2}


def test_change_when_the_announcement_is_still_preparing_then_told_after_it(client_of, announced, event, people, staff):
    assert will_be_told([event]) == 3
    registered = make_registration(event, email=people[0].email)
    save_event(event=event, version=1, changes={"place": "Library"}, by=staff)
    change = posting_of(event, "change")
    assert change.mailing.is_preparing
    assert make_lists() == 2
    assert (states(announced), states(change)) == ({"queued": 3}, {"queued": 2})
    theirs = Delivery.objects.filter(recipient=registered.email).order_by("pk")
    assert [each.mailing.subject for each in theirs] == ["Changed: Winter meeting", "Winter meeting"]
    for person in people[1:]:
        got = Delivery.objects.filter(recipient=person.email).order_by("pk")
        assert [each.mailing.subject for each in got] == ["Winter meeting", "Changed: Winter meeting"]


def test_change_when_the_list_before_it_fails_then_waits_for_it(announced, event, staff, monkeypatch, caplog):
    save_event(event=event, version=1, changes={"place": "Library"}, by=staff)
    with monkeypatch.context() as patched:
        patched.setattr("communities.services.postings.audience_of", lambda event: 1 / 0)
        assert make_lists() == 0
    assert "could not be made; it is tried again" in caplog.text
    assert not Delivery.objects.exists()
    assert make_lists() == 2
    assert states(posting_of(event, "change")) == {"queued": 3}


def test_cancel_when_the_announcement_is_still_preparing_then_nobody_is_told_of_either(announced, event, staff):
    cancel_event(event=event, reason="Snow", by=staff)
    make_lists()
    assert not Delivery.objects.exists()
    assert not EventPosting.objects.filter(kind="cancellation").exists()


def test_cancel_when_one_of_two_dates_is_off_while_preparing_then_told_of_both(event, people, staff):
    from communities.services.series import repeat_event

    repeat_event(event=event, every="week", times=2, by=staff)
    announced = announce_event(event=event, by=staff, whole_series=True)
    cancel_event(event=event, reason="Snow", by=staff)
    make_lists()
    assert states(announced) == states(posting_of(event, "cancellation")) == {"queued": 3}


def test_cancel_when_very_many_still_waited_to_be_told_then_they_are_not_told_that_it_is_off(
    event, people, staff, monkeypatch
):
    """Workers note those who waited as skipped bit by bit: whoever is not noted yet was told no more than the rest."""
    monkeypatch.setattr(withdrawing, "CHUNK", 1)
    announced = announce_event(event=event, by=staff)
    make_lists()
    Delivery.objects.filter(recipient=people[0].email).update(status="sent", due_at=None)
    cancel_event(event=event, reason="Snow", by=staff)
    assert states(announced) == {"sent": 1, "skipped": 1, "queued": 1}
    off = Delivery.objects.filter(mailing=posting_of(event, "cancellation").mailing_id)
    assert [each.recipient for each in off] == [people[0].email]


def test_edit_when_it_is_for_others_while_preparing_then_refused(client_of, announced, event, other, staff):
    for changes in ({"also_for": frozenset({other.pk})}, {"community": other}, {"community": None}):
        with pytest.raises(RefusedError, match="still being made"):
            save_event(event=event, version=1, changes=changes, by=staff)
    save_event(event=event, version=1, changes={"title": "Another", "community": event.community}, by=staff)
    make_lists()
    save_event(event=event, version=2, changes={"also_for": frozenset({other.pk})}, by=staff)
    event.refresh_from_db()
    assert event.also_for_keys == {other.pk}


def test_told_of_when_withdrawn_or_cancelled_then_not_told(event, people, staff):
    announced = announce_event(event=event, by=staff)
    make_lists()
    assert set(told_of([event])) == set(people)
    cancel(mailing=announced.mailing)
    assert not told_of([event]).exists()


def test_newsletter_when_it_leaves_out_readers_of_one_still_preparing_then_waits_for_that_list(
    community, people, staff
):
    first = send_newsletter(newsletter=make_newsletter(community), version=1, by=staff)
    assert first.mailing.is_preparing
    later = make_associate(community)
    Membership.objects.filter(associate=later).update(wants_newsletters=False)
    second = make_newsletter(community)
    choice = Choice(communities=frozenset([community.pk]), without_newsletters=frozenset([first.pk]))
    save_audience(newsletter=second, version=1, choice=choice, by=staff)
    second = send_newsletter(newsletter=second, version=2, by=staff)
    assert second.mailing.is_preparing
    Membership.objects.filter(associate=later).update(wants_newsletters=True)
    Membership.objects.filter(associate=people[0]).update(left_at="2099-01-01T00:00Z")
    assert make_lists() == 2
    assert not {each.recipient for each in second.mailing.deliveries.all()} & {
        each.recipient for each in first.mailing.deliveries.all()
    }
    assert [make_lists(), second.mailing.deliveries.count()] == [0, 0]


@pytest.mark.django_db(transaction=True)
def test_make_lists_when_two_workers_make_them_at_once_then_each_is_made_once(event, people, staff):
    announced = announce_event(event=event, by=staff)
    save_event(event=event, version=1, changes={"place": "Library"}, by=staff)
    newsletter = send_newsletter(newsletter=make_newsletter(event.community), version=1, by=staff)
    assert at_once([make_lists, make_lists, make_lists]) == []
    make_lists()  # what one of them passed over because another was at it
    for each in (announced.mailing_id, posting_of(event, "change").mailing_id, newsletter.mailing_id):
        assert Delivery.objects.filter(mailing=each).by_status() == {"queued": 3}
    assert not Mailing.objects.filter(preparing_since__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
def test_make_lists_when_paused_or_cancelled_while_a_worker_makes_them_then_need_not_wait(
    event, people, staff, monkeypatch
):
    """Pressed in the middle, the button acts, and what becomes of the list is what it says."""
    paused = announce_event(event=event, by=staff)
    cancelled = announce_event(event=make_event(event.community), by=staff)
    insert = services.insert_audience

    def press_meanwhile(*, mailing, audience):
        added = insert(mailing=mailing, audience=audience)
        if connection.vendor != "sqlite":  # which has one writer, so that everything waits there
            act = pause if mailing.pk == paused.mailing_id else cancel
            assert at_once([lambda: act(mailing=Mailing.objects.get(pk=mailing.pk))]) == []
        return added

    monkeypatch.setattr(services, "insert_audience", press_meanwhile)
    make_lists()
    if connection.vendor == "sqlite":
        pause(mailing=paused.mailing)
        cancel(mailing=cancelled.mailing)
    withdrawing.withdraw_cancelled(seconds=5)
    assert states(paused) == {"queued": 3}
    assert Mailing.objects.get(pk=paused.mailing_id).status == "paused"
    assert states(cancelled) == {"skipped": 3}
