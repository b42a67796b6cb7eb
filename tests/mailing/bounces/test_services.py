import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailing import services, tasks
from mailing.bounces import services as bounces
from mailing.engine import Engine
from mailing.models import Bounce, Delivery, Suppression
from tests.mailing.bounces import samples

pytestmark = pytest.mark.django_db


def suppressed() -> set[str]:
    return set(Suppression.objects.in_force().values_list("email", flat=True))


def test_bounce_when_of_a_sent_message_then_failed_with_both_answers_and_counted_once(sent, back):
    delivery = sent()
    settled = delivery.settled_at
    bounce = bounces.take_in(raw=samples.postfix(back(delivery)))
    assert isinstance(bounce, Bounce)
    assert (bounce.delivery, bounce.email, bounce.kind, bounce.source, bounce.status_code, bounce.is_applied) == (
        delivery, "ann@example.org", "hard", "mailbox", "5.1.1", True,
    )  # fmt: skip
    delivery.refresh_from_db()
    assert delivery.status == "failed"
    assert delivery.last_answer == (
        "Came back: 550 5.1.1 <ann@example.org>: no such person here. "
        "It was taken at first: Kept in the outbox and sent nowhere"
    )
    assert delivery.settled_at == settled
    assert suppressed() == set()


def test_bounce_when_the_same_report_comes_twice_then_written_once(sent, back):
    delivery = sent()
    raw = samples.postfix(back(delivery))
    assert isinstance(bounces.take_in(raw=raw), Bounce)
    assert bounces.take_in(raw=b"X-Copy: 1\n" + raw) == "a report that was read before"
    assert Bounce.objects.count() == 1


def test_bounces_when_two_messages_in_a_row_are_refused_then_suppressed(sent, back):
    first, second = sent(), sent()
    bounces.take_in(raw=samples.postfix(back(first), id="1"))
    bounces.take_in(raw=samples.exim(back(first), id="2"))
    assert suppressed() == set()
    bounces.take_in(raw=samples.exchange(back(second), id="3"))
    assert suppressed() == {"ann@example.org"}
    assert Suppression.objects.get().reason.startswith("The mail server refused it 2 times: Came back: 550 5.1.10")


def test_bounces_when_a_later_message_arrived_then_not_suppressed(sent, back):
    first, _, third = sent(), sent(), sent()
    bounces.take_in(raw=samples.postfix(back(first), id="1"))
    bounces.take_in(raw=samples.postfix(back(third), id="3"))
    assert suppressed() == set()


def test_bounces_when_a_suppression_was_lifted_then_counted_anew(sent, back, staff):
    for number in range(2):
        bounces.take_in(raw=samples.postfix(back(sent()), id=f"old{number}"))
    services.lift(suppression=Suppression.objects.get(), by=staff)
    bounces.take_in(raw=samples.postfix(back(sent()), id="new1"))
    assert suppressed() == set()
    bounces.take_in(raw=samples.postfix(back(sent()), id="new2"))
    assert suppressed() == {"ann@example.org"}


def test_soft_bounces_when_enough_within_the_days_then_suppressed(sent, back, time_machine, settings):
    settings.MAIL_SOFT_BOUNCES_TO_SUPPRESS, settings.MAIL_SOFT_BOUNCE_DAYS = 3, 30
    start = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
    for number, day in enumerate((0, 5, 40, 50)):
        time_machine.move_to(start + dt.timedelta(days=day), tick=True)
        delivery = sent()
        for copy in range(2):  # two reports on one message count once
            bounces.take_in(raw=samples.postfix(back(delivery), status="4.2.2", said="452 full", id=f"{number}.{copy}"))
        assert suppressed() == set()
    time_machine.move_to(start + dt.timedelta(days=60), tick=True)
    bounces.take_in(raw=samples.postfix(back(sent()), status="5.2.2", said="552 5.2.2 full", id="last"))
    assert suppressed() == {"ann@example.org"}
    assert Suppression.objects.get().reason == "3 messages in 30 days came back, the last with: 552 5.2.2 full"


