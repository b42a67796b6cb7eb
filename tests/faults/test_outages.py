"""The mail server, the broker and the database misbehave; the clock is put back."""

from __future__ import annotations

import pytest

from tests.faults.sink import place

pytestmark = pytest.mark.fault


def test_a_mail_server_that_refuses_drops_and_hangs_leaves_everybody_accounted_for(column, on_servers):
    people = 1_000 if on_servers else 200
    portal = column(MAIL_TIMEOUT="2")
    portal.misbehave(temporary=0.1, permanent=0.01, drop_before=0.02, drop_after=0.02, unanswered=0.02, hang=0.005)
    for _ in range(2):
        portal.start_worker()
    portal.run(f"newsletter({people})")
    portal.until_settled()
    counts = portal.counts()
    unanswered = portal.run(
        "result = Delivery.objects.filter(status='unknown', last_answer__contains='no answer').count()"
    )
    assert counts.get("unknown", 0) == unanswered  # those whose connection was dropped before or instead of an answer
    assert counts["failed"] >= 1
    portal.assert_nobody_lost_or_doubled(most_unknown=unanswered)
    portal.misbehave()
    # Staff send the unknown again: whoever had not got it gets it.
    portal.run("services.send_again(deliveries=Delivery.objects.filter(status='unknown'))")
    portal.until_settled()
    failed = set(
        portal.run("result = list(Delivery.objects.filter(status='failed').values_list('recipient', flat=True))")
    )
    everybody = set(portal.run("result = list(Delivery.objects.values_list('recipient', flat=True))"))
    assert set(portal.got()) == everybody - failed


def test_one_in_ten_put_off_and_one_in_a_hundred_refused_all_get_what_is_theirs(column, on_servers):
    people = 1_000 if on_servers else 400
    portal = column()
    portal.misbehave(permanent=0.01, temporary=0.1)
    for _ in range(2):
        portal.start_worker()
    portal.run(f"newsletter({people})")
    everybody = {f"p{number:05}@example.org" for number in range(people)}
    refused = {who for who in everybody if place(who) < 0.01}
    put_off = {who for who in everybody if 0.01 <= place(who) < 0.11}
    assert 0.005 < len(refused) / people < 0.015
    assert 0.08 < len(put_off) / people < 0.12
    portal.until_settled()
    assert portal.got() == dict.fromkeys(everybody - refused, 1)
    rows = portal.run("result = list(Delivery.objects.values_list('recipient', 'status', 'attempts', 'last_answer'))")
    assert {tuple(row) for row in rows} == {
        (who, "failed", 1, "550 5.1.1 no such person") if who in refused
        else (who, "sent", 2 if who in put_off else 1, "250 2.0.0 kept")
        for who in everybody
    }  # fmt: skip
    portal.assert_nobody_lost_or_doubled(most_unknown=0)


def test_a_mail_server_that_takes_messages_and_never_says_so_leaves_one_for_each_worker_in_doubt(column):
    portal = column(MAIL_TIMEOUT="5")
    portal.misbehave(delay=0.01, brake=20)
    for _ in range(2):
        portal.start_worker()
    portal.run("newsletter(300)")
    portal.until(lambda: len(portal.got()) > 20 and portal.leases() == 2)
    portal.misbehave(swallow=1, most=2)
    portal.until(lambda: len(portal.swallowed()) == 2)
    portal.until_settled()
    silent = portal.run("result = list(Delivery.objects.filter(status='unknown').values_list('recipient', flat=True))")
    assert set(silent) == portal.swallowed()
    assert {portal.got()[who] for who in silent} == {1}
    assert portal.counts() == {"sent": 298, "unknown": 2}
    portal.assert_nobody_lost_or_doubled(most_unknown=2)


def test_a_mail_server_that_is_away_makes_everything_wait(column):
    portal = column(EMAIL_URL="smtp://127.0.0.1:9")
    portal.start_worker()
    portal.run("newsletter(5); code('ann@example.org')")
    said = "can not be reached"
    portal.until(lambda: portal.run(f"result = Delivery.objects.filter(last_answer__contains={said!r}).count()") >= 1)
    # A worker that is just trying again has one or all of them in hand.
    portal.until(lambda: portal.counts() == {"queued": 6})


