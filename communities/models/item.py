"""What is new in a community and is neither an event nor a newsletter."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from communities.models.community import Community
from communities.update_querysets import CommunityItemQuerySet


class CommunityItem(models.Model):
    """A piece of news, a resource or an insight that a community shares with everybody, on its own page."""

    class Kind(models.TextChoices):
        """What it is; the monthly update groups by it."""

        NEWS = "news", "News"
        RESOURCE = "resource", "Resource"
        INSIGHT = "insight", "Insight"

    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    title = models.CharField(max_length=150)
    words = models.TextField()
    link = models.URLField(max_length=500, blank=True, validators=[URLValidator(schemes=["http", "https"])])
    published_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = CommunityItemQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["updated_at"])

    class Meta:
        ordering: ClassVar = ["-published_at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["community", "-published_at"], name="community_item_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["news", "resource", "insight"]), name="community_item_kind_known"
            ),
            models.CheckConstraint(condition=~Q(title="") & ~Q(words=""), name="community_item_says_something"),
            models.CheckConstraint(
                condition=Q(link="") | Q(link__istartswith="https://") | Q(link__istartswith="http://"),
                name="community_item_link_is_web",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its place on the page of all that the community shared."""
        return f"{reverse('communities:items', args=[self.community.slug])}#item-{self.pk}"
