"""Reads of the programme and its studies that have a name."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from people.models import User
    from studies.models import Programme, Study, StudyPerson, Suggestion, Theme


class ProgrammeManager(models.Manager["Programme"]):
    """The one programme."""

    def current(self) -> Programme | None:
        """The programme that this installation serves, or None before a file is loaded."""
        return self.first()


class ThemeQuerySet(models.QuerySet["Theme"]):
    """Themes."""

    def research(self) -> ThemeQuerySet:
        """Those that studies belong to."""
        return self.filter(kind="research")

    def implementation(self) -> ThemeQuerySet:
        """Those that work into every study."""
        return self.filter(kind="implementation")


class StudyQuerySet(models.QuerySet["Study"]):
    """Studies."""

    def current(self) -> StudyQuerySet:
        """Those that staff have not archived."""
        return self.filter(archived_at=None)

    def public(self) -> StudyQuerySet:
        """Those that anyone may see: not archived, and past a mere proposal that went no further."""
        return self.current().exclude(stage="not_taken_forward")


class StudyPersonQuerySet(models.QuerySet["StudyPerson"]):
    """Who is on which study."""

    def on(self, day: dt.date) -> StudyPersonQuerySet:
        """Those in the role on a day."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)

    def today(self) -> StudyPersonQuerySet:
        """Those in the role today."""
        return self.on(timezone.localdate())

    def of(self, user: User) -> StudyPersonQuerySet:
        """What one person does, on every study."""
        return self.filter(user=user)


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    """Suggestions made to studies."""

    def waiting(self) -> SuggestionQuerySet:
        """Those without an answer."""
        return self.filter(status="open")
