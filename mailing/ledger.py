"""What a worker writes down while it sends, in the order that lets any of it be killed at any moment.

Whoever needs several locks takes them in this order: mailing, lease, deliveries. The reasoning, crash point by crash
point, is in docs/decisions/0007-emails-leave-by-one-door.md.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone

from mailing import moving, pausing, workers
from mailing.bounces import services as bounces
from mailing.mime import Recipient
from mailing.models import Delivery, Lease, Mailing, Suppression
from mailing.querysets import DeliveryQuerySet
from mailing.transport import Answer, Outcome
from mailing.withdrawing import skip

logger = logging.getLogger(__name__)

_Status = Delivery.Status
#: A transactional message found in flight after this many tries is left to staff: it may be what kills the workers.
MOST_REPEATS = 5
_SUPPRESSED = "Not sent: the address takes no bulk mail"
_LONGEST_WAIT = dt.timedelta(hours=4)
#: A turn that was missed by more is reserved again, lest a pause end in a rush.
_TURN_LASTS = dt.timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Item:
    """One delivery that a worker holds."""

    recipient: Recipient
    mailing_id: int
    attempts: int
    first_tried_at: dt.datetime | None
    #: Whether its turn, reserved at a provider that limits the rate, has just come (``mailing.rates``).
    has_turn: bool = False

    @property
    def pk(self) -> int:
        """The delivery's."""
        return self.recipient.pk


@dataclass(frozen=True, slots=True)
class Batch:
    """What a worker holds under one lease, in the order in which it will go."""

    lease_id: int
    items: list[Item]


def lease_length() -> dt.timedelta:
    """How long a worker may be silent before others take over what it holds."""
    return dt.timedelta(seconds=settings.MAIL_LEASE_SECONDS)


# --- taking up -------------------------------------------------------------------------------------------------


def claim_urgent(*, limit: int) -> Batch | None:
    """Take up transactional messages that are due; None if there are none."""
    due = Delivery.objects.urgent_due(timezone.now())
    if not due.exists():
        return None
    with _durably(), transaction.atomic():
        return _claim(due.select_for_update(skip_locked=True, of=("self",)), limit)


def claim_bulk(*, limit: int, after: int = 0) -> Batch | None:
    """Take up part of one bulk mailing, of the next one after mailing ``after`` so that several go side by side.

    None if nothing is due, or as many workers as allowed are sending bulk mail already.
    """
    now = timezone.now()
    if Lease.objects.live(now).filter(mailing__isnull=False).count() >= settings.MAIL_LANES:
        return None
    due = list(Mailing.objects.bulk_due(now).order_by("pk").values_list("pk", flat=True)[:100])
    for mailing_id in [pk for pk in due if pk > after] + [pk for pk in due if pk <= after]:
        with _durably(), transaction.atomic():
            # Under this lock a pause either comes first and is seen here, or finds our lease and raises its flag.
            ready = Mailing.objects.select_for_update(no_key=True).filter(pk=mailing_id, status=Mailing.Status.READY)
            if not ready.values_list("pk", flat=True):
                continue
            waiting = Delivery.objects.filter(mailing=mailing_id, due_at__lte=now).order_by("due_at", "pk")
            batch = _claim(waiting.select_for_update(skip_locked=True, of=("self",)), limit, mailing_id)
            if batch is not None:
                return batch
    return None


def _claim(waiting: DeliveryQuerySet, limit: int, mailing_id: int | None = None) -> Batch | None:
    fields = (
        "pk",
        "recipient",
        "recipient_name",
        "subject_id",
        "created_at",
        "mailing_id",
        "attempts",
        "first_tried_at",
        "due_at",
        "turn_at",
    )
    # In order of primary key: the lease's cursor then tells what has gone from what has not.
    while rows := sorted(waiting.values_list(*fields)[:limit]):
        refused = _suppressed(row[1] for row in rows) if mailing_id is not None else set()
        if refused:
            skip(Delivery.objects.filter(pk__in=[row[0] for row in rows if row[1].lower() in refused]), _SUPPRESSED)
        if rows := [row for row in rows if row[1].lower() not in refused]:
            break
    else:
        return None
    lease = Lease.objects.create(
        worker=workers.name(), mailing_id=mailing_id, until=timezone.now() + lease_length(), epoch=epoch()
    )
    Delivery.objects.filter(pk__in=[row[0] for row in rows]).update(status=_Status.SENDING, due_at=None, lease=lease)
    latest = timezone.now() - _TURN_LASTS
    items = [
        Item(
            Recipient(pk, address, name, subject_id, created_at),
            mailing,
            attempts,
            first_tried_at,
            has_turn=turn_at is not None and turn_at == due_at and turn_at > latest,
        )
        for pk, address, name, subject_id, created_at, mailing, attempts, first_tried_at, due_at, turn_at in rows
    ]
    return Batch(lease.pk, items)


