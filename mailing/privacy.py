"""What the mailing keeps on a person, by their address: to show them, and to erase (UK GDPR, articles 15 and 17)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from mailing.addresses import ERASED_DOMAIN
from mailing.models import Attachment, Bounce, Delivery, Mailing, Suppression
from mailing.services import skip_waiting

_AT_ONCE = 5_000


def messages_to(email: str) -> list[dict[str, object]]:
    """Every message kept for an address, newest first: its subject, when it was written and how far it got."""
    deliveries = Delivery.objects.of_recipient(email).select_related("mailing").order_by("-created_at", "-pk")
    return [
        {"Subject": row.mailing.subject, "Written": row.created_at, "State": row.get_status_display()}
        for row in deliveries.defer("mailing__text", "mailing__html")
    ]


def trouble_with(email: str) -> dict[str, list[dict[str, object]]]:
    """What came back from an address, newest first, and whether it was taken off bulk email, by what each is called."""
    return {
        "Emails that came back": [
            {"When": row.received_at, "What": row.get_kind_display(), "In the server's words": row.diagnostic}
            for row in Bounce.objects.of_address(email)
        ],
        "Stops of emails to many": [
            {"Since": row.since, "Why": row.reason, "Until": row.lifted_at}
            for row in Suppression.objects.of_address(email)
        ],
    }


@transaction.atomic
def forget(*, email: str) -> int:
    """Erase an address from every message that has come to its end; returns how many there were.

    Bulk mail that waits for it is withdrawn first. The rows stay, without the address, so that the numbers of a
    newsletter stay true; the text of messages that were written to this person is deleted, once nobody else waits for
    it. A message of theirs alone that still waits, or is on the wire at this moment, is left to arrive; ``forget_sent``
    erases it then. A second call finds nothing.
    """
    skip_waiting(recipient=email, list_key_prefix="")
    theirs = Delivery.objects.of_recipient(email)
    theirs.filter(status__in=Delivery.OPEN).update(is_to_forget=True)
    Suppression.objects.of_address(email).delete()
    Bounce.objects.of_address(email).delete()
    return _forget(list(theirs.exclude(status__in=Delivery.OPEN).values_list("pk", flat=True)))


def forget_sent() -> int:
    """Erase the addresses that ``forget`` left to messages on their way, once those have come to their end.

    Returns how many that was; a second call finds none.
    """
    ended = Delivery.objects.filter(is_to_forget=True).exclude(status__in=Delivery.OPEN).order_by("pk")
    count = 0
    while rows := list(ended.values_list("pk", "recipient")[:_AT_ONCE]):
        with transaction.atomic():
            for email in {recipient for _, recipient in rows}:
                # What came back because of it, unless they are here again.
                if not Delivery.objects.of_recipient(email).filter(is_to_forget=False).exists():
                    Bounce.objects.of_address(email).delete()
            count += _forget([pk for pk, _ in rows])
    return count


def _forget(pks: list[int]) -> int:
    others_wait = Delivery.objects.filter(mailing=OuterRef("pk"), status__in=Delivery.OPEN)
    own = Mailing.objects.filter(~Exists(others_wait), deliveries__pk__in=pks, kind=Mailing.Kind.TRANSACTIONAL)
    own_pks = list(own.values_list("pk", flat=True))
    Attachment.objects.filter(mailing__in=own_pks).delete()
    Mailing.objects.filter(pk__in=own_pks).update(
        subject="Erased", text="", html="", headers={}, body_dropped_at=timezone.now()
    )
    return _erase_recipients(Delivery.objects.filter(pk__in=pks))


def forget_old() -> int:
    """Erase to whom messages went that were settled ``MAIL_KEEP_RECIPIENTS_DAYS`` ago, and what came back since.

    Numbers stay, as they do with ``forget``. Suppressed addresses stay too: we could not respect them otherwise.
    Returns how many deliveries that was; a second call finds none.
    """
    before = timezone.now() - dt.timedelta(days=settings.MAIL_KEEP_RECIPIENTS_DAYS)
    known = ~Q(recipient__endswith=f"@{ERASED_DOMAIN}")
    count = 0
    for pks in _in_turn(Delivery.objects.filter(known, settled_at__lt=before), "settled_at"):
        with transaction.atomic():
            own = Mailing.objects.filter(deliveries__pk__in=pks, kind=Mailing.Kind.TRANSACTIONAL)
            # Some subjects name people.
            Mailing.objects.filter(pk__in=list(own.order_by().values_list("pk", flat=True))).update(subject="Erased")
            count += _erase_recipients(Delivery.objects.filter(pk__in=pks))
    late = Bounce.objects.filter(received_at__lt=before).exclude(email__endswith=f"@{ERASED_DOMAIN}")
    for pks in _in_turn(late, "received_at"):
        Bounce.objects.filter(pk__in=pks).update(email=_nobody(), diagnostic="")
    return count


def _in_turn(rows: QuerySet[Any], by: str) -> Iterator[list[int]]:
    """The keys of ``rows``, ``_AT_ONCE`` at a time, in the order of a date that has an index.

    Each time they are looked for from where the last ended: what was erased stays in that order, and would be passed
    over again for each few thousand.
    """
    where = Q()
    while found := list(rows.filter(where).order_by(by, "pk").values_list(by, "pk")[:_AT_ONCE]):
        yield [pk for _, pk in found]
        date, last = found[-1]
        # The first alone is what the index is asked for.
        where = Q(**{f"{by}__gte": date}) & (Q(**{f"{by}__gt": date}) | Q(pk__gt=last))


def _erase_recipients(deliveries: QuerySet[Delivery]) -> int:
    return deliveries.update(recipient=_nobody(), recipient_name="", subject_id="", last_answer="", is_to_forget=False)


def _nobody() -> Concat:
    """An address of nobody's, another for each row."""
    return Concat(Value("erased-"), Cast(F("pk"), CharField()), Value(f"@{ERASED_DOMAIN}"))
