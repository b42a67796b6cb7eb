"""Whom a newsletter goes to, as somebody chose it with a form; saved under a name, it can be chosen again."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from simple_history.models import HistoricalRecords

from communities.audience_querysets import AudienceQuerySet
from communities.models.community import Community
from communities.models.newsletter import Newsletter
from studies.models import Theme


class Audience(models.Model):
    """Members of these communities to whom all of the rest applies; what is left empty applies to everybody.

    It belongs to one newsletter or has a name. A newsletter without one goes to its own community. Consent is no part
    of it: whoever has not agreed is never reached (``communities.audiences``).
    """

    newsletter = models.OneToOneField(
        Newsletter, on_delete=models.CASCADE, null=True, blank=True, related_name="audience"
    )
    name = models.CharField(max_length=80, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    communities = models.ManyToManyField(Community, blank=True, related_name="+")
    themes = models.ManyToManyField(
        Theme, blank=True, related_name="+", help_text="Every public community of a study of these."
    )
    involvement = models.JSONField(default=list, blank=True, help_text="Any of these kinds of involvement.")
    organisation = models.CharField(max_length=200, blank=True, help_text="Any of these, between commas, occurs in it.")
    area = models.CharField(max_length=200, blank=True, help_text="Any of these, between commas, occurs in it.")
    joined_from = models.DateField(null=True, blank=True, help_text="Joined one of the communities on it or later.")
    joined_until = models.DateField(null=True, blank=True, help_text="Joined one of the communities on it or before.")
    also_agreed = models.JSONField(default=list, blank=True, help_text="Purposes whose consent must stand as well.")
    without_communities = models.ManyToManyField(Community, blank=True, related_name="+")
    without_newsletters = models.ManyToManyField(
        Newsletter, blank=True, related_name="+", help_text="Nobody who was sent one of these."
    )
    saved_at = models.DateTimeField(default=timezone.now)

    objects = AudienceQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=["saved_at"],
        m2m_fields=["communities", "themes", "without_communities", "without_newsletters"],
    )

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(newsletter__isnull=False, name="") | (Q(newsletter=None) & ~Q(name="")),
                name="audience_of_a_newsletter_or_named",
            ),
            models.CheckConstraint(
                condition=Q(joined_from=None) | Q(joined_until=None) | Q(joined_until__gte=F("joined_from")),
                name="audience_joined_in_order",
            ),
            models.UniqueConstraint(
                "owner", Lower("name"), condition=Q(newsletter=None), name="audience_name_once_per_owner"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Audience of {self.newsletter}"
