"""Whatever dies in the middle, nobody is lost and nobody gets a newsletter twice."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.column import PATIENCE

pytestmark = pytest.mark.fault


LEAVE = """
who = Delivery.objects.filter(status__in=['queued', 'sending']).order_by('?').first().recipient
result = who, services.skip_waiting(recipient=who, list_key_prefix='newsletter:')
"""


def test_workers_killed_again_and_again_lose_nobody_and_double_nobody(column, on_servers):
    """People unsubscribe all the while, and in the middle staff pause the newsletter and resume it."""
    people, kills = (5_000, 20) if on_servers else (800, 6)
    portal = column()
    # Slower after the last moment at which one may be killed, so that somebody is left to be lost.
    portal.misbehave(delay=0.002 if on_servers else 0.01, brake=people * (kills + 0.2) / (kills + 1))
    workers = [portal.start_worker() for _ in range(2)]
    mailing = f"mailing=Mailing.objects.get(pk={portal.run(f'result = newsletter({people})')})"
    asked: set[str] = set()
    left: set[str] = set()
    for kill in range(kills):
        # Spread over the run, at moments that nobody chose.
        enough = people * (kill + random.random()) / (kills + 1)
        portal.until(lambda enough=enough: len(portal.got()) > enough, pause=0.02)
        for _ in range(2):
            who, withdrawn = portal.run(LEAVE)
            asked.add(who)
            # Whose message was on the wire already has it, or may have.
            left |= {who} if withdrawn else set()
        if kill == kills // 2:
            portal.run(f"services.pause({mailing})")
            at_pause = sum(portal.got().values())
        if not on_servers or kill % 5 == 4:
            portal.kill(workers.pop(0))
            workers.append(portal.start_worker())
        else:
            portal.until(lambda: portal.kill_sender(random.choice(workers)), pause=0.02)
        if kill == kills // 2:
            time.sleep(0.5)
            assert sum(portal.got().values()) <= at_pause + len(workers)
            portal.run(f"services.resume({mailing})")
    portal.misbehave()
    portal.until_settled()
    portal.assert_nobody_lost_or_doubled(most_unknown=kills)
    assert len(left) > kills
    assert not left & set(portal.got())
    skipped = portal.run("result = list(Delivery.objects.filter(status='skipped').values_list('recipient', flat=True))")
    assert left <= set(skipped) <= asked
    assert sum(portal.got().values()) >= people - kills - len(left)


def test_a_code_on_its_way_when_its_worker_dies_is_sent_again_with_the_same_id(column):
    portal = column()
    portal.misbehave(swallow=1)
    worker = portal.start_worker()
    portal.run("code('ann@example.org')")
    # The server has it, and the worker waits for the answer.
    portal.until(lambda: portal.swallowed() == {"ann@example.org"})
    portal.kill(worker)
    portal.misbehave()
    portal.start_worker()
    portal.until_settled()
    assert portal.counts() == {"sent": 1}
    assert portal.got() == {"ann@example.org": 2}
    assert len(portal.message_ids("ann@example.org")) == 1


def test_a_code_does_not_wait_behind_a_newsletter(column):
    portal = column(MAIL_LANES="2")
    portal.misbehave(delay=0.01, brake=500)
    portal.run("newsletter(3000)")
    portal.start_worker()
    portal.until(lambda: len(portal.order()) > 10)
    portal.run("code('ann@example.org')")
    before = len(portal.order())
    portal.until(lambda: "ann@example.org" in portal.order(), sweeping=False)
    # The worker looks five times a second, and in a fifth the server takes no more than twenty.
    assert portal.order().index("ann@example.org") - before < 40
    assert portal.counts()["queued"] > 1000


def test_a_worker_asked_to_stop_finishes_what_it_holds(column):
    portal = column()
    portal.misbehave(delay=0.02, brake=50)
    worker = portal.start_worker()
    portal.run("newsletter(200)")
    portal.until(lambda: sum(portal.got().values()) > 10)
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    assert portal.leases() == 0
    assert set(portal.counts()) == {"queued", "sent"}
    assert portal.counts()["sent"] == len(portal.got())
    portal.misbehave()
    portal.start_worker()
    portal.until_settled()
    portal.assert_nobody_lost_or_doubled(most_unknown=0)


def test_a_lost_wake_up_is_made_good_by_the_sweep(column):
    portal = column()
    portal.run("from mailing import wake; wake._wake = lambda urgent: False; code('ann@example.org'); newsletter(5)")
    portal.start_worker()
    portal.until(lambda: portal.counts() == {"sent": 6}, sweeping=False)


def test_pause_skip_and_cancel_act_between_two_messages(column):
    portal = column(MAIL_TASK_SECONDS="120")  # so that the worker does not let go of a batch while we look
    portal.misbehave(delay=0.02, brake=10)
    portal.start_worker()
    mailing = portal.run("result = newsletter(300)")
    portal.until(lambda: sum(portal.got().values()) > 5)
    portal.run(f"result = services.pause(mailing=Mailing.objects.get(pk={mailing}))")
    at_pause = sum(portal.got().values())
    time.sleep(1.0)
    assert sum(portal.got().values()) <= at_pause + 1
    portal.until(lambda: portal.leases() == 0)
    portal.run(f"services.resume(mailing=Mailing.objects.get(pk={mailing}))")
    portal.until(lambda: sum(portal.got().values()) > at_pause + 1)
    # Somebody whom a worker has taken up already, and whose turn comes in the better part of a minute.
    last = portal.run("result = Delivery.objects.filter(status='sending').latest('pk').recipient")
    assert portal.run(f"result = services.skip_waiting(recipient='{last}', list_key_prefix='newsletter:')") == 1
    portal.run(f"result = services.cancel(mailing=Mailing.objects.get(pk={mailing}))")
    at_cancel = sum(portal.got().values())
    portal.misbehave()
    portal.until_settled()
    assert sum(portal.got().values()) <= at_cancel + 1
    assert portal.got()[last] == 0
    portal.assert_nobody_lost_or_doubled(most_unknown=0)
    assert portal.counts()["skipped"] > 100


#: A community, an event of it, and people who asked to hear of both; few are many, so that workers make the lists.
TOLD = """
import datetime as dt
from celery import current_app
from django.db import transaction
from communities.models import *
from communities.services import list_making, update_sending
from communities.services.consents import hold_lists
from communities.services.postings import announce_event
from studies.models import Programme, Study, Theme
list_making.AT_ONCE = 10
now, day = timezone.now(), dt.timedelta(days=1)
staff = User.objects.create_user("staff@example.org", "a-long-enough-password", full_name="Staff", is_staff=True)
Programme.objects.create(name="P", short_name="P", funder="F", region="R", starts_on="2024-01-01", ends_on="2029-12-31",
                         target_associates=1, target_fellows=1)
