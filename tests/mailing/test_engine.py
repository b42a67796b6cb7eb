import datetime as dt

import pytest
from django.utils import timezone

from mailing import ledger, recovery, services, sweeping, tasks
from mailing.engine import Ended, Engine
from mailing.models import Bounce, Delivery, Lease, Mailing, Suppression
from mailing.transport import Answer, Outcome
from tests.mailing.sending import code, send

pytestmark = pytest.mark.django_db


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("recipient", "status"))


def test_everybody_gets_it_once_and_a_second_run_sends_nothing(smtp, newsletter):
    newsletter()
    assert send() == (Ended.NOTHING_DUE, 3)
    assert send() == (Ended.NOTHING_DUE, 0)
    assert states() == {"ann@example.org": "sent", "bob@example.org": "sent", "cat@example.org": "sent"}
    assert len(smtp.messages) == 3
    assert smtp.conversations == 1
    assert not Lease.objects.exists()
    assert set(Delivery.objects.values_list("attempts", "last_answer", "due_at")) == {(1, "250 kept", None)}


def test_a_task_run_twice_sends_once(smtp, newsletter):
    newsletter()
    assert tasks.deliver(urgent=False) == 3
    assert tasks.deliver(urgent=False) == 0


def test_an_urgent_wake_up_leaves_the_newsletter_alone(smtp, newsletter):
    newsletter()
    code()
    assert tasks.deliver(urgent=True) == 1
    assert states()["zoe@example.org"] == "sent"
    assert Delivery.objects.filter(status="queued").count() == 3


def test_what_the_server_puts_off_is_tried_later_for_three_days_and_then_fails(smtp, newsletter, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC), tick=False)
    smtp.script = {"RCPT": "451 later"}
    newsletter()
    waits = []
    while Delivery.objects.filter(status__in=["queued", "deferred"]).exists():
        send()
        deferred = Delivery.objects.filter(status="deferred").order_by("due_at")
        if deferred:
            waits.append(deferred[0].due_at - timezone.now())
            time_machine.move_to(deferred.latest("due_at").due_at + dt.timedelta(seconds=1), tick=False)
    assert states() == dict.fromkeys(["ann@example.org", "bob@example.org", "cat@example.org"], "failed")
    assert Delivery.objects.first().last_answer == "Given up after 72 hours: 451 later"
    assert 0.85 < waits[0].total_seconds() / 60 < 1.15
    assert max(waits) < dt.timedelta(hours=4.5)
    assert dt.timedelta(hours=64) < timezone.now() - Delivery.objects.first().first_tried_at < dt.timedelta(hours=76)


def test_an_address_refused_for_good_twice_gets_no_more_bulk_mail(smtp, newsletter, django_capture_on_commit_callbacks):
    smtp.script = {"RCPT TO:<bob@": "550 5.1.1 nobody"}
    for _ in range(2):
        newsletter()
        with django_capture_on_commit_callbacks(execute=True):
            send()
    assert set(Suppression.objects.in_force().values_list("email", flat=True)) == {"bob@example.org"}
    assert newsletter().deliveries.count() == 2
    about_the_account = code("bob@example.org")
    smtp.script = {}
    send()
    about_the_account.refresh_from_db()
    assert about_the_account.status == "sent"


def test_no_answer_leaves_a_newsletter_to_staff_and_sends_a_code_again_with_the_same_id(smtp, newsletter):
    smtp.script = {"MESSAGE": "hang up"}
    newsletter()
    code()
    send()
    assert states() == {
        "ann@example.org": "unknown", "bob@example.org": "unknown", "cat@example.org": "unknown",
        "zoe@example.org": "deferred",
    }  # fmt: skip
    smtp.script = {}
    assert send() == (Ended.NOTHING_DUE, 0)
    assert services.send_again(deliveries=Delivery.objects.filter(recipient__startswith="ann")) == 1
    assert services.send_again(deliveries=Delivery.objects.filter(recipient__startswith="ann")) == 0
    assert send()[1] == 1
    assert states()["ann@example.org"] == "sent"


def test_a_server_that_is_away_costs_nobody_an_attempt(settings, newsletter):
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    newsletter()
    assert send() == (Ended.UNREACHABLE, 0)
    assert set(Delivery.objects.values_list("status", "attempts")) == {("queued", 0)}
    assert "can not be reached" in Delivery.objects.first().last_answer
    assert not Lease.objects.exists()


