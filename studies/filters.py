"""What the lists of studies and of their suggestions can be searched for, filtered by and put in the order of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django import forms
from django.db import models
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When
from django.db.models.expressions import OrderBy

from people.compiled import compiled
from people.models import User
from studies.models import Study, StudyPerson, Suggestion, Theme
from studies.querysets import StudyQuerySet, SuggestionQuerySet

#: What staff should put right: the filter's value, its words, the annotation of ``with_flags`` that says so, and the
#: words that fit a column.
FLAGS = (
    ("no_service_user", "No service user on the steering committee", "lacks_service_user", "No service user"),
    ("no_lead", "No study lead", "lacks_lead", "No lead"),
    ("no_summary", "No plain-English summary", "lacks_summary", "No summary"),
    ("overdue", "Past its end date", "is_overdue", "Overdue"),
)
_SHOWN = (("current", "Current studies"), ("archived", "Archived studies"), ("all", "All studies"))
_STAGE_ORDER = Case(
    *[When(stage=stage, then=Value(number)) for number, stage in enumerate(Study.Stage.values)],
    output_field=IntegerField(),
)
#: What the list may be put in the order of, by the value of ``sort``.
_SORTS: dict[str, Any] = {
    "title": F("title"),
    "acronym": F("acronym"),
    "theme": F("theme__position"),
    "stage": _STAGE_ORDER,
    "design": F("design"),
    "lead": F("lead_name"),
    "starts": F("starts_on"),
    "ends": F("ends_on"),
}
_DEFAULT_ORDER = ("theme__position", "position", "title", "pk")


@compiled
def _flags(*studies: int) -> models.QuerySet[Study, tuple[Any, ...]]:
    found = Study.objects.filter(pk__in=studies).order_by().with_flags()
    return found.values_list("pk", "lead_name", *(annotation for _, _, annotation, _ in FLAGS))


def flag(studies: Sequence[Study]) -> None:
    """Put on a page of studies what ``with_flags`` would have: to ask for these rows alone is quicker."""
    flags = {pk: found for pk, *found in (_flags(*(study.pk for study in studies)) if studies else [])}
    names = ("lead_name", *(annotation for _, _, annotation, _ in FLAGS))
    for study in studies:
        vars(study).update(zip(names, flags[study.pk], strict=True))


@compiled
def _leads() -> models.QuerySet[User, tuple[Any, ...]]:
    """Who leads a study today: those that the list can be filtered by."""
    leads = StudyPerson.objects.today().filter(role=StudyPerson.Role.LEAD)
    return User.objects.filter(pk__in=leads.values("user")).values_list("pk", "full_name", "email")


@compiled
def theme_choices() -> models.QuerySet[Theme, tuple[Any, ...]]:
    """The research themes, by slug, in words."""
    return Theme.objects.research().values_list("slug", "name")


def flags_of(study: Any, short: bool = False) -> list[str]:
    """What is to be put right on a study that ``with_flags`` annotated, in words or in ``short`` ones."""
    return [few if short else words for _, words, annotation, few in FLAGS if getattr(study, annotation)]


def _sort_choices() -> list[tuple[str, str]]:
    return [(f"{sign}{key}", f"{sign}{key}") for key in _SORTS for sign in ("", "-")]


class StudyFilter(django_filters.FilterSet):
    """Reads the query string of the list. What it does not understand it leaves out."""

    q = django_filters.CharFilter(method="by_words", label="Search", max_length=200)
    theme = django_filters.ChoiceFilter(field_name="theme__slug", label="Theme", empty_label="Any theme")
    stage = django_filters.ChoiceFilter(choices=Study.Stage.choices, label="Stage", empty_label="Any stage")
    design = django_filters.ChoiceFilter(
        choices=[*Study.Design.choices, ("none", "Not chosen yet")],
        label="Design", empty_label="Any design", method="by_design",
    )  # fmt: skip
    lead = django_filters.ChoiceFilter(label="Study lead", empty_label="Anyone", method="by_lead")
    flag = django_filters.ChoiceFilter(
        choices=[(value, words) for value, words, _, _ in FLAGS],
        label="To put right", empty_label="Anything", method="by_flag",
    )  # fmt: skip
    show = django_filters.ChoiceFilter(choices=_SHOWN, label="Show", empty_label=None, method="by_archive")
    sort = django_filters.ChoiceFilter(choices=_sort_choices(), method="in_order", widget=forms.HiddenInput)

    class Meta:
        model = Study
        fields = ("q", "theme", "stage", "design", "lead", "flag", "show", "sort")

    def get_form_class(self) -> type[forms.Form]:
        """With the themes and the leads of today to choose from."""
        self.filters["theme"].extra["choices"] = theme_choices()
        self.filters["lead"].extra["choices"] = [(pk, full_name or email) for pk, full_name, email in _leads()]
        found: type[forms.Form] = super().get_form_class()
        return found

    def filter_queryset(self, queryset: StudyQuerySet) -> StudyQuerySet:
        """What the query string says that the list understands."""
        return self.apply(queryset, self.form.cleaned_data)

    def apply(self, found: StudyQuerySet, asked: Mapping[str, str]) -> StudyQuerySet:
        """Those that are asked for; archived studies put aside and the rest in order unless they say otherwise."""
        for name, value in asked.items():
            found = self.filters[name].filter(found, value)
        if not asked.get("show"):
            found = found.current()
        return found if asked.get("sort") else found.order_by(*_DEFAULT_ORDER)

    @property
    def asked(self) -> dict[str, str]:
        """What the query string says that the list understands: with this alone it shows the same studies."""
        self.form.is_valid()
        return {key: value for key, value in self.form.cleaned_data.items() if value}

    def by_words(self, queryset: StudyQuerySet, name: str, value: str) -> StudyQuerySet:
        """Those with every one of the words in their title, acronym or people."""
        return queryset.matching(value)

    def by_design(self, queryset: StudyQuerySet, name: str, value: str) -> StudyQuerySet:
        """Those of a design, or of none yet."""
        return queryset.filter(design="" if value == "none" else value)

    def by_lead(self, queryset: StudyQuerySet, name: str, value: str) -> StudyQuerySet:
        """Those that somebody leads today."""
        led = StudyPerson.objects.today().filter(user=int(value), role=StudyPerson.Role.LEAD)
        return queryset.filter(pk__in=led.values("study"))

    def by_flag(self, queryset: StudyQuerySet, name: str, value: str) -> StudyQuerySet:
        """Those with this to put right."""
        annotation = {flag: annotation for flag, _, annotation, _ in FLAGS}[value]
        return queryset.with_flags().filter(**{annotation: True})

    def by_archive(self, queryset: StudyQuerySet, name: str, value: str) -> StudyQuerySet:
        """Current studies, archived ones or both."""
        return {
            "archived": queryset.exclude(archived_at=None),
            "all": queryset,
        }.get(value, queryset.current())

    def in_order(self, queryset: StudyQuerySet, name: str, value: str) -> StudyQuerySet:
        """In the order asked for; what is empty comes last, and equals in the list's own order."""
        column = _SORTS[value.removeprefix("-")]
        if column == F("lead_name"):
            queryset = queryset.with_flags()
        order = OrderBy(column, descending=value.startswith("-"), nulls_last=True)
        return queryset.order_by(order, *_DEFAULT_ORDER)