def _suppressed(addresses: Iterable[str]) -> set[str]:
    """Those of ``addresses``, in lower case, that were suppressed after they were queued, or at that very moment."""
    theirs = Suppression.objects.in_force().alias(address=Lower("email"))
    found = theirs.filter(address__in={address.lower() for address in addresses})
    return set(found.values_list(Lower("email"), flat=True))


@contextmanager
def _durably() -> Iterator[None]:
    """Let the next commit, and whatever was committed before it, outlive a loss of power also on SQLite."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=FULL")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=NORMAL")


def epoch() -> str:
    """A word that changes whenever commits that were not yet on disk may have been lost."""
    if connection.vendor != "postgresql":
        return workers.boot()
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(pg_postmaster_start_time() AS TEXT)")
        return str(cursor.fetchone()[0])


# --- before each message -----------------------------------------------------------------------------------------


def advance(*, lease_id: int, pk: int) -> bool:
    """Note that ``pk`` is about to go on the wire; False if the worker must ``review`` its lease first.

    One statement on one narrow row. It says at once that everything below ``pk`` has left, that we live, and that
    nobody has paused, cancelled, withdrawn or taken over anything: each of these raises the flag on this row, so
    either their write comes first and stops us, or ours does and they see how far we are. It outlives this process,
    but is not waited for on disk: ``mailing.recovery`` knows when it may have been lost.
    """
    return moving.move(lease_id=lease_id, pk=pk, until=timezone.now() + lease_length())


def touch(*, lease_id: int) -> bool:
    """Say that we live without sending anything; False if the lease must be reviewed."""
    until = timezone.now() + lease_length()
    return bool(Lease.objects.filter(pk=lease_id, attention=False).update(until=until))


@transaction.atomic
def review(*, lease_id: int) -> set[int]:
    """Which deliveries of a lease are still the worker's to send, after somebody raised its flag.

    Empty if the mailing is paused or cancelled or the lease was taken over: whatever was left of it waits again.
    """
    lease = Lease.objects.select_for_update().filter(pk=lease_id).first()
    if lease is None:
        return set()
    Lease.objects.filter(pk=lease_id).update(attention=False)
    if lease.mailing_id is not None:
        status = Mailing.objects.filter(pk=lease.mailing_id).values_list("status", flat=True).first()
        if status != Mailing.Status.READY:
            return set()
    return set(Delivery.objects.filter(lease=lease_id).values_list("pk", flat=True))


# --- afterwards ----------------------------------------------------------------------------------------------------


def settle_sent(*, lease_id: int, answers: Sequence[tuple[int, str]]) -> None:
    """Note that these deliveries were accepted, and in which words. A second call changes nothing."""
    if not answers:
        return
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = ", ".join(["(%s, %s)"] * len(answers))
    values = [value for pk, text in answers for value in (pk, text[:500])]
    # A delivery of ours that was taken for unknown while we could not reach the database is nobody's, and known after
    # all. One that others hold, or that waits again, is not ours to write on.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH answered (id, said) AS (VALUES {rows})
            UPDATE mailing_delivery
            SET status = 'sent', lease_id = NULL, due_at = NULL, attempts = attempts + 1, last_answer = answered.said,
                settled_at = %s, first_tried_at = COALESCE(first_tried_at, %s)
            FROM answered
            WHERE mailing_delivery.id = answered.id
              AND (mailing_delivery.lease_id = %s OR mailing_delivery.status = 'unknown')
            RETURNING mailing_delivery.id
            """,  # noqa: S608 - only placeholders are put in
            [*values, now, now, lease_id],
        )
        noted = {pk for (pk,) in cursor.fetchall()}
    _log_lost([(pk, text) for pk, text in answers if pk not in noted])


def _log_lost(answers: Sequence[tuple[int, str]]) -> None:
    if not answers:
        return
    # Those noted as sent by whoever took the lease over, or by an earlier try of ours, say what we would say.
    found = Delivery.objects.filter(pk__in=[pk for pk, _ in answers]).exclude(status=_Status.SENT)
    states = dict(found.values_list("pk", "status"))
    for pk, text in answers:
        if pk in states:
            logger.warning(
                "Delivery %d is no longer this worker's, and is %s; not noted: sent: %s", pk, states[pk], text
            )


