"""How far newsletters and event postings have got, read from the mailing."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils import timezone

from communities.models import Newsletter
from mailing.models import Delivery, Mailing

#: The rate is that of the last minute.
_LOOK_BACK = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Progress:
    """How many people's copies are in each state."""

    waiting: int = 0
    deferred: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    #: Whether its list is still to be made, so that nobody is in any state yet.
    is_preparing: bool = False

    @property
    def total(self) -> int:
        """Everyone it was meant for, those who unsubscribed before their turn included."""
        return self.ended + self.waiting + self.deferred

    @property
    def ended(self) -> int:
        """Those whose end is known, as far as it ever will be by itself."""
        return self.sent + self.failed + self.unknown + self.skipped

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return not (self.waiting or self.deferred or self.is_preparing)


_STATE = {
    Delivery.Status.QUEUED: "waiting",
    Delivery.Status.SENDING: "waiting",
    Delivery.Status.DEFERRED: "deferred",
    Delivery.Status.SENT: "sent",
    Delivery.Status.FAILED: "failed",
    Delivery.Status.UNKNOWN: "unknown",
    Delivery.Status.SKIPPED: "skipped",
}


def with_progress(rows: Iterable[Any]) -> list[Any]:
    """The same newsletters or postings, each with its ``progress``; two queries for all of them."""
    found = list(rows)
    mailings = [row.mailing_id for row in found if row.mailing_id]
    preparing = set(Mailing.objects.preparing().filter(pk__in=mailings).values_list("pk", flat=True))
    counts: dict[int, dict[str, int]] = {}
    counted = (
        Delivery.objects.filter(mailing__in=mailings).order_by().values_list("mailing", "status").annotate(Count("pk"))
    )
    for mailing, status, count in counted:
        state = _STATE[Delivery.Status(status)]
        of_mailing = counts.setdefault(mailing, {})
        of_mailing[state] = of_mailing.get(state, 0) + count
    for row in found:
        states: dict[str, Any] = counts.get(row.mailing_id, {})
        row.progress = Progress(**states, is_preparing=row.mailing_id in preparing)
    return found


@dataclass(frozen=True)
class Pace:
    """How many copies left in the last minute, and in how many minutes the rest will have gone at that rate."""

    per_minute: int
    minutes_left: int | None


def pace_of(mailing_id: int, progress: Progress) -> Pace:
    """How quickly a mailing goes. ``minutes_left`` is None where it does not go at all."""
    since = timezone.now() - _LOOK_BACK
    left = Delivery.objects.filter(settled_at__gte=since, mailing=mailing_id, status=Delivery.Status.SENT).count()
    return Pace(left, math.ceil(progress.waiting / left) if left else None)


def progress_context(newsletter: Newsletter) -> dict[str, object]:
    """What ``newsletters/_progress.html`` shows: three queries, however many people it goes to."""
    if newsletter.mailing is None:
        return {"newsletter": newsletter}
    found = with_progress([newsletter])[0].progress
    state = "over" if found.is_over else newsletter.mailing.status
    return {
        "newsletter": newsletter,
        "progress": found,
        "state": state,
        "pace": pace_of(newsletter.mailing.pk, found),
    }
