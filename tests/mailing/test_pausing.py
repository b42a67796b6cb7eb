"""A mailing that goes wrong stops by itself, once, and says why."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db.models import F
from django.test import TestCase
from django.urls import reverse

from mailing import pausing, services
from mailing.bounces import services as bounces
from mailing.engine import Engine
from mailing.models import Delivery, Mailing
from tests.conftest import make_user
from tests.mailing.headers import UNSUBSCRIBE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings):
    settings.MAIL_PAUSE_SAMPLE, settings.MAIL_PAUSE_SHARE = 10, 0.2


@pytest.fixture
def mailing(db):
    for number in range(30):
        make_user(f"p{number:02}")
    people = get_user_model().objects.filter(email__startswith="p").order_by("pk")
    return services.queue_bulk(
        topic="newsletter", list_key="newsletter:1", subject="News", text="Hello\n", headers=UNSUBSCRIBE,
        audience=people.values("email", name=F("full_name"), subject_id=F("pk")),
    )  # fmt: skip


@pytest.fixture
def send(django_capture_on_commit_callbacks):
    def run() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)

    return run


def settle(mailing, failed: int, sent: int) -> None:
    """Note the first waiting ones as settled: ``failed`` of them failed, then ``sent`` of them sent."""
    waiting = list(mailing.deliveries.filter(status="queued").order_by("pk").values_list("pk", flat=True))
    for pks, status in ((waiting[:failed], "failed"), (waiting[failed : failed + sent], "sent")):
        mailing.deliveries.filter(pk__in=pks).update(
            status=status, due_at=None, settled_at=F("created_at"), last_answer=""
        )


def notes() -> list[tuple[str, str]]:
    found = Delivery.objects.filter(mailing__topic="mailing paused").order_by("recipient")
    return list(found.values_list("recipient", "mailing__subject"))


def test_mailing_when_servers_refuse_it_then_stops_between_two_messages_and_staff_are_told_once(
    mailing, smtp, staff, administrator, stranger, send, client_of
):
    smtp.script = {"RCPT": "550 5.7.1 on a list"}
    # Each commit is followed at once, as it is outside a test.
    engine = Engine(stopping=lambda: False)
    one = engine._one

    def one_and_follow(*args):
        with TestCase.captureOnCommitCallbacks(execute=True):
            return one(*args)

    engine._one = one_and_follow
    engine.run(urgent_only=False, seconds=30)
    mailing.refresh_from_db()
    assert mailing.status == "paused"
    assert mailing.pause_reason == (
        "Of the last 10 messages 10 failed, came back, got no answer or were marked as spam, so it paused itself."
    )
    assert mailing.deliveries.by_status() == {"failed": 10, "queued": 20}
    assert notes() == [
        ("administrator@example.org", "Paused: News"), ("staff@example.org", "Paused: News"),
    ]  # fmt: skip
    assert not pausing.pause_if_failing(mailing_id=mailing.pk)
    html = client_of("staff").get(reverse("mailing:mailing", args=[mailing.pk])).content.decode()
    assert "It paused itself" in html
    assert "Of the last 10 messages 10 failed" in html


@pytest.mark.parametrize(("failed", "paused"), [(2, False), (3, True)])
def test_mailing_when_more_than_the_share_failed_then_paused(mailing, staff, failed, paused):
    settle(mailing, failed, 10 - failed)
    assert pausing.pause_if_failing(mailing_id=mailing.pk) is paused
    assert len(notes()) == paused


def test_mailing_when_the_sample_is_not_full_or_it_is_switched_off_then_goes_on(mailing, settings):
    settle(mailing, 9, 0)
    assert not pausing.pause_if_failing(mailing_id=mailing.pk)
    settle(mailing, 9, 0)
    settings.MAIL_PAUSE_SHARE = 0
    assert not pausing.pause_if_failing(mailing_id=mailing.pk)


def test_mailing_when_what_was_sent_is_not_noted_yet_then_failures_do_not_seem_more(mailing, smtp, send):
    """Failures are noted at once, what was sent once a second."""
    smtp.script = {"RCPT TO:<p05": "550 nobody", "RCPT TO:<p15": "550 nobody", "RCPT TO:<p25": "550 nobody"}
    send()
    mailing.refresh_from_db()
    assert (mailing.status, mailing.deliveries.by_status()) == ("ready", {"sent": 27, "failed": 3})


def test_mailing_when_resumed_then_what_failed_before_is_forgiven(mailing, staff, send, client_of):
    settle(mailing, 10, 0)
    assert pausing.pause_if_failing(mailing_id=mailing.pk)
    client_of("staff").post(reverse("mailing:mailing_resume", args=[mailing.pk]))
    mailing.refresh_from_db()
    assert (mailing.status, mailing.pause_reason) == ("ready", "")
    assert not pausing.pause_if_failing(mailing_id=mailing.pk)
    send()
    assert mailing.deliveries.by_status() == {"failed": 10, "sent": 20}


def test_mailing_when_people_paused_it_then_no_reason_and_no_email(mailing, staff):
    services.pause(mailing=mailing)
    settle(mailing, 10, 0)
    assert not pausing.pause_if_failing(mailing_id=mailing.pk)
    mailing.refresh_from_db()
    assert mailing.pause_reason == ""
    assert notes() == []


@pytest.mark.parametrize("kind", ["hard", "soft", "complaint"])
def test_mailing_when_messages_come_back_while_it_goes_then_paused(
    mailing, staff, kind, django_capture_on_commit_callbacks
):
    settle(mailing, 0, 10)
    for number, delivery in enumerate(mailing.deliveries.order_by("pk")[:3]):
        assert Mailing.objects.get(pk=mailing.pk).status == "ready"
        with django_capture_on_commit_callbacks(execute=True):
            bounces.record(kind=kind, source="mailbox", key=str(number), email=delivery.recipient, delivery=delivery)
    assert Mailing.objects.get(pk=mailing.pk).status == "paused"
    assert len(notes()) == 1


def test_transactional_message_when_it_fails_then_nothing_is_paused(staff):
    delivery = services.send_template(
        to="ann@example.org", template="mailing/paused", topic="x", context={"mailing": Mailing(pk=1), "reason": "r"}
    )
    assert not pausing.pause_if_failing(mailing_id=delivery.mailing_id)


def test_mailing_when_the_server_swallows_message_after_message_then_stops(mailing, staff, smtp, send):
    smtp.script = {"MESSAGE": "hang up"}
    send()
    mailing.refresh_from_db()
    assert mailing.deliveries.by_status() == {"unknown": 30}  # what follows a commit is run at the end here
    assert mailing.status == "paused"


def test_mailing_when_a_crash_left_a_batch_unknown_then_goes_on(mailing, staff):
    settle(mailing, 0, 10)
    mailing.deliveries.filter(status="sent").update(status="unknown", first_tried_at=None)
    settle(mailing, 1, 9)
    assert not pausing.pause_if_failing(mailing_id=mailing.pk)