@transaction.atomic
def settle_other(*, lease_id: int, item: Item, answer: Answer) -> bool:
    """Note that one delivery was put off, refused for good, or is not known to have arrived.

    False, and nothing but a line in the log, if the lease no longer holds it: what others made of it stands.
    """
    now = timezone.now()
    first = item.first_tried_at or now
    attempts = item.attempts + 1
    status, due_at, text = _Status(answer.outcome.value), None, answer.text
    if answer.outcome is Outcome.UNKNOWN and _is_urgent(item.pk) and attempts < MOST_REPEATS:
        status, due_at = _Status.DEFERRED, now + _backoff(attempts)
    elif answer.outcome is Outcome.DEFERRED:
        due_at = now + _backoff(attempts)
        if due_at > first + dt.timedelta(hours=settings.MAIL_RETRY_HOURS):
            status, due_at = _Status.FAILED, None
            text = f"Given up after {settings.MAIL_RETRY_HOURS} hours: {text}"
    if due_at and _is_withdrawn(item.pk):
        status, due_at, text = _Status.SKIPPED, None, f"Withdrawn while it was on its way, and not tried again: {text}"
    noted = Delivery.objects.filter(pk=item.pk, lease=lease_id).update(
        status=status,
        due_at=due_at,
        lease=None,
        attempts=attempts,
        first_tried_at=first,
        settled_at=None if due_at else now,
        last_answer=text[:500],
    )
    if not noted:
        logger.warning("Delivery %d is no longer this worker's; not noted: %s: %s", item.pk, status, text)
        return False
    if status == _Status.FAILED and answer.is_of_recipient:
        bounces.note_refusal(delivery_id=item.pk, email=item.recipient.address, attempt=attempts, words=answer.text)
    if status in {_Status.FAILED, _Status.UNKNOWN}:
        pause = partial(pausing.pause_if_failing, mailing_id=item.mailing_id, upto=item.pk)
        transaction.on_commit(pause, robust=True)
    return True


def _is_urgent(pk: int) -> bool:
    return Delivery.objects.filter(pk=pk, urgent=True).exists()


def _is_withdrawn(pk: int) -> bool:
    # Under the lock, so that whoever withdraws it now either has done so or finds it waiting again.
    mark = Delivery.objects.select_for_update(of=("self",)).filter(pk=pk).values_list("withdrawn_at", flat=True)
    return mark.first() is not None


def _backoff(attempts: int) -> dt.timedelta:
    """One minute, then twice as long each time, up to four hours; a tenth either way so that not all come at once."""
    wait = min(dt.timedelta(minutes=2 ** min(attempts - 1, 10)), _LONGEST_WAIT)
    return wait * random.uniform(0.9, 1.1)  # noqa: S311 - spreads load, hides nothing


@transaction.atomic
def release(*, lease_id: int, answers: Sequence[tuple[int, str]] = (), answer: str = "") -> None:
    """Give a lease back: what has not gone waits again. A second call changes nothing.

    ``answers`` are of what was accepted and is not settled yet. ``answer`` says why, if there is something to say.
    """
    # One transaction, so one wait for the disk; the lease is locked before its deliveries, as everywhere.
    is_there = Lease.objects.select_for_update().filter(pk=lease_id).values_list("pk", flat=True).first()
    settle_sent(lease_id=lease_id, answers=answers)
    if is_there is None:
        return
    held = Delivery.objects.filter(lease=lease_id)
    if held.exists():
        requeue(held, answer)
    Lease.objects.filter(pk=lease_id).delete()


def requeue(deliveries: DeliveryQuerySet, answer: str = "", tries: int = 0) -> None:
    """Let ``deliveries``, whose lease the caller has locked, wait again; skip those that were withdrawn meanwhile."""
    deliveries.filter(withdrawn_at__isnull=False).update(
        status=_Status.SKIPPED,
        lease=None,
        settled_at=timezone.now(),
        last_answer="Withdrawn while it was on its way, and not tried again",
    )
    # Due since it was made: a clock that is put back then finds it due as well (see ``mend_clock``).
    deliveries.update(
        status=_Status.QUEUED,
        due_at=F("created_at"),
        lease=None,
        attempts=F("attempts") + tries,
        **({"last_answer": answer[:500]} if answer else {}),
    )


def ids(items: Iterable[Item]) -> set[int]:
    """The deliveries' primary keys."""
    return {item.pk for item in items}
