"""The figures of the mail, as Prometheus reads them and as staff see them."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailing import services
from mailing.engine import Engine
from mailing.ledger import claim_bulk
from mailing.metrics import figures
from mailing.models import Bounce

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-tests"


@pytest.fixture(autouse=True)
def _token(settings):
    settings.METRICS_TOKEN = TOKEN


def ask(client, authorization: str = f"Bearer {TOKEN}"):
    return client.get("/metrics", headers={"Authorization": authorization})


def values(client) -> dict[str, float]:
    lines = ask(client).content.decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def urgent() -> None:
    mailing = services.write_mailing(kind="transactional", topic="login code", subject="Code", text="1\n")
    services.address_to(mailing=mailing, recipients=[("", "zoe@example.org")])


def test_metrics_when_asked_then_in_the_exposition_format(client, newsletter):
    newsletter()
    response = ask(client)
    assert (response.status_code, response["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "no-store" in response["Cache-Control"]
    text = response.content.decode()
    assert text.endswith("\n")
    sample = re.compile(r'[a-z_]+(?:\{[a-z]+="[a-z]+"(?:,[a-z]+="[a-z]+")*\})? [0-9.e+-]+')
    described: set[str] = set()
    for line in text.splitlines():
        if found := re.fullmatch(r"# (?:HELP ([a-z_]+) .+|TYPE ([a-z_]+) gauge)", line):
            described.add(found[1] or found[2])
        else:
            assert sample.fullmatch(line), line
            assert re.match("[a-z_]+", line)[0] in described


def test_metrics_when_mail_moves_then_the_figures_follow(client, newsletter, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC), tick=False)
    newsletter()
    paused = newsletter()
    urgent()
    time_machine.shift(90)
    services.pause(mailing=paused)
    services.suppress(email="nobody@example.org", reason="r")
    Bounce.objects.create(email="a@example.org", kind="soft", source="mailbox", key="1")
    Bounce.objects.create(
        email="a@example.org", kind="hard", source="mailbox", key="2", received_at=timezone.now() - dt.timedelta(days=2)
    )
    claim_bulk(limit=2)
    found = values(client)
    assert {name: value for name, value in found.items() if value} == {
        'mail_queue_messages{queue="urgent",state="queued"}': 1,
        'mail_queue_messages{queue="bulk",state="queued"}': 4,
        'mail_queue_messages{queue="bulk",state="sending"}': 2,
        'mail_queue_oldest_due_seconds{queue="urgent"}': 90,
        'mail_queue_oldest_due_seconds{queue="bulk"}': 90,
        "mail_leases_held": 1,
        "mail_mailings_paused": 1,
        "mail_addresses_suppressed": 1,
        'mail_bounces_last_day{kind="soft"}': 1,
    }
    assert len(found) == 17
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)
    assert values(client)["mail_sent_per_minute"] == pytest.approx(2 / 5)
    time_machine.shift(301)
    assert values(client)["mail_sent_per_minute"] == 0


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN} ", "Bearer ü"]
)
def test_metrics_when_the_token_is_wrong_then_401(client, authorization):
    response = ask(client, authorization)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert "mail_" not in response.content.decode()


def test_metrics_when_no_token_is_set_or_staff_ask_without_then_not_shown(client, client_of, settings):
    assert client_of("administrator").get("/metrics").status_code == 401
    assert client.post("/metrics").status_code == 405
    settings.METRICS_TOKEN = ""
    for authorization in ("Bearer ", "Bearer", ""):
        assert ask(client, authorization).status_code == 404


def test_metrics_when_more_waits_then_the_database_is_asked_as_often(client, newsletter):
    with CaptureQueriesContext(connection) as none:
        ask(client)
    mailing = newsletter()
    services.address_to(mailing=mailing, recipients=[("", f"p{n}@example.org") for n in range(50)])
    Bounce.objects.bulk_create(
        Bounce(email="a@example.org", kind="soft", source="mailbox", key=str(n)) for n in range(50)
    )
    with CaptureQueriesContext(connection) as many:
        ask(client)
    assert len(none) == len(many) == 8


def test_outbox_when_opened_then_shows_the_same_figures(client_of, newsletter):
    newsletter()
    urgent()
    services.suppress(email="nobody@example.org", reason="r")
    response = client_of("staff").get("/outbox/")
    assert response.context["figures"] == figures() or response.context["figures"].waiting == 4
    html = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", response.content.decode()))
    assert "4 Waiting" in html or "Waiting 4" in html
    assert "Suppressed addresses" in html
