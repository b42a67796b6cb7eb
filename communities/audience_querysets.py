"""Reads of audiences that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from people.rules import is_programme_staff

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from communities.models import Audience
    from people.models import User


class AudienceQuerySet(models.QuerySet["Audience"]):
    """Whom newsletters go to."""

    def saved(self) -> AudienceQuerySet:
        """Those with a name, to be chosen again."""
        return self.filter(newsletter=None)

    def managed_by(self, user: User | AnonymousUser) -> AudienceQuerySet:
        """Saved ones that this person may use, rename and delete: all for staff, their own for anybody else."""
        if not user.is_authenticated:
            return self.none()
        return self.saved() if is_programme_staff(user) else self.saved().filter(owner=user)
