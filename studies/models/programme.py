"""The programme, how it chose its studies, its themes, and the networks that were there before it."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from people.addresses import slug_address
from studies.querysets import ProgrammeManager, ThemeQuerySet


class Loaded(models.Model):
    """A row that a programme file may own: remembers what the file last said, so that a second load can tell what
    staff have changed since.
    """

    loaded = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        abstract = True


class Programme(Loaded):
    """The one CLAHRC that this installation serves."""

    name = models.CharField(max_length=300)
    short_name = models.CharField(max_length=60)
    funder = models.CharField(max_length=200, blank=True)
    region = models.CharField(max_length=300, blank=True)
    population = models.PositiveIntegerField(null=True, blank=True, help_text="People who live in the region.")
    starts_on = models.DateField()
    ends_on = models.DateField()
    aims = models.JSONField(default=list, blank=True)
    communications = models.JSONField(default=list, blank=True)
    target_associates = models.PositiveIntegerField("associates to join in the first year", default=0)
    target_fellows = models.PositiveIntegerField("diffusion fellows to be seconded", default=0)
    secondment_days_per_week = models.DecimalField(max_digits=2, decimal_places=1, default=1)
    secondment_max_years = models.PositiveSmallIntegerField(default=5)
    fellows_per_study_min = models.PositiveSmallIntegerField(default=1)
    fellows_per_study_max = models.PositiveSmallIntegerField(default=3)
    only = models.BooleanField(default=True, editable=False, unique=True)

    objects = ProgrammeManager()
    history = HistoricalRecords()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(only=True), name="programme_only_one"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="programme_ends_after_start"),
            models.CheckConstraint(
                condition=Q(fellows_per_study_min__lte=F("fellows_per_study_max")), name="programme_fellows_range"
            ),
        ]

    def __str__(self) -> str:
        return self.short_name

    @property
    def time_of_a_fellow(self) -> str:
        """How much of a week a secondment usually takes, in words: ``one day a week``, ``2.5 days a week``."""
        days = self.secondment_days_per_week
        usual = {Decimal("0.5"): "half a day", Decimal(1): "one day", Decimal(2): "two days", Decimal(3): "three days"}
        return f"{usual.get(days) or f'{days.normalize():f} days'} a week"


class Consultation(Loaded):
    """How the programme chose its studies: whom it asked, when, and what came of it."""

    programme = models.OneToOneField(Programme, on_delete=models.CASCADE, related_name="consultation")
    held_in = models.CharField(max_length=7, help_text="Year and month, such as 2008-05.")
    respondents = models.JSONField(default=list, blank=True)
    invited = models.PositiveIntegerField(default=0)
    took_part = models.PositiveIntegerField(default=0)
    outcomes = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(took_part__lte=F("invited")), name="consultation_took_part")
        ]

    def __str__(self) -> str:
        return f"Consultation of {self.held_in}"


class Theme(Loaded):
    """A research theme, to which studies belong, or an implementation theme, which works into every study."""

    class Kind(models.TextChoices):
        """Research themes are carried by the implementation themes (the paper's Figure 1)."""

        RESEARCH = "research", "Research"
        IMPLEMENTATION = "implementation", "Implementation"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=15, choices=Kind.choices)
    description = models.TextField(blank=True)
    leads = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="themes_led")
    position = models.PositiveSmallIntegerField(default=0)

    objects = ThemeQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The theme's public page."""
        return slug_address("theme_detail", self.slug)


class ExistingNetwork(Loaded):
    """A network that was there before the programme, on which communities build."""

    name = models.CharField(max_length=200, unique=True)
    host = models.CharField(max_length=200, blank=True)
    theme = models.ForeignKey(Theme, on_delete=models.PROTECT, related_name="existing_networks")
    note = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
