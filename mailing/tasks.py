"""What a worker does when it is woken. The message that wakes it carries no data: the database is the truth."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from mailing import privacy, recovery, services, sweeping, wake
from mailing.bounces import imap
from mailing.bounces import services as bounces
from mailing.engine import Ended, Engine
from mailing.withdrawing import withdraw_cancelled

_WITHDRAW_SECONDS = 0.5


@shared_task
def deliver(*, urgent: bool) -> int:
    """Send what is due: transactional messages first, then (unless ``urgent``) bulk mail; returns how many were sent.

    Ends after ``MAIL_TASK_SECONDS``, so that a worker asked to stop soon can, and asks for another to go on. Safe to
    run twice, at once, and to kill: each run takes up what nobody else holds.
    """
    recovery.recover()
    # A moment at a time, so that nobody urgent waits for it.
    is_left = not urgent and withdraw_cancelled(seconds=_WITHDRAW_SECONDS)
    engine = Engine()
    if engine.run(urgent_only=urgent, seconds=settings.MAIL_TASK_SECONDS) is Ended.TIME_UP or is_left:
        wake.wake_urgent() if urgent else wake.wake_bulk(1)
    return engine.sent


@shared_task
def sweep() -> None:
    """Find whatever is due and unsent, since whenever, and wake workers for it; take back what dead workers held."""
    sweeping.sweep()


@shared_task
def read_bounces() -> int:
    """Read what has come back, where ``BOUNCE_IMAP_URL`` names a mailbox; returns how many messages were read."""
    bounces.apply_late()
    return imap.read_mailbox() if settings.BOUNCE_IMAP_URL else 0


@shared_task
def tidy() -> int:
    """Drop the bodies, and forget the recipients, that need not be kept any longer; returns how many."""
    return services.drop_bodies() + privacy.forget_sent() + privacy.forget_old()
