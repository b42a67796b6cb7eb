"""The lists of a monthly update to very many: a worker makes them, some people at a time, and they can be stopped."""

from __future__ import annotations

import pytest
from django.urls import reverse

from communities.models import UpdateReceipt
from communities.services import list_making, update_sending
from communities.services.consents import stop_one_community, withdraw_consent
from communities.services.update_sending import cancel_update, pause_update
from communities.tasks import make_lists
from mailing import withdrawing
from mailing.models import Delivery, Mailing
from mailing.services import address_to, cancel, write_mailing
from tests.communities.factories import join, make_approved, make_associate
from tests.communities.test_list_making import text_of
from tests.communities.together import at_once


@pytest.fixture(autouse=True)
def _three_are_many(monkeypatch):
    monkeypatch.setattr(list_making, "AT_ONCE", 2)


@pytest.fixture
def readers(community, other):
    """Three of both communities and one of each alone."""
    both = [make_associate(community, updates=True) for _ in range(3)]
    for person in both:
        join(person, other)
    return [*both, make_associate(community, updates=True), make_associate(other, updates=True)]


@pytest.fixture
def closed(client_of, community, other, readers, monkeypatch):
    """An update that staff have sent to very many, of which no list is made yet; two people are looked at at a time."""
    monkeypatch.setattr(update_sending, "_BATCH", 2)
    make_approved(community, titles=("Of the first",))
    update = make_approved(other, titles=("Of the second",)).update
    answer = client_of("staff").post(month_url("send", update), follow=True)
    assert "It goes as soon as the lists of those who get it are made" in text_of(answer)
    assert "Preparing the lists of those who get it" in text_of(answer)
    update.refresh_from_db()
    assert (update.is_open, update.is_preparing, Mailing.objects.count()) == (False, True, 0)
    return update


def month_url(name: str, update) -> str:
    return reverse(f"updates:{name}", args=[update.month.year, update.month.month])


def stop_after(monkeypatch, rounds: int) -> None:
    """Let the worker die as it begins another round."""
    send_to_some = update_sending._send_to
    left = iter([send_to_some] * rounds)

    def until_it_dies(update, **among):
        act = next(left, None)
        if act is None:
            raise KeyboardInterrupt
        act(update, **among)

    monkeypatch.setattr(update_sending, "_send_to", until_it_dies)


def has_one_each(people) -> bool:
    return sorted(Delivery.objects.values_list("recipient", flat=True)) == sorted(each.email for each in people)


def test_update_when_very_many_then_a_worker_makes_the_lists_once_and_the_page_says_so(client_of, closed, readers):
    assert [make_lists(), make_lists()] == [1, 0]
    assert has_one_each(readers)
    assert UpdateReceipt.objects.count() == 5
    assert {row.mailing.deliveries.count() for row in closed.mailings.all()} == {3, 1}
    page = text_of(client_of("staff").get(closed.get_absolute_url()))
    assert "Preparing" not in page
    assert "Pause" in page


def test_update_when_its_worker_dies_in_the_middle_then_the_next_goes_on_where_it_was(closed, readers, monkeypatch):
    with monkeypatch.context() as patched:
        stop_after(patched, rounds=2)
        with pytest.raises(KeyboardInterrupt):
            make_lists()
    assert 0 < Delivery.objects.count() == UpdateReceipt.objects.count() < 5
    closed.refresh_from_db()
    assert closed.is_preparing
    assert make_lists() == 1
    assert has_one_each(readers)


def test_update_when_one_round_fails_then_what_was_made_stays_and_it_is_tried_again(
    closed, readers, monkeypatch, caplog
):
    with monkeypatch.context() as patched:
        patched.setattr(update_sending, "parts_of", lambda sections: 1 / 0)
        assert make_lists() == 0
    assert "could not be made; it is tried again" in caplog.text
    assert make_lists() == 1
    assert has_one_each(readers)


def test_update_when_it_takes_long_then_another_worker_is_asked_to_go_on(closed, readers, settings, monkeypatch):
    settings.MAIL_TASK_SECONDS = -1
    asked = []
    monkeypatch.setattr(update_sending, "leave_to_worker", lambda: asked.append(1))
    assert make_lists() == 0
    assert (len(asked), Delivery.objects.count() < 5) == (1, True)
    while not make_lists():
        assert len(asked) < 10
    assert has_one_each(readers)


def test_update_when_somebody_waits_for_a_code_then_gives_way_after_each_part(closed, readers, monkeypatch):
    code = write_mailing(kind="transactional", topic="login code", subject="Your code", text="1")
    [waits] = address_to(mailing=code, recipients=[("Ann", "ann@example.org")])
    asked = []
    monkeypatch.setattr(update_sending, "leave_to_worker", lambda: asked.append(1))
    assert [make_lists(), make_lists()] == [0, 0]
    assert len(asked) == 2
    Delivery.objects.filter(pk=waits.pk).delete()
    assert make_lists() == 1
    assert has_one_each(readers)


