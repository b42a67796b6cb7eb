"""What the mailing keeps on a person, by their address: to show them, and to erase (UK GDPR, articles 15 and 17)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from mailing.models import Attachment, Bounce, Delivery, Mailing, Suppression
from mailing.services import skip_waiting

#: Where erased addresses point: nowhere, for good (RFC 2606 keeps ``.invalid`` from ever being a host).
ERASED_DOMAIN = "erased.invalid"


def messages_to(email: str) -> list[dict[str, object]]:
    """Every message kept for an address, newest first: its subject, when it was written and how far it got."""
    deliveries = Delivery.objects.of_recipient(email).select_related("mailing").order_by("-created_at", "-pk")
    return [
        {"Subject": row.mailing.subject, "Written": row.created_at, "State": row.get_status_display()}
        for row in deliveries.defer("mailing__text", "mailing__html")
    ]


@transaction.atomic
def forget(*, email: str) -> int:
    """Erase an address from every message that has come to its end; returns how many there were.

    Bulk mail that waits for it is withdrawn first. The rows stay, without the address, so that the numbers of a
    newsletter stay true; the text of messages that were written to this person is deleted, once nobody else waits for
    it. A message that is on the wire at this moment keeps its address; a second call, which otherwise finds nothing,
    then erases it.
    """
    skip_waiting(recipient=email, list_key_prefix="")
    ended = Delivery.objects.of_recipient(email).exclude(status__in=Delivery.OPEN)
    pks = list(ended.values_list("pk", flat=True))
    others_wait = Delivery.objects.filter(mailing=OuterRef("pk"), status__in=Delivery.OPEN)
    own = Mailing.objects.filter(~Exists(others_wait), deliveries__pk__in=pks, kind=Mailing.Kind.TRANSACTIONAL)
    own_pks = list(own.values_list("pk", flat=True))
    Attachment.objects.filter(mailing__in=own_pks).delete()
    Mailing.objects.filter(pk__in=own_pks).update(
        subject="Erased", text="", html="", headers={}, body_dropped_at=timezone.now()
    )
    Suppression.objects.of_address(email).delete()
    Bounce.objects.of_address(email).delete()
    nobody = Concat(Value("erased-"), Cast(F("pk"), CharField()), Value(f"@{ERASED_DOMAIN}"))
    return Delivery.objects.filter(pk__in=pks).update(
        recipient=nobody, recipient_name="", subject_id="", last_answer=""
    )
