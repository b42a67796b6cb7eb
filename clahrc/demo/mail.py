"""Emails of the demonstration's past."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from mailing.models import Delivery, Mailing


def put_back(mailings: QuerySet[Mailing], sent_at: dt.datetime) -> None:
    """Have these mailings been queued at ``sent_at`` and delivered within two minutes, as the outbox would have."""
    Delivery.objects.filter(mailing__in=mailings).update(
        status=Delivery.Status.SENT, attempts=1, due_at=None, created_at=sent_at, first_tried_at=sent_at,
        settled_at=sent_at + dt.timedelta(minutes=2), last_answer="250 Kept in the portal's outbox",
    )  # fmt: skip
    mailings.update(created_at=sent_at)
