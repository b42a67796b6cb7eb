"""Taking back what waits, from the queue and from workers' hands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from mailing.models import Delivery, Lease

if TYPE_CHECKING:
    from django.db.models import QuerySet


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


def skip(deliveries: QuerySet[Delivery, Delivery], answer: str) -> int:
    """Note, by one statement, that ``deliveries``, which no worker has on the wire, do not go; returns how many."""
    return deliveries.update(
        status=Delivery.Status.SKIPPED, due_at=None, lease=None, settled_at=timezone.now(), last_answer=answer
    )