def test_update_when_paused_while_preparing_then_made_and_nobody_gets_it_until_resumed(client_of, closed, readers):
    client = client_of("staff")
    assert "Nobody else gets it until programme staff resume it" in text_of(
        client.post(month_url("pause", closed), follow=True)
    )
    make_lists()
    assert has_one_each(readers)
    assert {each.status for each in Mailing.objects.filter(topic="monthly update")} == {"paused"}
    assert "nothing changed" in text_of(client.post(month_url("pause", closed), follow=True))
    assert "Those who wait get it now" in text_of(client.post(month_url("resume", closed), follow=True))
    assert {each.status for each in Mailing.objects.filter(topic="monthly update")} == {"ready"}
    assert "nothing changed" in text_of(client.post(month_url("resume", closed), follow=True))
    history = text_of(client.get(month_url("history", closed)))
    assert "Paused" in history
    assert "reparing" not in history


def test_update_when_cancelled_in_the_middle_then_nobody_else_gets_it(client_of, closed, readers, monkeypatch):
    with monkeypatch.context() as patched:
        stop_after(patched, rounds=2)
        with pytest.raises(KeyboardInterrupt):
            make_lists()
    client = client_of("staff")
    assert "still being prepared" in text_of(client.get(month_url("cancel", closed)))
    answer = client.post(month_url("cancel", closed), follow=True)
    assert "Nobody else gets it" in text_of(answer)
    assert "Pause" not in text_of(answer)
    assert make_lists() == 0
    assert Delivery.objects.count() < 5
    assert set(Delivery.objects.values_list("status", flat=True)) == {"skipped"}
    assert "0 who still waited" in text_of(client.post(month_url("cancel", closed), follow=True))


def test_update_when_one_of_its_emails_is_cancelled_in_the_middle_then_nobody_is_said_to_get_that(
    closed, readers, monkeypatch
):
    with monkeypatch.context() as patched:
        stop_after(patched, rounds=1)
        with pytest.raises(KeyboardInterrupt):
            make_lists()
    [of_both] = Mailing.objects.filter(topic="monthly update")
    had = UpdateReceipt.objects.count()
    cancel(mailing=of_both)
    assert make_lists() == 1
    assert UpdateReceipt.objects.filter(mailing__mailing=of_both).count() == had < 3
    assert UpdateReceipt.objects.count() == had + 2
    assert of_both.deliveries.by_status() == {"skipped": had}


def test_update_when_still_open_then_can_neither_be_paused_nor_cancelled(client_of, community):
    update = make_approved(community).update
    client = client_of("staff")
    for name in ("pause", "resume"):
        assert "nothing changed" in text_of(client.post(month_url(name, update), follow=True))
    assert client.get(month_url("cancel", update)).url == update.get_absolute_url()
    assert cancel_update(update=update) == 0
    update.refresh_from_db()
    assert update.is_open


def test_update_when_people_leave_while_preparing_then_they_get_what_is_left_or_nothing(closed, readers, other):
    stop_one_community(associate=readers[0], community=other, purpose="updates", source="x")
    withdraw_consent(associate=readers[1], purposes=["updates"], source="x")
    make_lists()
    [narrowed] = Delivery.objects.filter(recipient=readers[0].email)
    assert "Of the second" not in narrowed.mailing.text
    assert has_one_each([readers[0], *readers[2:]])


def test_update_when_paused_and_somebody_leaves_then_the_email_with_the_rest_waits_as_well(closed, readers, other):
    pause_update(update=closed)
    Delivery.objects.all().delete()
    make_lists()
    # The only one of the first community alone, so that the email with its news is there; of the second it is new.
    Mailing.objects.filter(list_key__startswith="updates/home").update(list_key="updates/gone/")
    stop_one_community(associate=readers[0], community=other, purpose="updates", source="x")
    assert {each.status for each in Mailing.objects.filter(topic="monthly update")} == {"paused"}
    assert Delivery.objects.filter(recipient=readers[0].email, status="queued").count() == 1


@pytest.mark.parametrize("how", ["the whole update", "this email alone"])
def test_update_when_cancelled_and_somebody_leaves_then_nothing_is_sent_to_them(
    closed, readers, other, monkeypatch, how
):
    """Where very many wait, some are not noted as skipped yet."""
    monkeypatch.setattr(withdrawing, "CHUNK", 1)
    make_lists()
    if how == "the whole update":
        cancel_update(update=closed)
    else:
        cancel(mailing=Delivery.objects.filter(recipient=readers[2].email).get().mailing)
    stop_one_community(associate=readers[2], community=other, purpose="updates", source="x")
    assert [each.status for each in Delivery.objects.filter(recipient=readers[2].email)] == ["skipped"]


@pytest.mark.django_db(transaction=True)
def test_update_when_two_workers_make_its_lists_and_people_leave_then_each_gets_one_at_most(closed, readers, other):
    leaving = [lambda each=each: stop_one_community(associate=each, community=other, purpose="updates", source="x")
               for each in readers[:2]]  # fmt: skip
    assert at_once([make_lists, make_lists, *leaving]) == []
    make_lists()
    closed.refresh_from_db()
    assert not closed.is_preparing
    live = Delivery.objects.exclude(status="skipped").values_list("recipient", flat=True)
    assert sorted(live) == sorted(each.email for each in readers)
    for person in readers[:2]:
        [delivery] = Delivery.objects.filter(recipient=person.email).exclude(status="skipped")
        assert "Of the second" not in delivery.mailing.text
