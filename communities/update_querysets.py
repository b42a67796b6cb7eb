"""Reads of what communities share, and of monthly updates, that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from communities.models import CommunityItem


class CommunityItemQuerySet(models.QuerySet["CommunityItem"]):
    """News, resources and insights."""

    def newest_first(self) -> CommunityItemQuerySet:
        """In the order in which a community's page shows them."""
        return self.order_by("-published_at", "-pk")