def test_a_broker_that_forgets_everything_delays_but_loses_nothing(column, on_servers):
    portal = column()
    portal.misbehave(delay=0.005, brake=60)
    portal.start_worker()
    portal.run("newsletter(300)")
    portal.until(lambda: sum(portal.got().values()) > 20)
    if on_servers:
        import redis

        redis.Redis.from_url(f"{portal.redis.url}/0").flushall()
        portal.redis.restart()
    else:
        for message in (portal.folder / "broker/messages").glob("*.msg"):
            message.unlink(missing_ok=True)
    portal.misbehave()
    portal.until_settled()
    portal.assert_nobody_lost_or_doubled(most_unknown=0)


def test_a_database_that_restarts_in_the_middle_loses_and_doubles_nothing(column, on_servers):
    portal = column()
    portal.misbehave(delay=0.005, brake=60)
    portal.start_worker()
    portal.run("newsletter(300)")
    portal.until(lambda: sum(portal.got().values()) > 20)
    if on_servers:
        portal.postgres.restart()
        portal.run("connection.close()")
    else:
        # There is no server to restart; somebody holds the write lock for longer than a worker waits in one try.
        portal.run("import time\nfrom django.db import transaction")
        portal.run("with transaction.atomic():\n    time.sleep(2)")
    portal.misbehave()
    portal.until_settled()
    portal.assert_nobody_lost_or_doubled(most_unknown=0)


def test_two_sweeps_at_once_and_dead_leases_are_taken_back_once(column):
    portal = column()
    portal.misbehave(delay=0.005, brake=20)
    worker = portal.start_worker()
    portal.run("newsletter(200)")
    portal.until(lambda: sum(portal.got().values()) > 5)
    portal.kill(worker)
    portal.misbehave()
    portal.run(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def one(_):\n    try:\n        sweeping.sweep()\n    finally:\n        connection.close()\n"
        "def both():\n    with ThreadPoolExecutor(2) as pool: list(pool.map(one, range(2)))"
    )
    # PostgreSQL may still be at what the dead worker asked for last: then the next sweep takes its lease.
    portal.until(lambda: portal.run("both(); result = Lease.objects.count()") == 0, sweeping=False)
    for _ in range(2):
        portal.start_worker()
    portal.until_settled()
    portal.assert_nobody_lost_or_doubled(most_unknown=1)


def test_a_clock_put_back_an_hour_in_the_middle_loses_doubles_and_delays_nothing(column):
    portal = column()
    portal.misbehave(delay=0.01, brake=60)
    for _ in range(2):
        portal.start_worker()
    portal.run("newsletter(300); before = timezone.now()")
    portal.until(lambda: len(portal.got()) > 50)
    portal.put_clock_back(seconds=3600)
    assert portal.run("result = timezone.now() < before")
    assert len(portal.got()) < 250
    portal.run("code('ann@example.org')")
    portal.until(lambda: bool(portal.got()["ann@example.org"]))  # long before the hour is over
    portal.misbehave()
    portal.until_settled()
    # A lease that now ends an hour ahead is taken from a worker that lives; what it had on the wire may stay unknown.
    portal.assert_nobody_lost_or_doubled(most_unknown=2)
    assert set(portal.got().values()) == {1}
    assert len(portal.got()) == 301


def test_a_clock_put_back_an_hour_delays_nothing(column):
    portal = column()
    # As everything looks after the clock was put back: made, due and held an hour from now.
    portal.run("newsletter(50); code('ann@example.org')")
    portal.run(
        "import datetime as dt; hour = dt.timedelta(hours=1)\n"
        "Delivery.objects.update(created_at=F('created_at') + hour, due_at=F('due_at') + hour)\n"
        "lease = Lease.objects.create(worker='elsewhere/1/1/1', until=timezone.now() + hour, epoch='then')\n"
        "held = list(Delivery.objects.filter(urgent=False).order_by('pk').values_list('pk', flat=True)[:10])\n"
        "Delivery.objects.filter(pk__in=held).update(status='sending', due_at=None, lease=lease)\n"
        "from mailing import ledger; Lease.objects.update(epoch=ledger.epoch())"
    )
    portal.start_worker()
    portal.until_settled()
    assert portal.counts() == {"sent": 51}
    portal.assert_nobody_lost_or_doubled(most_unknown=0)
