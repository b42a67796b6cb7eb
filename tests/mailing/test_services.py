import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.db.models import CharField, F, Value
from django.test.utils import CaptureQueriesContext

from mailing import ledger, services, sweeping, tasks, tokens, wake, withdrawing
from mailing.models import Attachment, Delivery, Mailing, Suppression
from people.models import User
from tests.conftest import make_user
from tests.mailing.headers import UNSUBSCRIBE

pytestmark = pytest.mark.django_db


@pytest.fixture
def audience(people):
    return people


def newsletter(audience, **fields) -> Mailing:
    values = {
        "topic": "newsletter", "list_key": "newsletter:1", "subject": "News", "text": "Dear {{name}}",
        "audience": audience, "headers": UNSUBSCRIBE,
    }  # fmt: skip
    return services.queue_bulk(**{**values, **fields})


def test_queue_bulk_makes_one_delivery_for_each_person(audience, django_assert_num_queries):
    mailing = newsletter(audience)
    rows = mailing.deliveries.values_list("recipient", "recipient_name", "subject_id", "status", "urgent")
    assert set(rows) == {
        (f"{name}@example.org", name.title(), str(User.objects.get(full_name=name.title()).pk), "queued", False)
        for name in ("ann", "bob", "cat")
    }
    assert mailing.deliveries.filter(due_at=F("created_at")).count() == 3


def test_queue_bulk_when_an_address_is_suppressed_leaves_it_out(audience):
    services.suppress(email="BOB@example.org", reason="It bounced")
    assert set(newsletter(audience).deliveries.values_list("recipient", flat=True)) == {
        "ann@example.org", "cat@example.org",
    }  # fmt: skip


def test_extend_bulk_a_second_time_adds_only_who_is_new(audience):
    mailing = newsletter(audience)
    make_user("dan")
    same = User.objects.values("email", "pk", name=Value("x", output_field=CharField()), subject_id=F("email"))
    assert services.extend_bulk(mailing=mailing, audience=same) == 1
    assert services.extend_bulk(mailing=mailing, audience=same) == 0
    assert mailing.deliveries.count() == 4


def test_skip_waiting_withdraws_that_list_only(audience):
    newsletter(audience)
    other = newsletter(audience, list_key="events:1")
    assert services.skip_waiting(recipient="Ann@example.org", list_key_prefix="newsletter:") == 1
    assert services.skip_waiting(recipient="Ann@example.org", list_key_prefix="newsletter:") == 0
    assert set(other.deliveries.values_list("status", flat=True)) == {"queued"}
    assert Delivery.objects.get(status="skipped").recipient == "ann@example.org"


@pytest.mark.parametrize("fields", [
    {"subject": "a\nBcc: x@example.org"},
    {"headers": {"X-A": "a\r\nBcc: x@example.org"}},
    {"headers": {"X-A\n": "a"}},
    {"headers": {"Bcc": "x@example.org"}},
    {"subject": "  "},
])  # fmt: skip
def test_queue_bulk_when_a_header_is_forged_writes_nothing(audience, fields):
    with pytest.raises(ValueError):
        newsletter(audience, **fields)
    assert not Mailing.objects.exists()
    assert not Delivery.objects.exists()


def test_suppress_twice_keeps_one_and_withdraws_what_waits(audience):
    mailing = newsletter(audience)
    first = services.suppress(email="ann@example.org", reason="It bounced")
    assert services.suppress(email="ANN@example.org", reason="again") == first
    assert mailing.deliveries.get(recipient="ann@example.org").status == "skipped"
    assert mailing.deliveries.filter(status="queued").count() == 2


def test_lift_a_second_time_changes_nothing(staff):
    suppression = services.suppress(email="ann@example.org", reason="It bounced")
    assert services.lift(suppression=suppression, by=staff)
    assert not services.lift(suppression=suppression, by=staff)
    assert not Suppression.objects.in_force().exists()
    assert services.suppress(email="ann@example.org", reason="Again").pk != suppression.pk


