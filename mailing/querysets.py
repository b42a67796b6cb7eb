"""Reads of mailings and deliveries that have a name."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Lower

from mailing.addresses import ERASED_DOMAIN

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from mailing.models import Bounce, Delivery, Lease, Mailing, Suppression


def _sees_everything(user: AbstractBaseUser | AnonymousUser) -> bool:
    return bool(user.is_active and (getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)))


class MailingQuerySet(models.QuerySet["Mailing"]):
    """Messages as they were written."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> MailingQuerySet:
        """All of them to programme staff, none to anybody else."""
        return self if _sees_everything(user) else self.none()

    def bulk_due(self, now: dt.datetime) -> MailingQuerySet:
        """Bulk mailings that may go and have somebody waiting."""
        from mailing.models import Delivery

        waiting = Delivery.objects.filter(mailing=OuterRef("pk"), due_at__lte=now).order_by("due_at")
        # A value rather than EXISTS, which PostgreSQL may turn into a join over all that wait: this is one look into
        # the index for each mailing.
        ready = self.filter(kind="bulk", status="ready")
        due: MailingQuerySet = ready.alias(due=Subquery(waiting.values("due_at")[:1])).filter(due__isnull=False)
        return due

    def preparing(self) -> MailingQuerySet:
        """Those whose list of recipients is still to be made, and will be."""
        return self.filter(preparing_since__isnull=False).exclude(status="cancelled")

    def to_withdraw(self) -> MailingQuerySet:
        """Cancelled ones for which somebody is still noted as waiting."""
        from mailing.models import Delivery

        waiting = Delivery.objects.filter(mailing=OuterRef("pk"), due_at__isnull=False).order_by("due_at")
        cancelled = self.filter(kind="bulk", status="cancelled")
        left: MailingQuerySet = cancelled.alias(due=Subquery(waiting.values("due_at")[:1])).filter(due__isnull=False)
        return left


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Messages as they go to each recipient."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> DeliveryQuerySet:
        """All of them to programme staff, none to anybody else."""
        return self if _sees_everything(user) else self.none()

    def urgent_due(self, now: dt.datetime) -> DeliveryQuerySet:
        """Transactional messages that may go now, longest waiting first."""
        # A transactional mailing can not be paused, so its state need not be asked for.
        return self.filter(urgent=True, due_at__lte=now).order_by("due_at", "pk")

    def of_recipient(self, email: str) -> DeliveryQuerySet:
        """Everything to one address, however it is written."""
        return self.alias(address=Lower("recipient")).filter(address=email.strip().lower())

    def reaching(self) -> DeliveryQuerySet:
        """Those that have gone, may have, or may still: not what was withdrawn, failed, or waits for a mailing that was
        cancelled to be noted as withdrawn.
        """
        waits_in_vain = Q(status__in=["queued", "deferred"], mailing__status="cancelled")
        return self.exclude(status__in=["skipped", "failed"]).filter(~waits_in_vain)

    def of_mailing(self, mailing: Mailing) -> DeliveryQuerySet:
        """Those of one mailing."""
        return self.filter(mailing=mailing)

    def by_status(self) -> dict[str, int]:
        """How many are in each state; states without any are left out."""
        return dict(self.order_by().values_list("status").annotate(number=Count("pk")))

    def repeatable(self) -> DeliveryQuerySet:
        """Those that staff may send again: failed or not known, still wanted, their text still there.

        Nobody is sent bulk mail again who has left its list, or whose address takes no more, since it was tried.
        """
        from mailing.models import Suppression

        refused = Suppression.objects.in_force().alias(address=Lower("email"))
        return self.filter(
            Q(urgent=True) | ~Exists(refused.filter(address=Lower(OuterRef("recipient")))),
            ~Q(mailing__status="cancelled"),
            ~Q(recipient__endswith=f"@{ERASED_DOMAIN}"),
            status__in=["unknown", "failed"],
            withdrawn_at=None,
            mailing__body_dropped_at=None,
        )

    def matching(self, *, address: str = "", status: str = "", topic: str = "") -> DeliveryQuerySet:
        """Those to addresses with these letters in them, in one state, on one topic; what is empty narrows nothing."""
        found = self
        if status:
            found = found.filter(status=status)
        if topic:
            found = found.filter(mailing__topic=topic)
        return found.filter(recipient__icontains=address).looked_up() if address else found

    def looked_up(self, most: int = 1000) -> DeliveryQuerySet:
        """The same, found by looking through all of them once where they are few, rather than once to count them and
        again for each page. For words within addresses and names, for which there is no index.
        """
        keys = list(self.order_by().values_list("pk", flat=True)[: most + 1])
        return self if len(keys) > most else self.model._default_manager.filter(pk__in=keys)

    def troubles(self) -> DeliveryQuerySet:
        """Those that staff may want to look at: failed, or not known to have arrived."""
        return self.filter(status__in=["failed", "unknown"])


class LeaseQuerySet(models.QuerySet["Lease"]):
    """Workers' holds on deliveries."""

    def expired(self, now: dt.datetime, length: dt.timedelta) -> LeaseQuerySet:
        """Those whose worker has not been heard of in time.

        A lease that ends further ahead than one can be given was written before the clock was put back: it counts
        as expired. Taking it from a worker that still lives is safe, because the worker asks before each message.
        """
        return self.filter(Q(until__lt=now) | Q(until__gt=now + 2 * length))

    def live(self, now: dt.datetime) -> LeaseQuerySet:
        """Those whose worker is at it."""
        return self.filter(until__gte=now)


class BounceQuerySet(models.QuerySet["Bounce"]):
    """Reports that a message was not delivered or not wanted."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> BounceQuerySet:
        """All of them to programme staff, none to anybody else."""
        return self if _sees_everything(user) else self.none()

    def of_address(self, email: str) -> BounceQuerySet:
        """Those of messages to one address, however it is written."""
        found: BounceQuerySet = self.alias(address=Lower("email")).filter(address=email.strip().lower())
        return found


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """Addresses that take no more bulk mail."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> SuppressionQuerySet:
        """All of them to programme staff, none to anybody else."""
        return self if _sees_everything(user) else self.none()

    def of_address(self, email: str) -> SuppressionQuerySet:
        """Those of one address, however it is written."""
        found: SuppressionQuerySet = self.alias(address=Lower("email")).filter(address=email.strip().lower())
        return found

    def in_force(self) -> SuppressionQuerySet:
        """Those that nobody has lifted."""
        return self.filter(lifted_at=None)
