"""When an address has had its chances: refusals are counted, and lead to a suppression that staff may lift.

Whatever lies before the last lifting is forgotten: whoever lifts a suppression gives the address a new start.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from mailing import services
from mailing.models import Bounce, Delivery, Suppression

_ALWAYS = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def count_refusals(*, email: str) -> Suppression | None:
    """Suppress ``email`` if the last ``MAIL_FAILURES_TO_SUPPRESS`` messages to it were all refused for good.

    Those that failed otherwise (a full mailbox, a block of us, a message that could not be written) neither count nor
    break the row. A second call changes nothing.
    """
    needed = settings.MAIL_FAILURES_TO_SUPPRESS
    refused = Bounce.objects.filter(delivery=OuterRef("pk"), kind=Bounce.Kind.HARD)
    ended = Delivery.objects.of_recipient(email).filter(
        Q(status=Delivery.Status.SENT) | (Q(status=Delivery.Status.FAILED) & Exists(refused)),
        settled_at__gt=_last_lifted(email),
    )
    latest = list(ended.order_by("-settled_at", "-pk").values_list("status", "last_answer")[:needed])
    if len(latest) < needed or any(status != Delivery.Status.FAILED for status, _ in latest):
        return None
    times = "once" if needed == 1 else f"{needed} times"
    return services.suppress(email=email, reason=f"The mail server refused it {times}: {latest[0][1]}")


def count_soft_bounces(*, email: str) -> Suppression | None:
    """Suppress ``email`` if ``MAIL_SOFT_BOUNCES_TO_SUPPRESS`` messages came back in ``MAIL_SOFT_BOUNCE_DAYS``.

    Messages are counted, not reports: several about one message count once. A second call changes nothing.
    """
    days = settings.MAIL_SOFT_BOUNCE_DAYS
    since = max(timezone.now() - dt.timedelta(days=days), _last_lifted(email))
    theirs = Bounce.objects.of_address(email).filter(kind=Bounce.Kind.SOFT, received_at__gt=since)
    found = theirs.aggregate(messages=Count("delivery", distinct=True))["messages"]
    nameless = theirs.filter(delivery=None).count()
    if found + nameless < settings.MAIL_SOFT_BOUNCES_TO_SUPPRESS:
        return None
    last = theirs.order_by("-received_at", "-pk").values_list("diagnostic", flat=True)[0]
    return services.suppress(
        email=email, reason=f"{found + nameless} messages in {days} days came back, the last with: {last}"
    )


def _last_lifted(email: str) -> dt.datetime:
    lifted = Suppression.objects.of_address(email).filter(lifted_at__isnull=False).order_by("-lifted_at")
    return lifted.values_list("lifted_at", flat=True).first() or _ALWAYS
