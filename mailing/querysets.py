"""Reads of mailings and deliveries that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from mailing.models import Delivery, Mailing, Suppression


class MailingQuerySet(models.QuerySet["Mailing"]):
    """Messages as they were written."""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Messages as they go to each recipient."""


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """Addresses that take no more bulk mail."""

    def in_force(self) -> SuppressionQuerySet:
        """Those that nobody has lifted."""
        return self.filter(lifted_at=None)
