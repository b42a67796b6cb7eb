"""A bulk mailing that goes wrong stops by itself: a bad list or a block-list must not cost the sender its good name."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max, Q

from mailing import services
from mailing.models import Bounce, Delivery, Lease, Mailing

_Status = Delivery.Status
#: Other mailings' deliveries may lie between.
_SPREAD = 4


def pause_if_failing(*, mailing_id: int, upto: int | None = None) -> bool:
    """Pause a bulk mailing if too many of the last ``MAIL_PAUSE_SAMPLE`` deliveries failed, came back, were reported or
    got no answer.

    Too many is a share of more than ``MAIL_PAUSE_SHARE`` (0 turns this off). Counted back from delivery ``upto`` (by
    default how far the mailing is) to where somebody last resumed it. Says why on the mailing and tells programme
    staff, once; a person resumes. True if this call paused it; a second call does nothing.
    """
    share, size = settings.MAIL_PAUSE_SHARE, settings.MAIL_PAUSE_SAMPLE
    going = Mailing.objects.filter(pk=mailing_id, kind=Mailing.Kind.BULK, status=Mailing.Status.READY)
    mailing = going.defer("text", "html").first() if share else None
    if mailing is None:
        return False
    bad = _bad_of_last(mailing, size, _position(mailing) if upto is None else upto)
    if bad <= share * size:
        return False
    what = "failed, came back, got no answer or were marked as spam"
    reason = f"Of the last {size} messages {bad} {what}, so it paused itself."
    return _pause(mailing, reason)


def _position(mailing: Mailing) -> int:
    """How far a mailing is: deliveries go in the order of their primary keys."""
    at = Lease.objects.filter(mailing=mailing).aggregate(at=Max("cursor"))["at"]
    if at:
        return int(at)
    ended = Delivery.objects.of_mailing(mailing).filter(settled_at__isnull=False).order_by("-settled_at", "-pk")
    return ended.values_list("pk", flat=True).first() or 0


def _bad_of_last(mailing: Mailing, size: int, upto: int) -> int:
    """How many of the last ``size`` went wrong; 0 while there are not as many.

    What is being sent counts as good: behind the worker's cursor it was accepted and is only not noted yet. So a range
    of primary keys is looked at, not the time of settling, by which failures would always seem the latest.
    """
    near = Delivery.objects.filter(pk__lte=upto, pk__gt=upto - _SPREAD * size).order_by("-pk")
    counted = {_Status.SENT, _Status.FAILED, _Status.SENDING, _Status.UNKNOWN}
    fields = ("pk", "mailing_id", "status", "settled_at", "first_tried_at")
    last = [
        (pk, status)
        for pk, owner, status, settled_at, tried_at in near.values_list(*fields)
        if owner == mailing.pk
        and status in counted
        # A whole batch is not known after a crash of the database, and only what was tried may be the server's doing.
        and (status != _Status.UNKNOWN or tried_at is not None)
        and (settled_at is None or mailing.watched_from is None or settled_at > mailing.watched_from)
    ][:size]
    if len(last) < size:
        return 0
    bad = {pk for pk, status in last if status in {_Status.FAILED, _Status.UNKNOWN}}
    reported = Bounce.objects.filter(kind=Bounce.Kind.COMPLAINT, delivery__in=[pk for pk, _ in last])
    return len(bad | set(reported.values_list("delivery_id", flat=True)))


@transaction.atomic
def _pause(mailing: Mailing, reason: str) -> bool:
    if not services.pause(mailing=mailing):
        return False
    Mailing.objects.filter(pk=mailing.pk).update(pause_reason=reason)
    for user in get_user_model()._default_manager.filter(Q(is_staff=True) | Q(is_superuser=True), is_active=True):
        services.send_template(
            to=user.email,
            template="mailing/paused",
            context={"mailing": mailing, "reason": reason},
            topic="mailing paused",
        )
    return True