#: What a suggestion may wait for: the filter's value and its words. The first is what the list opens with.
_WAITING = (("answer", "An answer"), ("change", "A change that was promised"), ("either", "Either"))


class SuggestionFilter(django_filters.FilterSet):
    """Reads the query string of the list of suggestions that wait. What it does not understand it leaves out."""

    waiting = django_filters.ChoiceFilter(
        choices=_WAITING, label="Waiting for", empty_label=None, method="by_what_they_wait_for"
    )
    theme = django_filters.ModelChoiceFilter(
        queryset=Theme.objects.none(), field_name="study__theme", label="Theme", to_field_name="slug",
        empty_label="Any theme",
    )  # fmt: skip
    study = django_filters.ModelChoiceFilter(
        queryset=Study.objects.none(), label="Study", to_field_name="slug", empty_label="Any study"
    )
    source = django_filters.ChoiceFilter(choices=Suggestion.Source.choices, label="From", empty_label="Anyone")

    class Meta:
        model = Suggestion
        fields = ("waiting", "theme", "study", "source")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        studies = Study.objects.current().worked_on_by(user)
        to_address = Suggestion.objects.can_be_addressed().filter(study=OuterRef("pk"))
        # The study that is asked for stays in the list when its last suggestion has been answered.
        asked = Q(slug=self.data.get("study", ""))
        self.filters["study"].queryset = studies.filter(Exists(to_address) | asked).order_by("title", "pk")
        self.filters["theme"].queryset = Theme.objects.filter(pk__in=studies.order_by().values("theme"))

    def filter_queryset(self, queryset: SuggestionQuerySet) -> SuggestionQuerySet:
        """Those that wait for an answer, the oldest first, unless the query string says otherwise."""
        found = super().filter_queryset(queryset)
        if not self.form.cleaned_data.get("waiting"):
            found = found.waiting()
        return found.order_by("made_on", "pk")

    @property
    def is_narrowed(self) -> bool:
        """Whether something is filtered by."""
        return any(self.form.cleaned_data.values())

    def by_what_they_wait_for(self, queryset: SuggestionQuerySet, name: str, value: str) -> SuggestionQuerySet:
        """Those without an answer, those accepted and not yet acted on, or both."""
        both = queryset.can_be_addressed()
        return {"answer": queryset.waiting(), "change": both.exclude(status="open")}.get(value, both)
