"""The programme in a few numbers, for pages that anyone may see."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet, Subquery

from communities.models import Associate, Community, Membership
from fellows.models import FellowPost
from people.compiled import compiled
from studies.models import Programme, Study


@dataclass(frozen=True, slots=True)
class Numbers:
    """How far the programme is today, beside what it set out to do."""

    studies: int
    communities: int
    fellows: int
    target_fellows: int
    associates: int
    target_associates: int

    @property
    def fellows_note(self) -> str:
        """How many were planned, where the programme says."""
        return f"of {self.target_fellows:,} planned" if self.target_fellows else ""

    @property
    def associates_note(self) -> str:
        """How many were to join in the first year, where the programme says."""
        return f"first-year target {self.target_associates:,}" if self.target_associates else ""


def numbers(programme: Programme) -> Numbers:
    """Today's numbers, in one query. An associate counts once, however many communities they belong to."""
    [(studies, communities, fellows, associates)] = _counted(programme.pk)
    return Numbers(studies, communities, fellows, programme.target_fellows, associates, programme.target_associates)


@compiled
def _counted(programme: int) -> QuerySet[Programme, tuple[int, ...]]:
    members = Membership.objects.current().values("associate")
    return Programme.objects.filter(pk=programme).values_list(
        _count(Study.objects.public()),
        _count(Community.objects.public()),
        _count(FellowPost.objects.of_current_studies().filled()),
        _count(Associate.objects.filter(pk__in=members)),
    )


def _count(rows: QuerySet[Any, Any]) -> Subquery:
    """How many rows, as a column of another query."""
    how_many = Func(F("pk"), function="COUNT", output_field=IntegerField())
    return Subquery(rows.order_by().annotate(how_many=how_many).values("how_many"))


@dataclass(frozen=True, slots=True)
class ProgrammeYear:
    """One year of the programme, counted from the day it started; the last may be shorter."""

    number: int
    starts_on: dt.date
    ends_on: dt.date

    def __str__(self) -> str:
        return f"Year {self.number}"


def programme_years(programme: Programme) -> list[ProgrammeYear]:
    """The years of the programme in order; the first day of each is the anniversary of its start."""
    years: list[ProgrammeYear] = []
    starts_on = programme.starts_on
    while starts_on <= programme.ends_on:
        after = _anniversary(programme.starts_on, len(years) + 1)
        ends_on = min(after - dt.timedelta(days=1), programme.ends_on)
        years.append(ProgrammeYear(len(years) + 1, starts_on, ends_on))
        starts_on = after
    return years


def _anniversary(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return dt.date(day.year + years, 3, 1)
