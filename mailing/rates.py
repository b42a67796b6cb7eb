"""Limits of single providers: so many messages a second to addresses of one domain, over all workers.

A delivery whose domain has had its share is put off to a turn of its own, and the others go on. The turn is reserved
once, by one statement for all of a batch, so that a million deliveries to one domain are planned and not tried.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, DateTimeField, F, Value, When
from django.utils import timezone

from mailing import wake
from mailing.models import Delivery, DomainPace, Mailing

if TYPE_CHECKING:
    from mailing.ledger import Batch, Item
    from mailing.querysets import DeliveryQuerySet

_SOON = 0.25  # seconds that are not worth putting a delivery off for
_CHUNK = 100
#: Seconds without a turn that are not worth planning anew for.
_GAP = 30.0


def limits() -> dict[str, float]:
    """Messages a second by domain, from ``MAIL_RATES``. ``ValueError`` where that can not be read."""
    return _parsed(tuple(settings.MAIL_RATES))


@lru_cache(maxsize=4)
def _parsed(pairs: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for pair in pairs:
        domain, _, rate = pair.partition("=")
        try:
            found[domain.strip().lower()] = float(rate)
        except ValueError:
            raise ValueError(f"{pair} is not like gmail.com=5") from None
        if not domain.strip() or not 0 < found[domain.strip().lower()] < float("inf"):
            raise ValueError(f"{pair} is not like gmail.com=5")
    return found


@transaction.atomic
def hold_back(*, batch: Batch) -> Batch:
    """Put off those of ``batch`` whose domain has had its share, each to its turn; returns the rest, to be sent now.

    A delivery that comes with a turn which has just come goes. Called twice, it puts off nobody twice.
    """
    rates = limits()
    wanting: dict[str, list[Item]] = {}
    for item in batch.items:
        domain = item.recipient.address.rpartition("@")[2].lower()
        if domain in rates and not item.has_turn:
            wanting.setdefault(domain, []).append(item)
    turns: dict[int, dt.datetime] = {}
    for domain, items in sorted(wanting.items()):
        rate = rates[domain]
        start = _reserve(domain, count=len(items), rate=rate)
        for position, item in enumerate(items):
            if (turn := start + position / rate) > time.time() + _SOON:
                turns[item.pk] = dt.datetime.fromtimestamp(turn, dt.UTC)
    _put_off(batch.lease_id, list(turns.items()))
    return replace(batch, items=[item for item in batch.items if item.pk not in turns])


def _reserve(domain: str, *, count: int, rate: float) -> float:
    """Reserve the next ``count`` turns; returns when (seconds since 1970) the first of them is."""
    DomainPace.objects.get_or_create(domain=domain)
    now = time.time()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailing_domainpace SET next_at = CASE WHEN next_at > %s THEN next_at ELSE %s END + %s
            WHERE domain = %s RETURNING next_at
            """,
            [now, now, count / rate, domain],
        )
        return float(cursor.fetchone()[0]) - count / rate


def _put_off(lease_id: int, turns: Sequence[tuple[int, dt.datetime]]) -> None:
    for start in range(0, len(turns), _CHUNK):
        some = turns[start : start + _CHUNK]
        turn = Case(
            *(When(pk=pk, then=Value(at, output_field=DateTimeField())) for pk, at in some),
            output_field=DateTimeField(),
        )
        # Whatever was withdrawn meanwhile is no longer this lease's, and stays as it is.
        held = Delivery.objects.filter(pk__in=[pk for pk, _ in some], lease=lease_id)
        held.update(status=Delivery.Status.QUEUED, due_at=turn, turn_at=turn, lease=None)


def after_commit(*, mailing_id: int) -> None:
    """``give_up_turns`` once it is certain that a mailing does not go on; nothing where no provider has a limit."""
    if settings.MAIL_RATES:
        # By then no delivery is locked: turns are reserved with the domain locked first.
        transaction.on_commit(partial(give_up_turns, mailing_id=mailing_id), robust=True)


def give_up_turns(*, mailing_id: int) -> int:
    """Plan anew what waits for turns behind those of a mailing that was paused or cancelled: nobody will use those.

    Returns how many deliveries, of whichever mailings, come to the front of their queue again and reserve the turns
    that are next. A second call plans whatever has turns by then.
    """
    now = timezone.now()
    given_up = Delivery.objects.filter(mailing=mailing_id, turn_at__gt=now)
    count = 0
    for domain, rate in sorted(limits().items()):
        if given_up.filter(recipient__iendswith=f"@{domain}").exists():
            count += _plan_anew(domain, rate)
    if count:
        wake.wake_bulk()
    return count


def _waiting(domain: str) -> DeliveryQuerySet:
    """Those that have a turn which is to come."""
    return Delivery.objects.filter(
        urgent=False, due_at__gt=timezone.now(), due_at=F("turn_at"), recipient__iendswith=f"@{domain}"
    )


@transaction.atomic
def _plan_anew(domain: str, rate: float) -> int:
    # Whoever reserves turns waits for this row, and we see what was reserved before.
    for pace in DomainPace.objects.select_for_update().filter(domain=domain):
        # As if a message left now, which one may.
        pace.next_at = min(pace.next_at, time.time() + 1 / rate)
        pace.save(update_fields=["next_at"])
    free = _waiting(domain).order_by("pk").select_for_update(skip_locked=True).values("pk")
    return Delivery.objects.filter(pk__in=free).update(due_at=F("created_at"), turn_at=None)


def mend_turns() -> int:
    """Pull back turns that lie further ahead than they can: the clock was put back, or whoever had those before left.

    Where anybody has a turn, the next is no more than one apart from now. Returns how many plan anew; a second call
    finds nothing.
    """
    count = 0
    for domain, rate in sorted(limits().items()):
        latest = time.time() + 1 / rate + _GAP
        if DomainPace.objects.filter(domain=domain, next_at__gt=latest).exists():
            first = _waiting(domain).order_by("due_at").values_list("due_at", flat=True).first()
            if first is None or first.timestamp() > latest:
                count += _plan_anew(domain, rate)
    return count


def turn_is_near(within: float) -> bool:
    """Whether a delivery that was put off has its turn within so many seconds, so that a worker may wait for it."""
    if not settings.MAIL_RATES:
        return False
    now = timezone.now()
    soon = Delivery.objects.filter(
        urgent=False, due_at__gt=now, due_at__lte=now + dt.timedelta(seconds=within), due_at=F("turn_at")
    )
    return soon.filter(mailing__status=Mailing.Status.READY).exists()
