"""Reads of what communities share, and of monthly updates, that have a name."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef

from people.rules import is_programme_staff

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from communities.models import CommunityItem, MonthlyUpdate, UpdateSection
    from people.models import User


class CommunityItemQuerySet(models.QuerySet["CommunityItem"]):
    """News, resources and insights."""

    def newest_first(self) -> CommunityItemQuerySet:
        """In the order in which a community's page shows them."""
        return self.order_by("-published_at", "-pk")


class MonthlyUpdateQuerySet(models.QuerySet["MonthlyUpdate"]):
    """Monthly updates."""

    def open(self) -> MonthlyUpdateQuerySet:
        """Those that have not gone yet."""
        return self.filter(closed_at=None)

    def due(self, now: dt.datetime) -> MonthlyUpdateQuerySet:
        """Open ones whose time has come."""
        return self.open().filter(closes_at__lte=now)

    def to_remind_of(self, by: dt.datetime) -> MonthlyUpdateQuerySet:
        """Open ones that go before ``by`` with somebody still to decide, of which nobody was reminded."""
        return self.open().filter(closes_at__lte=by, reminded_at=None, sections__status="draft").distinct()

    def visible_to(self, user: User | AnonymousUser) -> MonthlyUpdateQuerySet:
        """All for staff; for convenors those with a section of a community of theirs."""
        from communities.models import UpdateSection

        if is_programme_staff(user):
            return self
        theirs = UpdateSection.objects.visible_to(user).filter(update=OuterRef("pk"))
        return self.filter(Exists(theirs))


class UpdateSectionQuerySet(models.QuerySet["UpdateSection"]):
    """What communities tell in an update."""

    def visible_to(self, user: User | AnonymousUser) -> UpdateSectionQuerySet:
        """All for staff, those of their communities for convenors; nobody else sees any before it is sent."""
        if is_programme_staff(user):
            return self
        if not user.is_authenticated:
            return self.none()
        from communities.models import Community

        return self.filter(community__in=Community.objects.convened_by(user).values("pk"))

    def approved(self) -> UpdateSectionQuerySet:
        """Those that go, or have gone."""
        return self.filter(status="approved")

    def settled(self) -> UpdateSectionQuerySet:
        """Those that have gone or were skipped: what is in them is not drafted again."""
        return self.filter(status__in=["approved", "skipped"], update__closed_at__isnull=False)
