"""Figure 1 of the paper, from the data: the research themes, carried by the implementation themes across them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from people.compiled import compiled_list
from studies.models import Theme
from studies.querysets import is_public

#: Pillars that stand side by side with room for their names between beams that cross them.
_MOST_ABREAST = 6


@dataclass(frozen=True, slots=True)
class Figure:
    """The pillars, each a research theme with ``number_of_studies``, and the beams that cross them all."""

    pillars: list[Theme]
    beams: list[Theme]

    @property
    def is_crossed(self) -> bool:
        """Whether the beams are drawn across the pillars: there are some, and no more pillars than fit in a row."""
        return bool(self.beams) and len(self.pillars) <= _MOST_ABREAST


def figure_1() -> Figure:
    """The figure as the programme's themes make it today, in one query."""
    themes = list(_themes())
    return Figure(
        pillars=[theme for theme in themes if theme.kind == Theme.Kind.RESEARCH],
        beams=[theme for theme in themes if theme.kind == Theme.Kind.IMPLEMENTATION],
    )


@compiled_list
def _themes() -> QuerySet[Theme, tuple[Any, ...]]:
    public = Count("studies", filter=is_public("studies__"))
    counted = Theme.objects.annotate(number_of_studies=public).order_by("position", "pk")
    return counted.values_list("pk", "slug", "name", "kind", "number_of_studies")
