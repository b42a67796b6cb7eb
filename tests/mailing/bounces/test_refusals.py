"""What a mail server refuses at once counts as if it had come back: by what it says, and once for each message."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from mailing import ledger
from mailing.bounces import services as bounces
from mailing.engine import Engine
from mailing.models import Bounce, Delivery, Suppression
from mailing.services import send_again
from mailing.transport import Answer, Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(django_capture_on_commit_callbacks):
    def run() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)

    return run


def suppressed() -> set[str]:
    return set(Suppression.objects.in_force().values_list("email", flat=True))


def kinds() -> list[tuple[str, str, str]]:
    return list(Bounce.objects.order_by("pk").values_list("kind", "source", "status_code"))


@pytest.mark.parametrize(("where", "answer", "kind", "code"), [
    ("RCPT TO:<bob@", "550 5.1.1 nobody", "hard", "5.1.1"),
    ("RCPT TO:<bob@", "550 nobody", "hard", "5.0.0"),
    ("RCPT TO:<bob@", "550 5.7.1 you are on a list", "blocked", "5.7.1"),
    ("RCPT TO:<bob@", "554 192.0.2.1 is on a blocklist", "blocked", "5.0.0"),
    ("RCPT TO:<bob@", "550 relaying denied", "blocked", "5.0.0"),
    ("RCPT TO:<bob@", "503 bad order", "blocked", "5.0.0"),
    ("RCPT TO:<bob@", "552 5.2.2 full", "soft", "5.2.2"),
])  # fmt: skip
def test_refusal_when_of_a_recipient_then_failed_and_counted_by_what_it_says(
    smtp, newsletter, send, where, answer, kind, code
):
    smtp.script = {where: answer}
    for _ in range(2):
        newsletter()
        send()
    assert kinds() == [(kind, "server", code)] * 2
    assert suppressed() == ({"bob@example.org"} if kind == "hard" else set())
    assert set(Delivery.objects.filter(recipient="bob@example.org").values_list("status", "last_answer")) == {
        ("failed", answer)
    }
    assert Delivery.objects.filter(status="sent").count() == 4
    assert not Bounce.objects.filter(is_applied=False).exists()


def test_blocks_when_however_many_then_the_address_is_never_suppressed(smtp, newsletter, send, settings):
    settings.MAIL_SOFT_BOUNCES_TO_SUPPRESS = 2
    smtp.script = {"RCPT TO:<bob@": "550 5.7.1 you are on a list"}
    for _ in range(4):
        newsletter()
        send()
    assert Bounce.objects.filter(kind="blocked").count() == 4
    assert suppressed() == set()
    assert newsletter().deliveries.filter(recipient="bob@example.org").exists()


def test_block_when_between_two_refusals_then_neither_counts_nor_forgives(smtp, newsletter, send):
    for answer in ("550 5.1.1 nobody", "550 5.7.1 list", "550 5.1.1 nobody"):
        assert suppressed() == set()
        smtp.script = {"RCPT TO:<bob@": answer}
        newsletter()
        send()
    assert suppressed() == {"bob@example.org"}


def test_message_when_it_could_not_be_written_then_no_refusal_of_its_address(smtp, newsletter, send):
    newsletter().deliveries.filter(recipient="bob@example.org").update(settled_at=timezone.now())
    smtp.script = {"RCPT TO:<bob@": "550 5.1.1 nobody"}
    send()
    broken = newsletter()
    type(broken).objects.filter(pk=broken.pk).update(headers={"X-A": 5})
    send()
    assert broken.deliveries.by_status() == {"failed": 3}
    assert suppressed() == set()


@pytest.mark.parametrize(("answer", "expected"), [
    ("552 5.2.2 full", ["soft"]), ("550 5.1.1 nobody", ["hard"]), ("554 5.7.1 spam", ["blocked"]),
    ("554 no", []), ("554 5.6.0 no", []),
])  # fmt: skip
def test_refusal_when_of_the_whole_message_then_of_the_address_only_if_it_says_so(
    smtp, newsletter, send, people, answer, expected
):
    smtp.script = {"MESSAGE": answer}
    newsletter(audience=people.filter(email="bob@example.org"))
    send()
    assert Delivery.objects.get().status == "failed"
    assert list(Bounce.objects.values_list("kind", flat=True)) == expected


def test_sender_when_refused_for_three_days_then_failed_and_nobodys_fault(smtp, newsletter, time_machine, send):
    assert expire(newsletter, time_machine, send, smtp, {"MAIL": "550 5.1.1 who are you"}) == []


def test_server_when_it_only_hangs_up_for_three_days_then_nobodys_fault(smtp, newsletter, time_machine, send):
    assert expire(newsletter, time_machine, send, smtp, {"RCPT": "hang up"}) == []


@pytest.mark.parametrize(("script", "kind"), [
    ({"RCPT": "452 4.2.2 full"}, "soft"), ({"RCPT": "451 later"}, "soft"), ({"MESSAGE": "452 4.2.2 full"}, "soft"),
    ({"RCPT": "450 4.7.1 too many from you"}, "blocked"),
])  # fmt: skip
def test_messages_when_put_off_until_given_up_then_counted_as_soft_and_in_the_end_suppressed(
    smtp, newsletter, people, time_machine, send, settings, script, kind
):
    settings.MAIL_SOFT_BOUNCES_TO_SUPPRESS = 2
    for number in range(1, 3):
        assert suppressed() == set()
        assert expire(newsletter, time_machine, send, smtp, script, people) == [kind] * number
    assert suppressed() == ({"bob@example.org"} if kind == "soft" else set())
    if kind == "soft":
        assert Suppression.objects.get().reason.startswith("2 messages in 60 days came back, the last with: 45")


def expire(newsletter, time_machine, send, smtp, script, people=None) -> list[str]:
    time_machine.move_to(timezone.now(), tick=True)
    smtp.script = script
    mailing = newsletter(**({"audience": people.filter(email="bob@example.org")} if people is not None else {}))
    send()
    assert mailing.deliveries.filter(status="deferred").count() == mailing.deliveries.count()
    time_machine.shift(dt.timedelta(hours=71, minutes=59))
    send()
    assert mailing.deliveries.filter(status="failed").count() == mailing.deliveries.count()
    assert mailing.deliveries.first().last_answer.startswith("Given up after 72 hours: ")
    return list(Bounce.objects.order_by("pk").values_list("kind", flat=True))


def test_refusal_when_noted_and_the_worker_dies_then_counted_late_and_once(newsletter):
    for _ in range(2):
        newsletter()
        batch = ledger.claim_bulk(limit=10)
        for item in batch.items:
            answer = Answer(Outcome.FAILED, "550 5.1.1 nobody", is_of_recipient=True)
            # Nothing that follows the commit is run.
            ledger.settle_other(lease_id=batch.lease_id, item=item, answer=answer)
        ledger.release(lease_id=batch.lease_id)
    assert suppressed() == set()
    assert bounces.apply_late() == 6
    assert bounces.apply_late() == 0
    assert suppressed() == {"ann@example.org", "bob@example.org", "cat@example.org"}


def test_refusal_when_counted_late_and_the_message_was_sent_again_meanwhile_then_it_stays_sent(newsletter, people):
    mailing = newsletter(audience=people.filter(email="bob@example.org"))
    batch = ledger.claim_bulk(limit=10)
    answer = Answer(Outcome.FAILED, "550 5.1.1 nobody", is_of_recipient=True)
    ledger.settle_other(lease_id=batch.lease_id, item=batch.items[0], answer=answer)
    ledger.release(lease_id=batch.lease_id)
    assert send_again(deliveries=Delivery.objects.all()) == 1
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)
    assert bounces.apply_late() == 1
    assert mailing.deliveries.by_status() == {"sent": 1}
    assert suppressed() == set()


def test_answer_when_it_is_none_then_refuses_nobody(smtp, newsletter, send):
    smtp.script = {"RCPT": "hello there"}
    newsletter()
    send()
    assert Delivery.objects.by_status() == {"deferred": 3}
    smtp.script = {"MESSAGE": "hello there"}
    Delivery.objects.update(due_at=timezone.now())
    send()
    assert Delivery.objects.by_status() == {"unknown": 3}
    assert kinds() == []


def test_refusal_when_sent_again_and_refused_again_then_each_try_is_written_and_one_message_counts(
    smtp, newsletter, send, people
):
    smtp.script = {"RCPT": "550 5.1.1 nobody"}
    newsletter(audience=people.filter(email="bob@example.org"))
    send()
    assert send_again(deliveries=Delivery.objects.all()) == 1
    send()
    assert len(kinds()) == 2
    assert suppressed() == set()
