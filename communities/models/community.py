"""Communities of practice and the stages they have been through."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from communities.querysets import CommunityQuerySet
from people.addresses import slug_address
from studies.models import ExistingNetwork, Loaded, Study

#: Words in the address of a community that mean something else (communities/urls/communities.py).
RESERVED_SLUGS = frozenset({"join", "confirm", "preferences", "unsubscribe", "manage", "link", "mine", "new"})


def new_key() -> str:
    """A name for a row that says nothing about it: 22 characters, 128 bits."""
    return secrets.token_urlsafe(16)


class Colour(models.TextChoices):
    """Colours of the NHS identity on which white words have a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""

    DARK_BLUE = "#003087", "Dark blue"
    DARK_GREEN = "#006747", "Dark green"
    PURPLE = "#330072", "Purple"
    DARK_PINK = "#7c2855", "Dark pink"
    DARK_RED = "#8a1538", "Dark red"
    GREY = "#425563", "Grey"


class Community(Loaded):
    """The community of practice around one study."""

    class Stage(models.TextChoices):
        """On its way to needing the programme no more."""

        FORMING = "forming", "Forming"
        ACTIVE = "active", "Active"
        SELF_SUSTAINING = "self_sustaining", "Self-sustaining"
        MEMBER_LED = "member_led", "Member-led"

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="community")
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    ground_rules = models.TextField(blank=True)
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.FORMING)
    grew_from = models.ForeignKey(
        ExistingNetwork, on_delete=models.SET_NULL, null=True, blank=True, related_name="communities"
    )
    open_to_join = models.BooleanField(default=True)
    colour = models.CharField(
        "colour of its newsletters", max_length=10, choices=Colour.choices, blank=True, default=""
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = CommunityQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["loaded"])

    class Meta:
        ordering: ClassVar = ["study__theme__position", "study__position", "name"]
        verbose_name_plural = "communities"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The community's public page."""
        return slug_address("communities:detail", self.slug)

    @property
    def is_public(self) -> bool:
        """Whether anyone may see it, as ``CommunityQuerySet.public`` asks the database; reads the study."""
        return self.study.is_public


class CommunityMove(models.Model):
    """A community went from one stage to another: who moved it, when and why. Never changed, never deleted."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="moves")
    from_stage = models.CharField(max_length=20, choices=Community.Stage.choices)
    to_stage = models.CharField(max_length=20, choices=Community.Stage.choices)
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    moved_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField()

    class Meta:
        ordering: ClassVar = ["-moved_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(from_stage=F("to_stage")), name="community_move_moves"),
            models.CheckConstraint(condition=~Q(reason=""), name="community_move_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_from_stage_display()} to {self.get_to_stage_display()}"
