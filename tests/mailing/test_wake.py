import datetime as dt
import os
import subprocess
import sys

import pytest
from celery import current_app
from django.db import transaction
from django.utils import timezone

from mailing import ledger, recovery, sweeping, wake, workers
from mailing.models import Delivery, Lease


@pytest.fixture
def woken(monkeypatch):
    asked: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, kwargs, queue, retry: asked.append((queue, kwargs["urgent"]))
    )
    return asked


def test_workers_are_woken_after_commit_only(woken, newsletter, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        newsletter()
        assert woken == []
    assert woken == [("bulk", False), ("bulk", False)]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_does_not_fail_the_request(monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(current_app, "send_task", fail)
    with transaction.atomic():
        wake.after_commit(urgent=True)
    assert "next sweep" in caplog.text


def test_the_sweep_wakes_for_what_is_due_however_old(woken, newsletter, settings):
    mailing = newsletter()
    sweeping.sweep()
    assert woken == [("bulk", False)] * settings.MAIL_LANES
    woken.clear()
    long_ago = timezone.now() - dt.timedelta(days=400)
    Delivery.objects.update(urgent=True, due_at=long_ago, created_at=long_ago)
    sweeping.sweep()
    assert ("urgent", True) in woken
    woken.clear()
    mailing.deliveries.update(status="sent", due_at=None)
    sweeping.sweep()
    assert woken == []


def test_the_sweep_wakes_no_more_than_may_send_at_once(woken, newsletter, settings):
    settings.MAIL_LANES = 2
    newsletter()
    assert ledger.claim_bulk(limit=1) is not None
    sweeping.sweep()
    assert woken == [("bulk", False)]


@pytest.mark.django_db
def test_a_dead_process_here_is_known_at_once_and_others_are_waited_for(newsletter):
    newsletter()
    ledger.claim_bulk(limit=1)
    assert recovery.recover() == 0
    child = subprocess.run(
        [sys.executable, "-c", "from mailing import workers; import sys; sys.stdout.write(workers.name())"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert workers.is_dead(child.stdout)
    assert not workers.is_dead(workers.name())
    assert not workers.is_dead("elsewhere" + child.stdout)
    assert not workers.is_dead("nonsense")
    Lease.objects.update(worker=child.stdout)
    assert recovery.recover() == 1
    assert Delivery.objects.filter(status="queued").count() == 3
