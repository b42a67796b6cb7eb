"""What is made of the deliveries of a worker that died, and of a clock that was put back.

The reasoning, crash point by crash point, is in docs/decisions/0007-emails-leave-by-one-door.md.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from mailing import workers
from mailing.ledger import MOST_REPEATS, epoch, lease_length, requeue
from mailing.models import Delivery, Lease

_Status = Delivery.Status


def recover() -> int:
    """Take back what dead workers held; returns how many leases. Safe to run anywhere, at any time, twice at once."""
    now = timezone.now()
    count = 0
    expired = set(Lease.objects.expired(now, lease_length()).values_list("pk", flat=True))
    for pk, worker in Lease.objects.order_by("pk").values_list("pk", "worker"):
        if pk in expired or workers.is_dead(worker):
            count += _take_back(pk, worker_is_dead=pk not in expired)
    return count


@transaction.atomic
def _take_back(lease_id: int, *, worker_is_dead: bool) -> bool:
    leases = Lease.objects.select_for_update(skip_locked=True).filter(pk=lease_id)
    if not worker_is_dead:
        leases = leases.expired(timezone.now(), lease_length())
    lease = leases.first()
    if lease is None:
        return False
    now = timezone.now()
    held = Delivery.objects.filter(lease=lease)
    # It wrote the cursor only once the message before was answered for good, and noted whatever was not accepted
    # before it did: what is below the cursor and still held was accepted.
    held.filter(pk__lt=lease.cursor).update(
        status=_Status.SENT,
        lease=None,
        attempts=F("attempts") + 1,
        settled_at=now,
        first_tried_at=Coalesce("first_tried_at", Value(now)),
        last_answer="Accepted; the worker stopped before it could note the answer",
    )
    in_flight = held.filter(pk=lease.cursor)
    requeue(
        in_flight.filter(urgent=True, attempts__lt=MOST_REPEATS),
        "The worker stopped while it was on its way: sent again",
        tries=1,
    )
    in_flight.update(
        status=_Status.UNKNOWN,
        lease=None,
        attempts=F("attempts") + 1,
        settled_at=now,
        first_tried_at=Coalesce("first_tried_at", Value(now)),
        last_answer="The worker stopped while it was on its way",
    )
    if lease.epoch != epoch():
        # The database has crashed or been restarted meanwhile, and the last moves of the cursor may be lost: any of
        # the rest may have left as well. Rather a batch to look at than a newsletter twice.
        held.filter(urgent=False, pk__gt=lease.cursor).update(
            status=_Status.UNKNOWN,
            lease=None,
            settled_at=now,
            last_answer="The worker and the database stopped at the same time; it may have left",
        )
    requeue(held.filter(pk__gt=lease.cursor))
    Lease.objects.filter(pk=lease.pk).delete()
    return True


def mend_clock() -> int:
    """Make due what was due when it was made, but whose making now lies in the future: the clock was put back."""
    now = timezone.now()
    # Asked for each value, so that the index on (urgent, due_at) leads straight to what lies in the future.
    early = (
        Delivery.objects.filter(urgent=urgent, due_at__gt=now, due_at__lte=F("created_at")) for urgent in (True, False)
    )
    return sum(deliveries.update(due_at=now) for deliveries in early)