def test_a_message_that_can_not_be_written_fails_alone(smtp, newsletter):
    mailing = newsletter()
    mailing.deliveries.filter(recipient="bob@example.org").update(recipient="bob bob@example.org")
    assert send()[1] == 2
    assert mailing.deliveries.get(recipient="bob bob@example.org").status == "failed"


def test_a_mailing_that_breaks_the_writer_fails_alone_and_others_go(smtp, newsletter):
    broken = newsletter()
    Mailing.objects.filter(pk=broken.pk).update(headers={"X-A": 5})
    whole = newsletter()
    assert send()[1] == 3
    assert broken.deliveries.by_status() == {"failed": 3}
    assert whole.deliveries.by_status() == {"sent": 3}


def test_a_return_address_that_is_none_is_ours_to_mend_and_nobody_fails(smtp, newsletter, settings):
    settings.MAIL_BOUNCE_ADDRESS = "bounces"
    newsletter()
    assert send()[1] == 0
    assert set(states().values()) == {"deferred"}
    settings.MAIL_BOUNCE_ADDRESS = "bounces@example.org"
    Delivery.objects.update(due_at=timezone.now())
    assert send()[1] == 3


def test_a_paused_mailing_waits_and_resumes_with_those_left(smtp, newsletter):
    mailing = newsletter()
    assert services.pause(mailing=mailing)
    assert not services.pause(mailing=mailing)
    assert send()[1] == 0
    assert services.resume(mailing=mailing)
    assert send()[1] == 3


def test_a_cancelled_mailing_goes_to_nobody_and_stays_so(smtp, newsletter):
    mailing = newsletter()
    assert services.cancel(mailing=mailing) == 3
    assert services.cancel(mailing=mailing) == 0
    assert not services.resume(mailing=mailing)
    assert send()[1] == 0
    assert set(states().values()) == {"skipped"}


def test_a_scheduled_mailing_waits_for_its_time(smtp, newsletter, time_machine):
    time_machine.move_to(timezone.now(), tick=True)
    newsletter(send_at=timezone.now() + dt.timedelta(hours=2))
    assert send()[1] == 0
    assert recovery.mend_clock() == 0
    time_machine.shift(dt.timedelta(hours=2, seconds=1))
    assert send()[1] == 3


# --- the moments at which a worker may die -------------------------------------------------------------------


def dead_batch(cursor_at: int | None, *, urgent=False) -> tuple[ledger.Batch, Lease]:
    batch = ledger.claim_urgent(limit=10) if urgent else ledger.claim_bulk(limit=10)
    if cursor_at is not None:
        assert ledger.advance(lease_id=batch.lease_id, pk=batch.items[cursor_at].pk)
    lease = Lease.objects.get(pk=batch.lease_id)
    Lease.objects.update(until=timezone.now() - dt.timedelta(seconds=1))
    return batch, lease


@pytest.mark.parametrize(("cursor_at", "expected"), [
    (None, ["queued", "queued", "queued"]),
    (0, ["unknown", "queued", "queued"]),
    (1, ["sent", "unknown", "queued"]),
    (2, ["sent", "sent", "unknown"]),
])  # fmt: skip
def test_a_worker_that_dies_leaves_at_most_the_message_in_flight_unknown(newsletter, cursor_at, expected):
    newsletter()
    dead_batch(cursor_at)
    assert recovery.recover() == 1
    assert recovery.recover() == 0
    assert list(Delivery.objects.order_by("pk").values_list("status", flat=True)) == expected


def test_a_code_in_flight_is_sent_again_and_in_the_end_left_to_staff(db):
    delivery = code()
    for _ in range(5):
        dead_batch(0, urgent=True)
        recovery.recover()
        assert Delivery.objects.get().status == "queued"
    dead_batch(0, urgent=True)
    recovery.recover()
    assert (Delivery.objects.get().status, Delivery.objects.get().message_id) == ("unknown", delivery.message_id)


def test_a_crash_of_worker_and_database_leaves_the_rest_unknown_rather_than_doubled(newsletter):
    newsletter()
    dead_batch(0)
    Lease.objects.update(epoch="another run")
    recovery.recover()
    assert set(states().values()) == {"unknown"}


