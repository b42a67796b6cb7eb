"""Limits of single providers, and that nobody else waits for them."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.contrib.auth import get_user_model
from django.db.models import F
from django.utils import timezone

from mailing import checks, ledger, rates, services, sweeping
from mailing.engine import Ended, Engine
from mailing.models import Delivery, DomainPace
from people.models import User
from tests.mailing.headers import UNSUBSCRIBE

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


@pytest.fixture
def mailing(db):
    User.objects.bulk_create(
        User(email=f"p{n}@{domain}", full_name="P") for n in range(20) for domain in ("gmail.com", "Slow.example")
    )
    people = get_user_model().objects.filter(email__startswith="p").order_by("pk")
    return services.queue_bulk(
        topic="newsletter", list_key="newsletter:1", subject="News", text="Hello\n", headers=UNSUBSCRIBE,
        audience=people.values("email", name=F("full_name"), subject_id=F("pk")),
    )  # fmt: skip


def claim() -> ledger.Batch:
    batch = ledger.claim_bulk(limit=100)
    assert batch is not None
    return rates.hold_back(batch=batch)


def domains(batch: ledger.Batch) -> list[str]:
    return sorted(item.recipient.address.rpartition("@")[2].lower() for item in batch.items)


def test_batch_when_one_domain_is_limited_then_the_others_go_and_its_own_get_turns(settings, mailing, time_machine):
    settings.MAIL_RATES = ["slow.EXAMPLE=2"]
    time_machine.move_to(START, tick=False)
    Delivery.objects.update(due_at=START, created_at=START)
    batch = claim()
    assert domains(batch) == ["gmail.com"] * 20 + ["slow.example"]
    waiting = mailing.deliveries.filter(status="queued").order_by("pk")
    assert [(d.due_at - START).total_seconds() for d in waiting] == [n / 2 for n in range(1, 20)]
    assert all(d.turn_at == d.due_at and d.lease_id is None for d in waiting)
    assert mailing.deliveries.by_status() == {"sending": 21, "queued": 19}


def test_turn_when_it_comes_then_the_delivery_goes_and_is_not_put_off_again(settings, mailing, time_machine):
    settings.MAIL_RATES = ["slow.example=2"]
    time_machine.move_to(START, tick=False)
    Delivery.objects.update(due_at=START, created_at=START)
    ledger.release(lease_id=_sent(claim()))
    time_machine.shift(1.6)
    batch = claim()
    assert len(batch.items) == 3
    assert DomainPace.objects.get().next_at == START.timestamp() + 10


def _sent(batch: ledger.Batch) -> int:
    ledger.settle_sent(lease_id=batch.lease_id, answers=[(item.pk, "250") for item in batch.items])
    return batch.lease_id


def test_turns_when_the_clock_was_put_back_then_they_come_no_later_than_the_rate_asks(settings, mailing, time_machine):
    settings.MAIL_RATES = ["slow.example=2"]
    time_machine.move_to(START, tick=False)
    Delivery.objects.update(due_at=START, created_at=START)
    ledger.release(lease_id=_sent(claim()))
    assert rates.mend_turns() == 0
    time_machine.move_to(START - dt.timedelta(hours=1), tick=False)
    sweeping.sweep()
    ledger.release(lease_id=claim().lease_id)
    waits = [
        (due - timezone.now()).total_seconds()
        for due in mailing.deliveries.filter(status="queued").order_by("pk").values_list("due_at", flat=True)
    ]
    assert waits == [n / 2 for n in range(1, 20)]
    assert rates.mend_turns() == 0


def test_turns_when_nobody_waits_after_the_clock_was_put_back_then_the_next_need_not_wait(settings, time_machine):
    settings.MAIL_RATES = ["slow.example=2"]
    time_machine.move_to(START, tick=False)
    DomainPace.objects.create(domain="slow.example", next_at=START.timestamp() + 3600)
    assert rates.mend_turns() == 0
    assert DomainPace.objects.get().next_at == START.timestamp() + 0.5


def test_turns_when_missed_by_a_pause_then_there_is_no_rush_afterwards(settings, mailing, time_machine):
    settings.MAIL_RATES = ["slow.example=2"]
    time_machine.move_to(START, tick=False)
    Delivery.objects.update(due_at=START, created_at=START)
    ledger.release(lease_id=_sent(claim()))
    time_machine.shift(3600)
    batch = claim()
    assert len(batch.items) == 1
    turns = mailing.deliveries.filter(status="queued").order_by("due_at").values_list("due_at", flat=True)
    assert [(at - timezone.now()).total_seconds() for at in turns] == [n / 2 for n in range(1, 19)]


def test_engine_when_a_domain_is_limited_then_keeps_to_it_and_sends_everybody_once(settings, mailing, smtp):
    settings.MAIL_RATES = ["slow.example=10"]
    engine = Engine(stopping=lambda: False)
    came: list[str] = []
    waited: list[float] = []
    send = engine._transport.send

    def noted(**options):
        came.append(options["recipient"].rpartition("@")[2].lower())
        if came[-1] == "slow.example":
            waited.append(time.monotonic() - began)
        return send(**options)

    batches: list[ledger.Batch] = []
    held_back = engine._held_back

    def kept(batch):
        batches.append(held_back(batch))
        return batches[-1]

    engine._transport.send, engine._held_back = noted, kept
    began = time.monotonic()
    assert engine.run(urgent_only=False, seconds=300) is Ended.NOTHING_DUE
    assert mailing.deliveries.by_status() == {"sent": 40}
    assert came.count("slow.example") == came.count("gmail.com") == 20
    # Nobody goes before their turn, but for the quarter of a second that is not worth waiting for, however much later a
    # busy machine gets to it; and the others go with the first batch, whatever waits besides.
    assert all(at > turn / 10 - 0.3 for turn, at in enumerate(waited))
    assert domains(batches[0]).count("gmail.com") == 20
    assert not mailing.leases.exists()


def test_login_code_when_its_domain_is_limited_then_goes_at_once(settings, mailing):
    settings.MAIL_RATES = ["gmail.com=0.001"]
    code = services.write_mailing(kind="transactional", topic="login code", subject="Code", text="1\n")
    deliveries = services.address_to(mailing=code, recipients=[("", f"c{n}@gmail.com") for n in range(5)])
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=20)
    assert {Delivery.objects.get(pk=d.pk).status for d in deliveries} == {"sent"}
    assert mailing.deliveries.by_status() == {"sent": 21, "queued": 19}


def test_delivery_when_withdrawn_while_in_hand_then_not_put_back(settings, mailing):
    settings.MAIL_RATES = ["gmail.com=1"]
    batch = ledger.claim_bulk(limit=100)
    assert services.cancel(mailing=mailing) == 40
    rates.hold_back(batch=batch)
    assert mailing.deliveries.by_status() == {"skipped": 40}


@pytest.mark.parametrize("stop", [services.cancel, services.pause])
def test_turns_when_their_mailing_is_stopped_then_others_move_up_and_need_not_wait(
    settings, mailing, time_machine, stop, django_capture_on_commit_callbacks
):
    settings.MAIL_RATES = ["gmail.com=0.01", "slow.example=2"]
    time_machine.move_to(START, tick=False)
    Delivery.objects.update(due_at=START, created_at=START)
    other = services.queue_bulk(
        topic="newsletter", list_key="newsletter:2", subject="More news", text="Hello\n", headers=UNSUBSCRIBE,
        audience=User.objects.filter(email__in=["p1@Slow.example", "p2@Slow.example", "p3@Slow.example"]).values(
            "email", name=F("full_name"), subject_id=F("pk")
        ),
    )  # fmt: skip
    ledger.release(lease_id=_sent(claim()))
    ledger.release(lease_id=claim().lease_id)
    behind = list(other.deliveries.order_by("due_at").values_list("due_at", flat=True))
    assert [(at - START).total_seconds() for at in behind] == [10, 10.5, 11]
    with django_capture_on_commit_callbacks(execute=True):
        stop(mailing=mailing)
    assert DomainPace.objects.get(pk="slow.example").next_at == START.timestamp() + 0.5
    assert set(other.deliveries.values_list("status", "due_at", "turn_at")) == {("queued", START, None)}
    ledger.release(lease_id=claim().lease_id)
    turns = other.deliveries.order_by("due_at").values_list("due_at", flat=True)
    assert [(at - START).total_seconds() for at in turns] == [0.5, 1, 1.5]
    if stop is services.pause:
        # Its own turns are gone too; it reserves others once it goes on.
        assert not mailing.deliveries.filter(due_at__gt=START).exists()
    time_machine.shift(20)
    batch = ledger.claim_bulk(limit=100)
    assert {item.mailing_id for item in batch.items} == {other.pk}
    assert len(batch.items) == 3


def test_turns_when_a_mailing_without_any_is_cancelled_then_nobody_is_planned_anew(
    settings, mailing, time_machine, django_capture_on_commit_callbacks
):
    settings.MAIL_RATES = ["slow.example=2"]
    time_machine.move_to(START, tick=False)
    Delivery.objects.update(due_at=START, created_at=START)
    ledger.release(lease_id=_sent(claim()))
    before = list(mailing.deliveries.order_by("pk").values())
    empty = services.queue_bulk(
        topic="newsletter", list_key="newsletter:2", subject="More news", text="Hello\n", headers=UNSUBSCRIBE,
        audience=User.objects.filter(email="p1@gmail.com").values("email", name=F("full_name"), subject_id=F("pk")),
    )  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        assert services.cancel(mailing=empty) == 1
    assert list(mailing.deliveries.order_by("pk").values()) == before
    assert DomainPace.objects.get().next_at == START.timestamp() + 10


def test_engine_when_no_limit_is_set_then_no_turn_is_reserved(settings, mailing):
    settings.MAIL_RATES = []
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=20)
    assert mailing.deliveries.by_status() == {"sent": 40}
    assert not DomainPace.objects.exists()


@pytest.mark.parametrize(("pairs", "ids"), [
    ([], []), (["gmail.com=5", "nhs.net=0.5"], []), (["gmail.com"], ["mailing.E005"]), (["=5"], ["mailing.E005"]),
    (["gmail.com=0"], ["mailing.E005"]), (["gmail.com=-1"], ["mailing.E005"]), (["gmail.com=inf"], ["mailing.E005"]),
    (["gmail.com=x"], ["mailing.E005"]),
])  # fmt: skip
def test_rates_when_they_make_no_sense_then_said_at_the_start(settings, pairs, ids):
    settings.MAIL_RATES = pairs
    assert [found.id for found in checks.check_rates(None)] == ids
