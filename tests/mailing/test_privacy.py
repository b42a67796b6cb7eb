"""What the mailing keeps on a person, shown and erased."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from communities.models import Associate
from mailing import privacy
from mailing.bounces.services import record
from mailing.models import Bounce, Delivery, Lease, Mailing, Suppression
from mailing.privacy import forget, forget_old, forget_sent, messages_to, trouble_with
from mailing.services import address_to, queue_bulk, suppress, write_mailing
from mailing.tasks import tidy
from tests.communities.factories import make_associate
from tests.mailing.headers import UNSUBSCRIBE

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter():
    """A transactional message that has been sent to one address."""

    def send(email: str, status: str = "sent") -> Delivery:
        mailing = write_mailing(
            kind="transactional", topic="reviews", subject="Your review, Ann", text="Dear Ann", html="<p>"
        )
        delivery = address_to(mailing=mailing, recipients=[("Ann", email)])[0]
        Delivery.objects.filter(pk=delivery.pk).update(status=status, due_at=None)
        return delivery

    return send


def test_messages_to_when_asked_then_they_are_only_that_addresss(letter):
    letter("ann@example.org")
    letter("bob@example.org")
    assert [row["Subject"] for row in messages_to("ANN@example.org")] == ["Your review, Ann"]


def test_forget_when_messages_have_ended_then_neither_address_nor_text_is_left(letter):
    mine, other = letter("Ann@example.org"), letter("bob@example.org")
    assert forget(email="ann@example.org") == 1
    mine.refresh_from_db()
    assert (mine.recipient, mine.recipient_name, mine.status) == (f"erased-{mine.pk}@erased.invalid", "", "sent")
    assert (mine.mailing.subject, mine.mailing.text, mine.mailing.html) == ("Erased", "", "")
    other.refresh_from_db()
    assert (other.recipient, other.mailing.text) == ("bob@example.org", "Dear Ann")
    assert forget(email="ann@example.org") == 0


def test_forget_when_a_newsletter_went_to_many_then_only_the_address_goes(community):
    gone, stays = make_associate(community), make_associate(community)
    mailing = queue_bulk(
        topic="newsletter", list_key="newsletter:x", subject="Issue", text="Words", headers=UNSUBSCRIBE,
        audience=Associate.objects.values("email", "name", subject_id=F("key")),
    )  # fmt: skip
    forget(email=gone.email)
    assert {(row.recipient, row.status) for row in mailing.deliveries.all()} == {
        (stays.email, "queued"),
        (f"erased-{mailing.deliveries.get(status='skipped').pk}@erased.invalid", "skipped"),
    }
    mailing.refresh_from_db()
    assert mailing.text == "Words"


def test_forget_when_a_message_still_waits_then_it_is_left_to_arrive_and_erased_once_it_has(letter):
    delivery, other = letter("ann@example.org"), letter("bob@example.org")
    Delivery.objects.filter(pk=delivery.pk).update(status="queued", due_at=F("created_at"))
    assert forget(email="Ann@example.org") == 0
    assert forget_sent() == 0
    delivery.refresh_from_db()
    assert (delivery.recipient, delivery.mailing.text) == ("ann@example.org", "Dear Ann")
    Delivery.objects.filter(pk=delivery.pk).update(status="failed", due_at=None, last_answer="550 ann@example.org")
    Bounce.objects.create(email="ann@example.org", kind="hard", source="server", key="1", delivery=delivery)
    assert (tidy.run(), forget_sent()) == (1, 0)
    delivery = Delivery.objects.select_related("mailing").get(pk=delivery.pk)
    assert (delivery.recipient, delivery.last_answer, delivery.is_to_forget) == (
        f"erased-{delivery.pk}@erased.invalid", "", False,
    )  # fmt: skip
    assert (delivery.mailing.subject, delivery.mailing.text) == ("Erased", "")
    assert not Bounce.objects.exists()
    other.refresh_from_db()
    assert (other.recipient, other.mailing.text) == ("bob@example.org", "Dear Ann")


def test_forget_sent_when_they_came_back_meanwhile_then_what_is_new_stays(letter):
    delivery = letter("ann@example.org")
    Delivery.objects.filter(pk=delivery.pk).update(status="sending", lease=Lease.objects.create(until=timezone.now()))
    forget(email="ann@example.org")
    new = letter("ann@example.org")
    Bounce.objects.create(email="ann@example.org", kind="soft", source="server", key="1", delivery=new)
    Delivery.objects.filter(pk=delivery.pk).update(status="sent", lease=None)
    assert forget_sent() == 1
    assert list(Delivery.objects.of_recipient("ann@example.org")) == [new]
    assert Bounce.objects.get().email == "ann@example.org"


def test_report_when_its_recipient_was_erased_then_it_does_not_bring_the_address_back(letter):
    delivery = letter("ann@example.org")
    forget(email="ann@example.org")
    delivery.refresh_from_db()
    record(
        kind="hard", source="mailbox", key="1", email=delivery.recipient, delivery=delivery,
        diagnostic="550 <ann@example.org> unknown",
    )  # fmt: skip
    delivery.refresh_from_db()
    assert "ann" not in f"{delivery.recipient}{delivery.last_answer}{Bounce.objects.get().diagnostic}"


def test_forget_when_a_message_of_theirs_still_waits_for_somebody_else_then_it_is_left_to_arrive():
    mailing = write_mailing(kind="transactional", topic="reviews", subject="Our meeting", text="Dear both")
    mine, other = address_to(mailing=mailing, recipients=[("Ann", "ann@example.org"), ("Bob", "bob@example.org")])
    Delivery.objects.filter(pk=mine.pk).update(status="sent", due_at=None)
    assert forget(email="ann@example.org") == 1
    mailing.refresh_from_db()
    assert (mailing.subject, mailing.text) == ("Our meeting", "Dear both")
    Delivery.objects.filter(pk=other.pk).update(status="sent", due_at=None)
    forget(email="bob@example.org")
    mailing.refresh_from_db()
    assert (mailing.subject, mailing.text) == ("Erased", "")


def test_forget_when_the_address_was_suppressed_then_that_is_gone_too():
    suppress(email="ann@example.org", reason="The mailbox is full")
    forget(email="Ann@example.org")
    assert not Suppression.objects.exists()


def test_forget_when_messages_came_back_then_the_reports_go_too(letter):
    mine = letter("ann@example.org")
    Bounce.objects.create(email="Ann@example.org", kind="hard", source="mailbox", key="1", delivery=mine)
    Bounce.objects.create(email="bob@example.org", kind="hard", source="mailbox", key="2")
    forget(email="ann@example.org")
    assert set(Bounce.objects.values_list("email", flat=True)) == {"bob@example.org"}


def test_forget_old_when_settled_long_ago_then_the_number_stays_and_nobody_is_named(letter, settings):
    settings.MAIL_KEEP_RECIPIENTS_DAYS = 730
    long_ago, lately = (timezone.now() - dt.timedelta(days=days) for days in (731, 729))
    old, new = letter("ann@example.org", "failed"), letter("bob@example.org")
    Delivery.objects.filter(pk=old.pk).update(settled_at=long_ago, last_answer="550 no ann here")
    Delivery.objects.filter(pk=new.pk).update(settled_at=lately)
    Bounce.objects.create(email="ann@example.org", kind="hard", source="mailbox", key="1", received_at=long_ago)
    assert (forget_old(), forget_old()) == (1, 0)
    old.refresh_from_db()
    assert (old.recipient, old.recipient_name, old.last_answer, old.status) == (
        f"erased-{old.pk}@erased.invalid", "", "", "failed",
    )  # fmt: skip
    assert Mailing.objects.get(pk=old.mailing_id).subject == "Erased"
    assert Bounce.objects.get().email.endswith("@erased.invalid")
    assert not Delivery.objects.repeatable().exists()
    new.refresh_from_db()
    assert new.recipient == "bob@example.org"


def test_forget_old_when_very_many_then_a_few_at_a_time_and_nobody_is_passed_over(letter, settings, monkeypatch):
    """Also where many were settled at one moment, as a batch is, and some were erased before."""
    settings.MAIL_KEEP_RECIPIENTS_DAYS = 730
    monkeypatch.setattr(privacy, "_AT_ONCE", 2)
    first, second = (timezone.now() - dt.timedelta(days=days) for days in (900, 800))
    letters = [letter(f"p{number}@example.org") for number in range(9)]
    settled = dict(
        zip((each.pk for each in letters), [second, *[first] * 5, second, second, timezone.now()], strict=True)
    )
    for pk, at in settled.items():
        Delivery.objects.filter(pk=pk).update(settled_at=at)
        Bounce.objects.create(
            email=f"p{pk}@example.org", kind="soft", source="server", key=str(pk), received_at=at, diagnostic="full"
        )
    forget(email="p2@example.org")
    with CaptureQueriesContext(connection) as captured:
        assert forget_old() == 7
    looked = [each["sql"] for each in captured if each["sql"].startswith("SELECT") and "settled_at" in each["sql"]]
    assert len(looked) == 5
    assert all("settled_at" in sql.split("WHERE")[1].split("ORDER")[0] and ">=" in sql for sql in looked[1:])
    assert [each.recipient for each in Delivery.objects.exclude(recipient__endswith="@erased.invalid")] == [
        "p8@example.org"
    ]
    assert Bounce.objects.exclude(email__endswith="@erased.invalid").count() == 1
    assert set(Bounce.objects.exclude(diagnostic="full").values_list("diagnostic", flat=True)) == {""}
    assert forget_old() == 0


def test_trouble_when_asked_then_only_that_addresss(letter):
    suppress(email="ann@example.org", reason="The mailbox is full")
    for number, email in enumerate(("Ann@example.org", "bob@example.org")):
        Bounce.objects.create(email=email, kind="soft", source="server", key=str(number), diagnostic="452 full")
    told = trouble_with("ann@example.org")
    assert [row["In the server's words"] for row in told["Emails that came back"]] == ["452 full"]
    assert [row["Why"] for row in told["Stops of emails to many"]] == ["The mailbox is full"]