def test_a_worker_whose_lease_was_taken_stops_before_its_next_message(newsletter):
    newsletter()
    batch, _ = dead_batch(1)
    recovery.recover()
    assert not ledger.advance(lease_id=batch.lease_id, pk=batch.items[2].pk)
    assert ledger.review(lease_id=batch.lease_id) == set()
    # What it knows by then is still worth noting: it was answered after all.
    ledger.settle_sent(lease_id=batch.lease_id, answers=[(batch.items[1].pk, "250 kept")])
    ledger.release(lease_id=batch.lease_id)
    assert list(Delivery.objects.order_by("pk").values_list("status", flat=True)) == ["sent", "sent", "queued"]


@pytest.mark.parametrize("outcome", [*Outcome])
@pytest.mark.parametrize("state", ["another's", "waiting", "settled"])
def test_a_worker_whose_lease_was_taken_writes_on_nothing_that_is_anothers(
    newsletter, outcome, state, caplog, django_capture_on_commit_callbacks
):
    newsletter()
    mine, _ = dead_batch(None)
    recovery.recover()
    if state != "waiting":
        theirs = ledger.claim_bulk(limit=10)
        if state == "settled":
            said = Answer(Outcome.FAILED, "554 not you")
            for item in theirs.items:
                assert ledger.settle_other(lease_id=theirs.lease_id, item=item, answer=said)
    before = list(Delivery.objects.order_by("pk").values())
    item = mine.items[0]
    with django_capture_on_commit_callbacks(execute=True) as called:
        if outcome is Outcome.SENT:
            ledger.settle_sent(lease_id=mine.lease_id, answers=[(item.pk, "250 kept")])
        else:
            answer = Answer(outcome, "550 5.1.1 nobody", is_of_recipient=True)
            assert not ledger.settle_other(lease_id=mine.lease_id, item=item, answer=answer)
    assert list(Delivery.objects.order_by("pk").values()) == before
    assert f"Delivery {item.pk} is no longer this worker's" in caplog.text
    assert called == []
    assert not Bounce.objects.exists()


def test_what_others_noted_as_sent_already_is_no_news(newsletter, caplog):
    newsletter()
    batch, _ = dead_batch(1)
    recovery.recover()
    ledger.settle_sent(lease_id=batch.lease_id, answers=[(item.pk, "250 kept") for item in batch.items[:2]])
    assert list(Delivery.objects.order_by("pk").values_list("status", flat=True)) == ["sent", "sent", "queued"]
    assert "no longer" not in caplog.text


def test_two_workers_one_of_which_was_silent_for_too_long_send_everybody_once(smtp, newsletter):
    """The lease is taken over, and its batch sent by another, while the first waits for an answer."""
    newsletter()
    slow, fast = Engine(stopping=lambda: False), Engine(stopping=lambda: False)
    hand_over = slow._hand_over

    def hand_over_late(*args):
        answer = hand_over(*args)
        if not fast.sent:
            Lease.objects.update(until=timezone.now() - dt.timedelta(seconds=1))
            recovery.recover()
            fast.run(urgent_only=False, seconds=30)
        return answer

    slow._hand_over = hand_over_late
    slow.run(urgent_only=False, seconds=30)
    assert (slow.sent, fast.sent, len(smtp.messages)) == (1, 2, 3)
    assert set(states().values()) == {"sent"}
    assert not Lease.objects.exists()


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), RuntimeError("a fault"), MemoryError()])
def test_a_worker_made_to_stop_while_it_waits_for_an_answer_leaves_that_one_in_doubt(smtp, newsletter, error):
    """As by a second signal to the worker, or a time limit: the server has the message, and nobody heard it say so."""
    newsletter()
    engine = Engine(stopping=lambda: False)
    hand_over = engine._transport.send

    def stopped(**options):
        answer = hand_over(**options)
        if len(smtp.messages) == 2:
            raise error
        return answer

    engine._transport.send = stopped
    with pytest.raises(type(error)):
        engine.run(urgent_only=False, seconds=30)
    assert list(Delivery.objects.order_by("pk").values_list("status", flat=True)) == ["sent", "unknown", "queued"]
    assert not Lease.objects.exists()
    assert send()[1] == 1
    assert len(smtp.messages) == 3