def test_backend_keeps_every_part_of_a_message(django_capture_on_commit_callbacks):
    message = EmailMultiAlternatives(
        "Zoë's news", "Plain", "Portal <portal@example.org>", ["Ann <ann@example.org>"],
        cc=["bob@example.org"], bcc=["ann@EXAMPLE.org", "cat@example.org"], reply_to=["team@example.org"],
        headers={"X-Mailing-Topic": "reminder", "X-Mailing-Secret": "no", "X-Other": "1", "Message-ID": "<x@y>"},
    )  # fmt: skip
    message.attach_alternative("<p>Rich</p>", "text/html")
    message.attach_alternative("BEGIN:VCALENDAR", "text/calendar")
    message.attach("a.txt", "hello", "text/plain")
    assert message.send() == 1
    mailing = Mailing.objects.get()
    assert (mailing.topic, mailing.is_secret, mailing.text, mailing.html) == ("reminder", False, "Plain", "<p>Rich</p>")
    assert mailing.headers == {
        "X-Other": "1", "Reply-To": "team@example.org", "Cc": "bob@example.org", "To": "Ann <ann@example.org>",
    }  # fmt: skip
    assert set(mailing.deliveries.values_list("recipient", flat=True)) == {
        "ann@EXAMPLE.org", "bob@example.org", "cat@example.org",
    }  # fmt: skip
    assert {(a.role, a.content_type) for a in Attachment.objects.all()} == {
        ("alternative", "text/calendar"), ("file", "text/plain"),
    }  # fmt: skip


def test_backend_when_an_address_is_none_queues_nothing():
    def message() -> EmailMultiAlternatives:
        return EmailMultiAlternatives("Hello", "Plain", None, ["ann@example.org", "not an address"])

    with pytest.raises(ValidationError):
        message().send()
    assert message().send(fail_silently=True) == 0
    assert not Mailing.objects.exists()


def test_tokens_of_another_purpose_are_refused():
    with pytest.raises(tokens.BadToken):
        tokens.read("unsubscribe", tokens.sign("recipient", 1))


