"""Taking back what waits, from the queue and from workers' hands."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from mailing.models import Delivery, Lease, Mailing

if TYPE_CHECKING:
    from django.db.models import QuerySet


CANCELLED = "Cancelled by staff"
#: How many of a cancelled mailing are skipped at a time: a moment's work, whoever waits for it.
CHUNK = 2000


def withdraw(deliveries: QuerySet[Delivery, Delivery], answer: str) -> int:
    """Skip ``deliveries``, a few; those on the wire are marked, so that they are not tried again. Returns how many it
    skipped.

    Locks leases, then deliveries: everybody does, in that order.
    """
    # A worker may take some up between our look and our lock; then its lease is new to us, and we look again.
    held: set[int] = set()
    while True:
        leases = set(deliveries.filter(lease__isnull=False).values_list("lease_id", flat=True))
        if leases - held:
            # The worker's own write before each message waits for this row and then sees that it is wanted.
            for lease in sorted(leases - held):
                Lease.objects.filter(pk=lease).update(attention=True)
            held |= leases
            continue
        rows = list(deliveries.order_by("pk").select_for_update(of=("self",)).values_list("pk", "lease_id"))
        if {lease for _, lease in rows if lease} <= held:
            break
    cursors = dict(Lease.objects.filter(pk__in=held).values_list("pk", "cursor"))
    free = [pk for pk, lease in rows if lease is None or pk > cursors.get(lease, 0)]
    # A worker has no more than a batch in hand, and a person waits for no more than a few.
    Delivery.objects.filter(pk__in={pk for pk, _ in rows} - set(free)).update(withdrawn_at=timezone.now())
    return skip(Delivery.objects.filter(pk__in=free), answer)


@transaction.atomic
def withdraw_some(*, mailing_id: int) -> int:
    """Skip ``CHUNK`` at most of those who wait for a cancelled mailing, whom nobody takes up; returns how many."""
    waiting = Delivery.objects.filter(mailing=mailing_id, due_at__isnull=False).order_by("due_at", "pk")
    # Read first: within the update PostgreSQL may ask again for each row, and pass over what it has locked already.
    some = list(waiting.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:CHUNK])
    return skip(Delivery.objects.filter(pk__in=some), CANCELLED) if some else 0


def withdraw_cancelled(*, seconds: float) -> bool:
    """Skip whoever still waits for a cancelled mailing, for about so many seconds; whether some may be left.

    Safe to run twice, at once, and to kill: each call takes up where others are.
    """
    until = time.monotonic() + seconds
    for pk in list(Mailing.objects.to_withdraw().order_by("pk").values_list("pk", flat=True)):
        while withdraw_some(mailing_id=pk):
            if time.monotonic() > until:
                return True
    return False


def skip(deliveries: QuerySet[Delivery, Delivery], answer: str) -> int:
    """Note, by one statement, that ``deliveries``, which no worker has on the wire, do not go; returns how many."""
    return deliveries.update(
        status=Delivery.Status.SKIPPED, due_at=None, lease=None, settled_at=timezone.now(), last_answer=answer
    )
