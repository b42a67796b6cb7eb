"""Writing down what comes back, and doing what follows from it."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import transaction
from django.utils import timezone

from mailing import pausing, services
from mailing.addresses import ERASED_DOMAIN
from mailing.bounces import counting, leaving, reports
from mailing.models import Bounce, Delivery

_REFUSALS = (Bounce.Kind.HARD, Bounce.Kind.SOFT, Bounce.Kind.BLOCKED)
#: Reports come after the message was taken, or when nobody knew whether it was.
_ENDED_WELL = (Delivery.Status.SENT, Delivery.Status.UNKNOWN)
_AT_ONCE = {
    Bounce.Kind.COMPLAINT: "They marked a message as spam",
    Bounce.Kind.UNSUBSCRIBED: "They unsubscribed at the email provider",
}


def take_in(*, raw: bytes, to: str = "") -> Bounce | str:
    """Read a message from the bounce mailbox and write down what it reports; otherwise say why it is passed over.

    ``to`` is whom the mail server had it for, where it says so. The same report read again is passed over.
    """
    report = reports.read(raw, to=to)
    if isinstance(report, reports.Passed):
        return report.value
    delivery = Delivery.objects.filter(pk=report.delivery_id).first()
    if delivery is None:
        return "about a message that is no longer kept"
    bounce = record(
        kind=Bounce.Kind(report.kind.value),
        source=Bounce.Source.MAILBOX,
        key=report.key,
        email=delivery.recipient,
        delivery=delivery,
        status_code=report.status_code,
        diagnostic=report.diagnostic,
    )
    return bounce or "a report that was read before"


@transaction.atomic
def record(
    *,
    kind: str,
    source: str,
    key: str,
    email: str,
    delivery: Delivery | None = None,
    status_code: str = "",
    diagnostic: str = "",
    received_at: dt.datetime | None = None,
) -> Bounce | None:
    """Write down one report on ``email``; None if one with this ``key`` was written before, and then nothing changes.

    A refusal turns its delivery, if that counted as sent, into a failed one, and is counted towards a suppression
    (unless it is a block, which is about us).
    A complaint or an unsubscription suppresses the address at once, and its owner's consent is taken back
    (``mailing.bounces.leaving``). Of somebody who has been erased the server's words are not kept: they name them.
    """
    if delivery is not None and delivery.recipient.endswith(f"@{ERASED_DOMAIN}"):
        diagnostic = ""
    bounce, is_new = Bounce.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "source": source,
            "email": email,
            "delivery": delivery,
            "status_code": status_code[:11],
            "diagnostic": diagnostic[:500],
            "received_at": received_at or timezone.now(),
            "is_applied": kind not in _REFUSALS or delivery is None,
        },
    )
    if not is_new:
        return None
    if kind in _AT_ONCE:
        # Before anything of ours is locked: whoever takes a consent back locks lists first, then deliveries.
        leaving.tell(email=email, subject_id=delivery.subject_id if delivery else "")
        services.suppress(email=email, reason=f"{_AT_ONCE[Bounce.Kind(kind)]}: {diagnostic}".removesuffix(": "))
    else:
        _apply(bounce)
    if delivery is not None:
        transaction.on_commit(lambda: pausing.pause_if_failing(mailing_id=delivery.mailing_id))
    return bounce


def note_refusal(*, delivery_id: int, email: str, attempt: int, words: str) -> None:
    """Write down that the mail server refused a message for good, or for as long as it was tried, and count it.

    Within the transaction that notes the delivery as failed. It is counted after that, when no delivery is locked any
    more; should that be lost, ``apply_late`` does it.
    """
    kind, status_code = reports.classify_words(words)
    bounce, is_new = Bounce.objects.get_or_create(
        key=hashlib.sha256(b"server %d %d" % (delivery_id, attempt)).hexdigest(),
        defaults={
            "kind": kind.value,
            "source": Bounce.Source.SERVER,
            "email": email,
            "delivery_id": delivery_id,
            "status_code": status_code[:11],
            "diagnostic": words[:500],
            "is_applied": False,
        },
    )
    if is_new:
        transaction.on_commit(lambda: _apply_now(bounce), robust=True)


@transaction.atomic
def _apply_now(bounce: Bounce) -> None:
    _apply(bounce)


def apply_late() -> int:
    """Apply the reports that overtook the worker's own note that their message was sent, and the refusals that were
    noted and not yet counted; returns how many.

    Safe to run anywhere, at any time, twice at once.
    """
    late = Bounce.objects.filter(is_applied=False, delivery__status__in=[*_ENDED_WELL, Delivery.Status.FAILED])
    count = 0
    for bounce in late.select_related("delivery").order_by("pk")[:1000]:
        with transaction.atomic():
            count += _apply(bounce)
    return count


def _apply(bounce: Bounce) -> bool:
    """Mark the delivery as failed and count; False if a worker still holds the delivery, and it must wait."""
    if not bounce.is_applied:
        # What the mail server said when it was handed the message is on the delivery already; and staff may have sent
        # it again since.
        if bounce.source != Bounce.Source.SERVER and not _mark(bounce):
            return False
        Bounce.objects.filter(pk=bounce.pk).update(is_applied=True)
        bounce.is_applied = True
    if bounce.kind == Bounce.Kind.HARD:
        counting.count_refusals(email=bounce.email)
    elif bounce.kind == Bounce.Kind.SOFT:
        counting.count_soft_bounces(email=bounce.email)
    return True


def _mark(bounce: Bounce) -> bool:
    if bounce.delivery_id is None:
        return True
    deliveries = Delivery.objects.filter(pk=bounce.delivery_id)
    before = deliveries.select_for_update().values_list("status", "last_answer").first()
    if before is None or before[0] == Delivery.Status.SENDING:
        return False
    if before[0] in _ENDED_WELL:
        answer = f"Came back: {bounce.diagnostic}. It was taken at first: {before[1]}"
        # Settled when it was: the order in which messages to an address ended must not change.
        deliveries.update(status=Delivery.Status.FAILED, last_answer=answer[:500])
    return True