@pytest.mark.parametrize(("changes", "words"), [
    ({"List-Unsubscribe": None}, "needs a header List-Unsubscribe with a web address"),
    ({"List-Unsubscribe": "<mailto:stop@example.org>"}, "needs a header List-Unsubscribe with a web address"),
    ({"List-Unsubscribe": "https://example.org/{{token}}/"}, "needs a header List-Unsubscribe with a web address"),
    ({"List-Unsubscribe-Post": None}, "needs the header List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
    ({"List-Unsubscribe-Post": "yes"}, "needs the header List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
])  # fmt: skip
def test_queue_bulk_when_nobody_could_unsubscribe_by_one_press_refuses(audience, changes, words):
    headers = {name: value for name, value in {**UNSUBSCRIBE, **changes}.items() if value is not None}
    with pytest.raises(ValueError, match=words):
        newsletter(audience, headers=headers)
    assert not Mailing.objects.exists()


def test_queue_bulk_takes_a_second_address_and_any_case(audience):
    headers = {
        "list-unsubscribe": "<mailto:stop@example.org>, <https://example.org/{{token}}/>",
        "LIST-UNSUBSCRIBE-POST": "List-Unsubscribe=One-Click",
    }
    assert newsletter(audience, headers=headers).deliveries.count() == 3


def test_cancel_takes_as_few_statements_however_many_wait(audience):
    def cancel() -> int:
        mailing = newsletter(audience)
        ledger.claim_bulk(limit=1)
        with CaptureQueriesContext(connection) as captured:
            services.cancel(mailing=mailing)
        assert mailing.deliveries.by_status() == {"skipped": mailing.deliveries.count()}
        assert max(len(query["sql"]) for query in captured.captured_queries) < 1000
        return len(captured)

    first = cancel()
    User.objects.bulk_create(User(email=f"q{number}@example.org", full_name="Ann") for number in range(40))
    assert cancel() == first


def test_cancel_when_very_many_wait_then_workers_withdraw_the_rest_and_nobody_gets_it(audience, monkeypatch):
    woken: list[int] = []
    monkeypatch.setattr(wake, "wake_bulk", woken.append)
    for module in (services, withdrawing):
        monkeypatch.setattr(module, "CHUNK", 1)
    mailing = newsletter(audience)
    held = ledger.claim_bulk(limit=1)
    assert services.cancel(mailing=mailing) == 3
    assert mailing.deliveries.by_status() == {"queued": 1, "skipped": 2}
    assert ledger.review(lease_id=held.lease_id) == set()
    assert ledger.claim_bulk(limit=1) is None
    sweeping.sweep()
    assert woken == [1]
    assert tasks.deliver(urgent=False) == 0
    assert mailing.deliveries.by_status() == {"skipped": 3}
    assert {answer for (answer,) in mailing.deliveries.values_list("last_answer")} == {"Cancelled by staff"}


def test_withdraw_cancelled_when_its_time_is_up_then_says_that_some_are_left(audience, monkeypatch):
    monkeypatch.setattr(withdrawing, "CHUNK", 1)
    mailing = newsletter(audience)
    Mailing.objects.update(status="cancelled")
    if connection.vendor == "postgresql":
        # The plan that it chooses by itself on some days: to look for every row anew whether it is one of the some.
        with connection.cursor() as cursor:
            for way in ("hashjoin", "mergejoin", "material", "hashagg", "sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    assert withdrawing.withdraw_cancelled(seconds=-1)
    assert mailing.deliveries.by_status() == {"queued": 2, "skipped": 1}
    assert not withdrawing.withdraw_cancelled(seconds=30)
    assert mailing.deliveries.by_status() == {"skipped": 3}


def test_extend_bulk_when_cancelled_then_adds_nobody(audience):
    mailing = newsletter(audience.filter(full_name="Ann"))
    services.cancel(mailing=mailing)
    assert services.extend_bulk(mailing=mailing, audience=audience) == 0
    assert mailing.deliveries.by_status() == {"skipped": 1}


def test_skip_waiting_when_staff_send_it_again_at_that_moment_withdraws_it_all_the_same(audience, monkeypatch):
    mailing = newsletter(audience)
    mailing.deliveries.update(status="failed", due_at=None)
    withdraw = services.withdraw

    def then_staff_press_the_button(*args):
        count = withdraw(*args)
        services.send_again(deliveries=Delivery.objects.all())
        return count

    monkeypatch.setattr(services, "withdraw", then_staff_press_the_button)
    assert services.skip_waiting(recipient="ann@example.org", list_key_prefix="newsletter:") == 1
    assert mailing.deliveries.get(recipient="ann@example.org").status == "skipped"


def test_claim_when_an_address_was_suppressed_while_the_mailing_was_queued_leaves_it_out(audience):
    """The suppression and the mailing are written at once, and neither sees the other."""
    mailing = newsletter(audience)
    for name in ("ANN", "bob"):
        Suppression.objects.create(email=f"{name}@example.org", reason="They marked a message as spam")
    Suppression.objects.create(email="cat@example.org", reason="x", lifted_at=mailing.created_at)
    # Those two come first, in whichever order the audience was read.
    earlier = mailing.created_at - dt.timedelta(seconds=1)
    mailing.deliveries.exclude(recipient="cat@example.org").update(due_at=earlier)
    batch = ledger.claim_bulk(limit=1)
    assert [item.recipient.address for item in batch.items] == ["cat@example.org"]
    assert mailing.deliveries.by_status() == {"skipped": 2, "sending": 1}
    assert ledger.claim_bulk(limit=1) is None


def test_claim_of_a_code_when_its_address_is_suppressed_goes(db):
    Suppression.objects.create(email="ann@example.org", reason="The mailbox is full")
    code = services.write_mailing(kind="transactional", topic="login code", subject="Code", text="1\n")
    services.address_to(mailing=code, recipients=[("", "ann@example.org")])
    assert len(ledger.claim_urgent(limit=1).items) == 1
