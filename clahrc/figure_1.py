"""Figure 1 of the paper, from the data: the research themes, carried by the implementation themes across them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from studies.models import Theme


@dataclass(frozen=True, slots=True)
class Figure:
    """The pillars, each a research theme with ``number_of_studies``, and the beams that cross them all."""

    pillars: list[Theme]
    beams: list[Theme]


def figure_1() -> Figure:
    """The figure as the programme's themes make it today, in one query."""
    public = Q(studies__archived_at=None) & ~Q(studies__stage="not_taken_forward")
    themes = list(Theme.objects.annotate(number_of_studies=Count("studies", filter=public)).order_by("position", "pk"))
    return Figure(
        pillars=[theme for theme in themes if theme.kind == Theme.Kind.RESEARCH],
        beams=[theme for theme in themes if theme.kind == Theme.Kind.IMPLEMENTATION],
    )
