"""Table 1 of the paper (Rowley et al. 2012), live: each research theme with its studies and their diffusion fellows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from fellows.models import FellowPost
from people.addresses import slug_address
from people.compiled import compiled, compiled_list
from people.dated import stands_on
from studies.models import Study, Theme

#: How many lines of the table, the themes' names among them, ``static/scss/_pages.scss`` keeps level.
LEVEL = 40


@dataclass(frozen=True, slots=True)
class StudyCell:
    """A study as the table shows it."""

    title: str
    url: str
    fellows: int
    vacancies: int
    community_url: str

    @property
    def fellows_in_words(self) -> str:
        """How many are in post and what is vacant, as in "2" or "1, position currently vacant"."""
        number = str(self.fellows) if self.fellows else ""
        if not self.vacancies:
            return number or "no position yet"
        if number and self.vacancies > 1:
            return f"{number}, {self.vacancies} positions currently vacant"
        vacant = "positions currently vacant" if self.vacancies > 1 else "position currently vacant"
        return f"{number}, {vacant}" if number else vacant


@dataclass(frozen=True, slots=True)
class Column:
    """A research theme and its studies."""

    name: str
    url: str
    studies: list[StudyCell]


@dataclass(frozen=True, slots=True)
class TableOne:
    """The whole table with its totals."""

    columns: list[Column]

    @property
    def longest(self) -> int:
        """How many studies the theme with the most of them has."""
        return max((len(column.studies) for column in self.columns), default=0)

    @property
    def is_long(self) -> bool:
        """Whether a theme has more studies than the stylesheet keeps level with those of the others."""
        return self.longest >= LEVEL

    @property
    def studies(self) -> int:
        """How many studies there are."""
        return sum(len(column.studies) for column in self.columns)

    @property
    def fellows(self) -> int:
        """How many diffusion fellows are in post today."""
        return sum(study.fellows for column in self.columns for study in column.studies)

    @property
    def vacancies(self) -> int:
        """How many open posts have nobody in them today."""
        return sum(study.vacancies for column in self.columns for study in column.studies)


def table_1(themes: Iterable[Theme] | None = None) -> TableOne:
    """The table as it stands today, from three queries however many studies there are.

    Shows what is public: no archived study, none that was not taken forward, and no names of fellows. ``themes``
    narrows it to some of the research themes.
    """
    columns = list(_research_themes()) if themes is None else list(themes)
    cells: dict[int, list[StudyCell]] = {theme.pk: [] for theme in columns}
    fellows = {study: (filled, posts) for study, filled, posts in _fellows_by_study()}
    for pk, theme, slug, acronym, title, community in _studies(*cells):
        in_post, posts = fellows.get(pk, (0, 0))
        cells[theme].append(
            StudyCell(
                title=f"{title} ({acronym})" if acronym else title,
                url=slug_address("studies:detail", slug),
                fellows=in_post,
                vacancies=posts - in_post,
                community_url=slug_address("communities:detail", community) if community else "",
            )
        )
    return TableOne([Column(theme.name, theme.get_absolute_url(), cells[theme.pk]) for theme in columns])


@compiled_list
def _research_themes() -> QuerySet[Theme, tuple[Any, ...]]:
    return Theme.objects.research().values_list("pk", "slug", "name")


@compiled
def _studies(*themes: int) -> QuerySet[Study, tuple[Any, ...]]:
    studies = Study.objects.public().filter(theme__in=themes).order_by("theme__position", "position", "title", "pk")
    return studies.values_list("pk", "theme", "slug", "acronym", "title", "community__slug")


@compiled
def _fellows_by_study() -> QuerySet[FellowPost, tuple[int, int, int]]:
    """For each study with open posts: how many are filled today, and how many there are."""
    running = stands_on(timezone.localdate(), "secondments__")
    posts = FellowPost.objects.open().order_by().values("study")
    counted = posts.annotate(filled=Count("pk", filter=running, distinct=True), posts=Count("pk", distinct=True))
    return counted.values_list("study", "filled", "posts")