def test_someone_who_unsubscribes_before_their_turn_is_left_out_of_a_batch_in_hand(newsletter):
    newsletter()
    batch = ledger.claim_bulk(limit=10)
    first, second, third = batch.items
    assert ledger.advance(lease_id=batch.lease_id, pk=first.pk)
    skip = services.skip_waiting
    assert skip(recipient=first.recipient.address, list_key_prefix="newsletter:") == 0  # it is on the wire
    assert skip(recipient=third.recipient.address, list_key_prefix="newsletter:") == 1
    assert not ledger.advance(lease_id=batch.lease_id, pk=second.pk)
    assert ledger.review(lease_id=batch.lease_id) == {first.pk, second.pk}
    assert ledger.advance(lease_id=batch.lease_id, pk=second.pk)


def test_someone_who_unsubscribes_while_it_is_on_the_wire_is_not_tried_again(newsletter):
    newsletter()
    batch = ledger.claim_bulk(limit=10)
    first, second, _ = batch.items
    answer = Answer(Outcome.DEFERRED, "451 later")
    for item, leave in ((first, True), (second, False)):
        assert ledger.advance(lease_id=batch.lease_id, pk=item.pk)
        if leave:
            assert services.skip_waiting(recipient=item.recipient.address, list_key_prefix="newsletter:") == 0
            ledger.review(lease_id=batch.lease_id)
        ledger.settle_other(lease_id=batch.lease_id, item=item, answer=answer)
    assert [d.status for d in Delivery.objects.order_by("pk")] == ["skipped", "deferred", "sending"]
    assert Delivery.objects.get(pk=first.pk).last_answer.endswith("and not tried again: 451 later")


def test_a_mailing_cancelled_while_one_is_on_the_wire_keeps_nobody_waiting(newsletter):
    mailing = newsletter()
    batch = ledger.claim_bulk(limit=10)
    first = batch.items[0]
    assert ledger.advance(lease_id=batch.lease_id, pk=first.pk)
    assert services.cancel(mailing=mailing) == 2
    ledger.settle_other(lease_id=batch.lease_id, item=first, answer=Answer(Outcome.DEFERRED, "451 later"))
    ledger.release(lease_id=batch.lease_id)
    assert mailing.deliveries.by_status() == {"skipped": 3}


def test_a_server_lost_in_the_middle_does_not_bring_back_who_left_meanwhile(newsletter):
    newsletter()
    batch = ledger.claim_bulk(limit=10)
    first = batch.items[0]
    assert ledger.advance(lease_id=batch.lease_id, pk=first.pk)
    services.skip_waiting(recipient=first.recipient.address, list_key_prefix="newsletter:")
    ledger.release(lease_id=batch.lease_id, answer="Waiting")
    assert [d.status for d in Delivery.objects.order_by("pk")] == ["skipped", "queued", "queued"]


def test_whoever_left_the_list_or_is_suppressed_is_not_sent_it_again_by_staff(smtp, newsletter):
    smtp.script = {"MESSAGE": "hang up"}
    newsletter()
    send()
    assert set(states().values()) == {"unknown"}
    assert services.skip_waiting(recipient="ANN@example.org", list_key_prefix="newsletter:") == 0
    services.suppress(email="bob@example.org", reason="They marked a message as spam")
    assert list(Delivery.objects.repeatable().values_list("recipient", flat=True)) == ["cat@example.org"]
    assert services.send_again(deliveries=Delivery.objects.all()) == 1
    assert states() == {"ann@example.org": "unknown", "bob@example.org": "unknown", "cat@example.org": "queued"}


def test_a_clock_put_back_makes_old_leases_and_due_times_count(newsletter, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC))
    newsletter()
    ledger.claim_bulk(limit=1)
    time_machine.move_to(dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC))
    sweeping.sweep()
    assert not Lease.objects.exists()
    assert Delivery.objects.filter(due_at__lte=timezone.now()).count() == 3


def test_only_so_many_workers_send_bulk_mail_at_once(newsletter, settings):
    settings.MAIL_LANES = 1
    newsletter()
    assert ledger.claim_bulk(limit=1) is not None
    assert ledger.claim_bulk(limit=1) is None


def test_the_rate_limit_is_kept_and_urgent_messages_do_not_wait_for_it(smtp, newsletter, settings):
    settings.MAIL_RATE_PER_SECOND = 5
    newsletter()
    started = timezone.now()
    send()
    assert timezone.now() - started > dt.timedelta(seconds=0.35)
