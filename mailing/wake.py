"""Waking a worker. A wake-up carries no data: the worker looks in the database for what is due.

A wake-up may be lost or come twice without harm (the sweep finds whatever nobody was woken for), so a broker that is
down must not fail the request that wrote the rows.
"""

from __future__ import annotations

import logging
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)

URGENT = "urgent"
BULK = "bulk"


def after_commit(*, urgent: bool) -> None:
    """Wake workers once the rows are there to be seen; nothing if the transaction is rolled back."""
    transaction.on_commit(wake_urgent if urgent else wake_bulk, robust=True)


def after_commit_for(task: str) -> None:
    """Wake a worker for another app's task, which is safe to run twice and which beat asks for as well."""
    transaction.on_commit(partial(_ask, task, queue="celery"), robust=True)


def wake_urgent() -> bool:
    """Ask for one worker to send what people wait for; False if the broker can not be reached."""
    return _wake(urgent=True)


def wake_bulk(lanes: int | None = None) -> bool:
    """Ask for ``lanes`` workers (as many as may send bulk mail at once, if left out); False if the broker is down."""
    return all(_wake(urgent=False) for _ in range(settings.MAIL_LANES if lanes is None else lanes))


def _wake(*, urgent: bool) -> bool:
    return _ask("mailing.tasks.deliver", queue=URGENT if urgent else BULK, urgent=urgent)


def _ask(task: str, *, queue: str, **options: bool) -> bool:
    try:
        current_app.send_task(task, kwargs=options, queue=queue, retry=False)
    except Exception:  # a broker's client may raise anything; the sweep will see to it
        logger.warning("Nobody could be woken to send mail; the next sweep will see to it", exc_info=True)
        return False
    return True