theme = Theme.objects.create(slug="stroke", name="Stroke", kind=Theme.Kind.RESEARCH, position=1)
study = Study.objects.create(slug="visits", theme=theme, title="Visits", stage=Study.Stage.ACTIVE)
community = Community.objects.create(study=study, slug="visits", name="Visits")
people = Associate.objects.bulk_create(
    Associate(email=f"p{i:05}@example.org", name=f"Person {i}", involvement="carer") for i in range(6_000)
)
for purpose in ("events", "updates"):
    Consent.objects.bulk_create(Consent(associate=each, purpose=purpose, wording="Yes", source="x") for each in people)
Membership.objects.bulk_create(
    Membership(associate=each, community=community, wants_events=True, wants_updates=True) for each in people
)
event = Event.objects.create(slug="meeting", title="Meeting", kind="community", description="Come.", place="Hall",
    community=community, status="published", starts_at=now + 9 * day, ends_at=now + 10 * day)
update = MonthlyUpdate.objects.create(month="2027-03-01", closes_at=now + day)
section = UpdateSection.objects.create(update=update, community=community, status="approved", decided_at=now)
receipts = UpdateReceipt.objects.all()
section.entries.create(kind="news", title="News", words="In short.", source="item:1", position=1)
def ask():
    current_app.send_task("communities.tasks.make_lists", queue="celery")
def preparing():
    return Mailing.objects.preparing().count() + MonthlyUpdate.objects.filter(preparing_since__isnull=False).count()
"""


WAITS_FOR_A_LOCK = 'result = User.objects.raw("SELECT 1 AS id FROM pg_locks WHERE NOT granted")'


def test_a_worker_killed_while_it_makes_the_list_of_an_event_leaves_it_to_the_next(column, on_servers):
    portal = column()
    portal.run(TOLD)
    portal.run("posting = announce_event(event=event, by=staff); services.pause(mailing=posting.mailing)")
    # Held as by somebody who leaves a list: the worker has begun and can not end.
    portal.run("held = transaction.atomic(); held.__enter__(); hold_lists()")
    worker = portal.start_worker()
    portal.run("ask()")
    if on_servers:  # where it is to be seen that it waits
        portal.until(lambda: portal.run(f"{WAITS_FOR_A_LOCK}; result = len(result)") > 0, sweeping=False)
    portal.kill(worker)
    portal.run("held.__exit__(None, None, None)")
    assert portal.run("result = preparing()") == 1
    assert portal.counts() == {}
    portal.start_worker()
    portal.until(lambda: portal.run("ask(); result = preparing()") == 0, sweeping=False, pause=0.5)
    assert portal.counts() == {"queued": 6_000}


def test_a_worker_killed_between_two_parts_of_a_monthly_update_leaves_the_rest_to_the_next(column):
    portal = column()
    portal.run(TOLD)
    portal.run("update = update_sending.send_update(update=update); update_sending.pause_update(update=update)")
    worker = portal.start_worker()
    portal.until(lambda: portal.run("ask(); result = UpdateReceipt.objects.count()") > 0, sweeping=False, pause=0.5)
    portal.kill(worker)
    # Each part is there whole or not at all, also where its end still reaches the database.
    assert not portal.run(
        "result = receipts.exclude(associate__email__in=Delivery.objects.values('recipient')).count()"
    )
    assert not portal.run(
        "result = Delivery.objects.exclude(recipient__in=receipts.values('associate__email')).count()"
    )
    portal.start_worker()
    portal.until(lambda: portal.run("ask(); result = preparing()") == 0, sweeping=False, pause=0.5)
    assert portal.counts() == {"queued": 6_000}
    assert portal.run("result = Mailing.objects.get().status") == "paused"
