"""Each provider that the documentation names: what it posts is taken, and what is forged in its name is not."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mailing.engine import Engine
from mailing.models import Bounce
from mailing.webhooks import PROVIDERS

pytestmark = pytest.mark.django_db
SECRET = "portal:a-long-enough-password"
KEY = "signing-key"
SVIX = base64.b64encode(b"0123456789abcdef01234567").decode()
DOCS = Path(__file__).resolve().parents[2] / "docs/deliverability.md"
WORDS = "550 5.1.1 nobody here"
NOW = int(time.time())
ISO = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW))
ANN = "ann@example.org"

Signed = Callable[[bytes], tuple[bytes, dict[str, str]]]


def unsigned(body: bytes) -> tuple[bytes, dict[str, str]]:
    return body, {}


def hexed(header: str) -> Signed:
    return lambda body: (body, {header: hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()})


def mailgun(body: bytes) -> tuple[bytes, dict[str, str]]:
    token = "a" * 50
    signature = hmac.new(KEY.encode(), f"{NOW}{token}".encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": str(NOW), "token": token, "signature": signature}
    return json.dumps({"signature": signed, "event-data": json.loads(body)}).encode(), {}


def mandrill(body: bytes) -> tuple[bytes, dict[str, str]]:
    events = body.decode()
    url = f"http://{SECRET}@testserver/outbox/hooks/mandrill/"
    signature = hmac.new(KEY.encode(), f"{url}mandrill_events{events}".encode(), hashlib.sha1).digest()
    posted = urlencode({"mandrill_events": events}).encode()
    return posted, {"X-Mandrill-Signature": base64.b64encode(signature).decode()}


@cache
def postal_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def postal_public() -> str:
    form, kind = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(postal_key().public_key().public_bytes(form, kind)).decode()


def postal(body: bytes) -> tuple[bytes, dict[str, str]]:
    signature = postal_key().sign(body, padding.PKCS1v15(), hashes.SHA1())
    return body, {"X-Postal-Signature": base64.b64encode(signature).decode()}


def svix(body: bytes, ahead: int = 0) -> tuple[bytes, dict[str, str]]:
    at = int(time.time()) + ahead
    signed = hmac.new(base64.b64decode(SVIX), b"msg_1.%d." % at + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(bytes(32)).decode()} v1,{base64.b64encode(signed).decode()}"
    return body, {"svix-id": "msg_1", "svix-timestamp": str(at), "svix-signature": signature}


def unisender(body: bytes) -> tuple[bytes, dict[str, str]]:
    auth = hashlib.md5(body.replace(b"AUTH", KEY.encode())).hexdigest()
    return body.replace(b"AUTH", auth.encode()), {}


@dataclass(frozen=True)
class Provider:
    event: object
    sign: Signed = unsigned
    keys: dict[str, str | Callable[[], str]] = field(default_factory=dict)
    content_type: str = "application/json"


TABLE = {
    "brevo": Provider({"event": "hard_bounce", "email": ANN, "ts_epoch": NOW * 1000, "reason": WORDS}),
    "mailersend": Provider(
        {"type": "activity.hard_bounced", "data": {
            "type": "hard_bounced", "id": "1", "created_at": ISO,
            "morph": {"object": "recipient_bounce", "reason": WORDS},
            "email": {"message": {"id": "m"}, "recipient": {"email": ANN}},
        }},
        hexed("Signature"), {"MAILERSEND_SIGNING_SECRET": KEY},
    ),
    "mailgun": Provider(
        {"event": "failed", "severity": "permanent", "id": "e", "timestamp": NOW, "recipient": ANN, "reason": "bounce",
         "delivery-status": {"code": 550, "message": WORDS}},
        mailgun, {"MAILGUN_WEBHOOK_SIGNING_KEY": KEY},
    ),
    "mailjet": Provider([{"event": "bounce", "time": NOW, "MessageID": 1, "email": ANN, "error": "user unknown",
                          "hard_bounce": True, "Payload": ""}]),
    "mailtrap": Provider(
        {"events": [{"event": "bounce", "message_id": "m", "email": ANN, "timestamp": NOW, "event_id": "1",
                     "response": WORDS}]},
        hexed("Mailtrap-Signature"), {"MAILTRAP_TRACKING_SECRET": KEY},
    ),
    "mandrill": Provider(
        [{"event": "hard_bounce", "ts": NOW, "_id": "1", "msg": {"email": ANN, "diag": f"smtp;{WORDS}", "_id": "1"}}],
        mandrill, {"MANDRILL_WEBHOOK_KEY": KEY}, "application/x-www-form-urlencoded",
    ),
    "postal": Provider(
        {"event": "MessageDeliveryFailed", "timestamp": NOW, "uuid": "1", "payload": {
            "status": "HardFail", "details": "It was refused", "output": WORDS, "message": {"id": 1, "to": ANN},
        }},
        postal, {"POSTAL_WEBHOOK_KEY": postal_public},
    ),
    "postmark": Provider({"RecordType": "Bounce", "ID": 1, "Type": "HardBounce", "Email": ANN, "Details": WORDS,
                          "BouncedAt": ISO, "MessageID": "m"}),
    "resend": Provider(
        {"type": "email.bounced", "created_at": ISO, "data": {
            "email_id": "m", "to": [ANN], "bounce": {"type": "Permanent", "message": "sent a hard bounce message"},
        }},
        svix, {"RESEND_SIGNING_SECRET": f"whsec_{SVIX}"},
    ),
    "sparkpost": Provider([{"msys": {"message_event": {
        "type": "bounce", "bounce_class": "10", "timestamp": str(NOW), "event_id": "1", "raw_rcpt_to": ANN,
        "raw_reason": WORDS,
    }}}]),
    "unisender-go": Provider(
        {"auth": "AUTH", "events_by_user": [{"user_id": 1, "events": [{
            "event_name": "transactional_email_status", "event_data": {
                "job_id": "1", "email": ANN, "status": "hard_bounced", "event_time": ISO[:-1].replace("T", " "),
                "delivery_info": {"delivery_status": "err_user_unknown", "destination_response": WORDS},
            },
        }]}]},
        unisender, {"UNISENDER_GO_API_KEY": KEY},
    ),
}  # fmt: skip
SIGNED = sorted(name for name, provider in TABLE.items() if provider.keys)


@pytest.fixture
def delivery(newsletter):
    mailing = newsletter()
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)
    # As if noted a little after the provider had told of it, in whole seconds of its own clock.
    mailing.deliveries.update(settled_at=dt.datetime.fromtimestamp(NOW + 20, dt.UTC))
    return mailing.deliveries.get(recipient=ANN)


@pytest.fixture
def post(client, settings):
    def send(name: str, body: bytes, headers: dict[str, str], *, secret: str = SECRET, with_keys: bool = True) -> int:
        provider = TABLE[name]
        keys = {key: value() if callable(value) else value for key, value in provider.keys.items()}
        settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, **(keys if with_keys else {})}
        if secret:
            headers = {**headers, "Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
        answer = client.post(f"/outbox/hooks/{name}/", body, content_type=provider.content_type, headers=headers)
        return answer.status_code

    return send


def signed(name: str) -> tuple[bytes, dict[str, str]]:
    return TABLE[name].sign(json.dumps(TABLE[name].event).encode())


@pytest.mark.once
def test_documentation_and_table_name_exactly_the_providers_that_are_answered():
    step = DOCS.read_text().split("with the provider's name at the end:")[1].split("\n3.")[0]
    assert set(re.findall(r"`([a-z-]+)`", step)) == set(PROVIDERS) == set(TABLE)
    keys = {key for provider in TABLE.values() for key in provider.keys}
    assert keys <= set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", DOCS.read_text()))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_hook_when_a_bounce_is_genuine_then_written_once_and_its_delivery_failed(post, delivery, name):
    assert [post(name, *signed(name)) for _ in range(2)] == [200, 200]
    assert [(row.kind, row.email, row.delivery) for row in Bounce.objects.all()] == [("hard", ANN, delivery)]
    delivery.refresh_from_db()
    assert delivery.status == "failed"


@pytest.mark.parametrize("name", sorted(TABLE))
def test_hook_when_the_secret_is_missing_or_wrong_then_refused_though_it_is_signed(post, delivery, name):
    assert [post(name, *signed(name), secret=secret) for secret in ("", "portal:wrong")] == [400, 400]
    assert not Bounce.objects.exists()


@pytest.mark.parametrize("name", SIGNED)
def test_hook_when_the_signature_is_missing_or_of_something_else_then_refused(post, delivery, name):
    body, headers = signed(name)
    other = body.replace(b"ann", b"bob")
    forged = {
        # It signs a token of its own, not what it tells.
        "mailgun": [(body.replace(b"a" * 50, b"b" * 50), {}), (body.replace(str(NOW).encode(), b"1"), {})],
        # The signature is within.
        "unisender-go": [(other, {}), (json.dumps(TABLE[name].event).encode(), {})],
    }.get(name, [(other, headers), (body, {})])
    assert {post(name, *each) for each in forged} == {400}
    assert not Bounce.objects.exists()


@pytest.mark.parametrize("name", sorted(set(SIGNED) - {"mailtrap", "resend"}))
def test_hook_when_its_key_is_not_set_then_it_is_not_answered(post, delivery, name):
    assert post(name, *signed(name), with_keys=False) == 404
    assert not Bounce.objects.exists()


@pytest.mark.parametrize("name", ["mailtrap", "resend"])
def test_hook_when_signing_is_not_set_up_then_the_secret_is_enough(post, delivery, name):
    assert post(name, json.dumps(TABLE[name].event).encode(), {}, with_keys=False) == 200
    assert Bounce.objects.get().delivery == delivery


@pytest.mark.parametrize("ahead", [-3600, 3600])
def test_resend_when_its_signature_is_of_another_time_then_refused(post, delivery, ahead):
    assert post("resend", *svix(json.dumps(TABLE["resend"].event).encode(), ahead)) == 400
    assert not Bounce.objects.exists()


def test_resend_when_its_time_is_a_number_without_end_then_refused(post, delivery):
    body, headers = svix(json.dumps(TABLE["resend"].event).encode())
    assert post("resend", body, {**headers, "svix-timestamp": "1" * 5_000}) == 400
    assert not Bounce.objects.exists()


def test_resend_when_the_bounce_is_for_now_then_soft(post, delivery, settings):
    event = json.loads(json.dumps(TABLE["resend"].event))
    event["data"]["bounce"] = {"type": "Transient", "message": "sent a general bounce message"}
    assert post("resend", *svix(json.dumps(event).encode())) == 200
    assert Bounce.objects.get().kind == "soft"
