"""What providers post, by way of the addresses that they post it to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from django.db import OperationalError
from django.utils import timezone

from mailing import checks
from mailing.bounces import services
from mailing.engine import Engine
from mailing.models import Bounce, Suppression

pytestmark = pytest.mark.django_db
SECRET = "portal:a-long-enough-password"
KEY = "signing-key"


@pytest.fixture(autouse=True)
def _hooks(settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}


@pytest.fixture
def delivery(newsletter):
    mailing = newsletter()
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)
    return mailing.deliveries.get(recipient="ann@example.org")


def post(client, body, *, provider="postmark", secret=SECRET, content_type="application/json"):
    headers = {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()} if secret else {}
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(f"/outbox/hooks/{provider}/", data, content_type=content_type, headers=headers)


def bounce(**fields):
    return {
        "RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "Email": "Ann@example.org",
        "Description": "The server was unable to deliver your message", "Details": "smtp;550 5.1.1 nobody here",
        "BouncedAt": timezone.now().isoformat(), "MessageID": "8832-aa", **fields,
    }  # fmt: skip


def rows() -> list[tuple]:
    return list(Bounce.objects.order_by("pk").values_list("kind", "email", "status_code", "source"))


def suppressed() -> set[str]:
    return set(Suppression.objects.in_force().values_list("email", flat=True))


def test_bounce_when_posted_twice_then_written_once_and_its_delivery_failed(client, delivery):
    body = bounce()
    assert [post(client, body).status_code for _ in range(2)] == [200, 200]
    assert rows() == [("hard", "Ann@example.org", "5.1.1", "provider")]
    assert Bounce.objects.get().delivery == delivery
    delivery.refresh_from_db()
    assert delivery.status == "failed"
    assert delivery.last_answer.startswith("Came back: smtp;550 5.1.1 nobody here.")
    assert suppressed() == set()


def test_bounce_when_our_message_id_is_in_it_then_that_delivery_and_no_other(client, delivery, newsletter):
    other = newsletter()
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)
    post(client, bounce(ID=1))
    assert Bounce.objects.get().delivery is None
    post(client, bounce(ID=2, Headers=[{"Name": "Message-ID", "Value": delivery.message_id}]))
    assert Bounce.objects.latest("pk").delivery == delivery
    bobs = other.deliveries.get(recipient="bob@example.org")
    post(client, bounce(ID=3, Headers=[{"Name": "Message-ID", "Value": bobs.message_id}]))
    assert Bounce.objects.latest("pk").delivery is None
    bobs.refresh_from_db()
    assert bobs.status == "sent"


@pytest.mark.parametrize(("fields", "kind"), [
    ({"Type": "SoftBounce", "Details": "mailbox is full"}, "soft"),
    ({"Type": "SoftBounce", "Details": "552 5.2.2 full"}, "soft"),
    ({"Type": "HardBounce", "Details": "unknown"}, "hard"),
    ({"Type": "BadEmailAddress"}, "hard"),
    ({"Type": "Blocked", "Details": ""}, "blocked"),
    ({"Type": "SpamNotification"}, "complaint"),
    ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, "complaint"),
    ({"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "ManualSuppression",
      "Recipient": "ann@example.org"}, "unsubscribed"),
])  # fmt: skip
def test_event_when_of_a_kind_then_written_as_such(client, delivery, fields, kind):
    assert post(client, bounce(**fields)).status_code == 200
    assert [row[0] for row in rows()] == [kind]
    assert (suppressed() != set()) is (kind in {"complaint", "unsubscribed"})


@pytest.mark.parametrize("fields", [
    {"RecordType": "Delivery"}, {"RecordType": "Open"}, {"RecordType": "Click"}, {"Type": "Transient"},
    {"Type": "AutoResponder"}, {"Email": "not an address"}, {"Email": "a\r\nBcc: x@example.org"}, {"Email": None},
    {"Email": "a@" + "b" * 63 + ("." + "c" * 60) * 4 + ".org"},
])  # fmt: skip
def test_event_when_it_is_none_of_ours_then_passed_over(client, delivery, fields):
    assert post(client, bounce(**fields)).status_code == 200
    assert rows() == []


def test_event_when_its_words_or_time_are_odd_then_stored_all_the_same(client, delivery):
    post(client, bounce(Details="550 5.1.1 \x00 no\r\nbody " + "x" * 3000, BouncedAt="2999-01-01T00:00:00Z"))
    found = Bounce.objects.get()
    assert found.received_at <= timezone.now()
    assert found.diagnostic.startswith("550 5.1.1 no body xxx")
    post(client, bounce(ID=2, BouncedAt="2026-01-01T00:00:00"))
    assert Bounce.objects.count() == 2


@pytest.mark.parametrize("secret", ["", "portal:wrong", "portal:", "::", "päss:wörd"])
def test_hook_when_the_secret_is_wrong_then_400_and_nothing_written(client, delivery, secret):
    assert post(client, bounce(), secret=secret).status_code == 400
    assert rows() == []


@pytest.mark.parametrize("secret", ["", None])
def test_hook_when_switched_off_then_there_is_no_such_page(client, settings, secret):
    settings.ANYMAIL = {"WEBHOOK_SECRET": secret}
    assert post(client, bounce()).status_code == 404
    assert client.get("/outbox/hooks/postmark/").status_code == 404


def test_hook_when_of_a_provider_that_we_do_not_know_or_have_no_key_for_then_404(client, settings):
    assert post(client, bounce(), provider="pigeon").status_code == 404
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    assert post(client, bounce(), provider="mailgun").status_code == 404


@pytest.mark.parametrize("body", [
    b"", b"{", b"\xff\xfe", b"[]", b"null", b"3", b'"x"', b'[[["a"]]]', b'{"RecordType": ["x"]}', b'{"Email": {}}',
    b'{"RecordType": "Bounce", "Type": "HardBounce", "Email": "a@example.org", "BouncedAt": 7}',
])  # fmt: skip
@pytest.mark.parametrize("provider", ["postmark", "brevo", "sparkpost", "mailjet", "mailtrap"])
def test_hook_when_sent_nonsense_then_never_an_error_of_ours(client, provider, body):
    assert post(client, body, provider=provider).status_code in {200, 400}
    assert rows() == []


def test_hook_when_too_long_then_refused(client):
    assert post(client, b'{"x": "' + b"x" * 3_000_000 + b'"}').status_code == 400


def test_hook_when_asked_by_a_browser_then_405(client):
    assert client.get("/outbox/hooks/postmark/").status_code == 405
    assert client.head("/outbox/hooks/postmark/").status_code == 200


def test_hook_when_the_database_is_away_then_the_provider_is_asked_to_try_again(client, delivery, monkeypatch):
    def away(**options):
        raise OperationalError("away")

    monkeypatch.setattr(services, "record", away)
    client.raise_request_exception = False
    assert post(client, bounce()).status_code == 500


def mailgun(delivery, **changes):
    stamp, token = str(int(timezone.now().timestamp())), "a" * 50
    signature = hmac.new(KEY.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": stamp, "token": token, "signature": signature, **changes},
        "event-data": {
            "event": "failed", "severity": "permanent", "id": "e1", "timestamp": timezone.now().timestamp(),
            "recipient": "ann@example.org", "reason": "bounce",
            "message": {"headers": {"message-id": delivery.message_id.strip("<>")}},
            "delivery-status": {"code": 550, "message": "5.1.1 nobody"},
        },
    }  # fmt: skip


def test_hook_when_the_provider_signs_then_only_what_it_signed(client, delivery):
    for changes in ({"signature": "0" * 64}, {"token": "b" * 50}, {"timestamp": "1"}):
        assert post(client, mailgun(delivery, **changes), provider="mailgun").status_code == 400
    assert rows() == []
    assert post(client, mailgun(delivery), provider="mailgun", secret="portal:wrong").status_code == 400
    assert post(client, mailgun(delivery), provider="mailgun").status_code == 200
    assert Bounce.objects.get().delivery == delivery


@pytest.mark.parametrize(("secret", "ids"), [
    ("", []), (SECRET, []), ("no-colon-in-this-long-password", ["mailing.E004"]), ("a:short", ["mailing.E004"]),
])  # fmt: skip
def test_secret_when_it_can_not_work_then_said_at_the_start(settings, secret, ids):
    settings.ANYMAIL = {"WEBHOOK_SECRET": secret}
    assert [found.id for found in checks.check_hooks(None)] == ids
