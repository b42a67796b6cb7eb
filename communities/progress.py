"""How far newsletters and event postings have got, read from the mailing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from mailing.models import Delivery


@dataclass(frozen=True)
class Progress:
    """How many people's copies are in each state."""

    waiting: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """Everyone it was meant for, those who unsubscribed before their turn included."""
        return self.waiting + self.sent + self.failed + self.unknown + self.skipped


_STATE = {
    Delivery.Status.QUEUED: "waiting",
    Delivery.Status.SENDING: "waiting",
    Delivery.Status.DEFERRED: "waiting",
    Delivery.Status.SENT: "sent",
    Delivery.Status.FAILED: "failed",
    Delivery.Status.UNKNOWN: "unknown",
    Delivery.Status.SKIPPED: "skipped",
}


def with_progress(rows: Iterable[Any]) -> list[Any]:
    """The same newsletters or postings, each with its ``progress``; one query for all of them."""
    found = list(rows)
    counts: dict[int, dict[str, int]] = {}
    counted = (
        Delivery.objects.filter(mailing__in=[row.mailing_id for row in found if row.mailing_id])
        .order_by()
        .values_list("mailing", "status")
        .annotate(Count("pk"))
    )
    for mailing, status, count in counted:
        state = _STATE[Delivery.Status(status)]
        of_mailing = counts.setdefault(mailing, {})
        of_mailing[state] = of_mailing.get(state, 0) + count
    for row in found:
        row.progress = Progress(**counts.get(row.mailing_id, {}))
    return found