def test_soft_bounce_when_between_two_refusals_then_neither_counts_nor_forgives(sent, back):
    first, second, third = sent(), sent(), sent()
    bounces.take_in(raw=samples.postfix(back(first), id="1"))
    bounces.take_in(raw=samples.postfix(back(second), status="5.2.2", said="552 5.2.2 full", id="2"))
    assert suppressed() == set()
    bounces.take_in(raw=samples.postfix(back(third), id="3"))
    assert suppressed() == {"ann@example.org"}


def test_complaint_when_read_then_suppressed_at_once_and_nothing_more_leaves(sent, back, newsletter):
    delivery = sent()
    waiting = newsletter().deliveries.get(recipient="ann@example.org")
    bounces.take_in(raw=samples.complaint(back(delivery)))
    assert suppressed() == {"ann@example.org"}
    assert Suppression.objects.get().reason.startswith("They marked a message as spam: Reported as abuse")
    delivery.refresh_from_db()
    waiting.refresh_from_db()
    assert (delivery.status, waiting.status) == ("sent", "skipped")
    assert newsletter().deliveries.filter(recipient="ann@example.org").count() == 0


@pytest.mark.parametrize(("raw", "why"), [
    (samples.postfix("bounces+1-aaaaaaaaaaaaaaaa@example.org"), "a return address that is not ours"),
    (samples.out_of_office("bounces@example.org"), "an automatic reply"),
    (b"\xff\x00", "not a delivery report"),
])  # fmt: skip
def test_message_when_it_reports_nothing_then_nothing_is_written(sent, raw, why):
    sent()
    assert bounces.take_in(raw=raw) == why
    assert not Bounce.objects.exists()
    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent"}


def test_report_when_its_message_is_gone_then_passed_over(sent, back):
    delivery = sent()
    address = back(delivery)
    delivery.delete()
    assert bounces.take_in(raw=samples.postfix(address)) == "about a message that is no longer kept"


def test_report_when_it_overtakes_the_workers_note_then_applied_after_it(newsletter, back, smtp):
    """The report comes while the worker still holds its batch, as from a mail server on the same machine."""
    mailing = newsletter()
    seen = []
    engine = Engine(stopping=lambda: False)
    transport, send = engine._transport, engine._transport.send

    def send_and_hear_back(**options):
        answer = send(**options)
        delivery = mailing.deliveries.get(recipient=options["recipient"])
        if delivery.recipient == "ann@example.org":
            seen.append((delivery.status, bounces.take_in(raw=samples.postfix(back(delivery)))))
        return answer

    transport.send = send_and_hear_back
    engine.run(urgent_only=False, seconds=30)
    (status, bounce), delivery = seen[0], mailing.deliveries.get(recipient="ann@example.org")
    assert (status, bounce.is_applied, delivery.status) == ("sending", False, "sent")
    assert tasks.read_bounces() == 0
    assert bounces.apply_late() == 0
    delivery.refresh_from_db()
    assert delivery.status == "failed"
    assert Bounce.objects.filter(is_applied=True).count() == 1


def test_report_when_its_message_was_not_known_to_have_arrived_then_failed(sent, back):
    delivery = sent()
    Delivery.objects.filter(pk=delivery.pk).update(status="unknown")
    bounces.take_in(raw=samples.postfix(back(delivery)))
    delivery.refresh_from_db()
    assert delivery.status == "failed"


def test_report_when_its_message_waits_to_be_sent_again_then_it_still_goes(sent, back):
    delivery = sent()
    Delivery.objects.filter(pk=delivery.pk).update(status="queued", due_at=timezone.now())
    bounces.take_in(raw=samples.postfix(back(delivery)))
    delivery.refresh_from_db()
    assert delivery.status == "queued"
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)
    assert bounces.apply_late() == 0
    delivery.refresh_from_db()
    assert delivery.status == "sent"


@pytest.mark.parametrize("values", [{"kind": "odd"}, {"source": "hearsay"}, {"key": "k"}])
def test_bounce_when_it_makes_no_sense_then_the_database_refuses_it(values):
    good = {"email": "a@example.org", "kind": "hard", "source": "mailbox"}
    Bounce.objects.create(**good, key="k")
    with pytest.raises(IntegrityError), transaction.atomic():
        Bounce.objects.create(**{**good, "key": "other", **values})
