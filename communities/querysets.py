"""Reads of communities, associates, newsletters and events that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from communities.models import Associate, Community, Event, Membership, Newsletter


class CommunityQuerySet(models.QuerySet["Community"]):
    """Communities of practice."""

    def public(self) -> CommunityQuerySet:
        """Those whose study anyone may see."""
        return self.filter(study__archived_at=None).exclude(study__stage="not_taken_forward")


class AssociateQuerySet(models.QuerySet["Associate"]):
    """People who joined and confirmed."""


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Associates in communities."""

    def current(self) -> MembershipQuerySet:
        """Those who have not left."""
        return self.filter(left_at=None)


class NewsletterQuerySet(models.QuerySet["Newsletter"]):
    """Newsletters."""

    def sent(self) -> NewsletterQuerySet:
        """Those in the public archive."""
        return self.filter(status="sent")


class EventQuerySet(models.QuerySet["Event"]):
    """Events."""

    def public(self) -> EventQuerySet:
        """Those that anyone may see, cancelled ones included."""
        return self.exclude(status="draft")

    def upcoming(self) -> EventQuerySet:
        """Those that have not ended."""
        return self.filter(ends_at__gte=timezone.now())
