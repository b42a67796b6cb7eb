"""What Celery runs for the panels app."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from panels.services.reminders import remind, reviews_to_remind

logger = logging.getLogger(__name__)


@shared_task
def send_review_reminders() -> int:
    """Remind members of reviews due within seven days and of those overdue; returns how many were reminded.

    Beat calls it every morning. Running it again sends nothing twice, and one that fails half-way is finished by the
    next.
    """
    sent = sum(remind(review_id=pk, kind=kind) for pk, kind in reviews_to_remind(timezone.localdate()))
    if sent:
        logger.info("Sent %s review reminders", sent)
    return sent
