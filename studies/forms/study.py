"""Forms that make a study, edit it, and choose between two people's versions of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format

from people.nhs_forms import NhsDateField
from people.slugs import slug_of
from studies.forms.base import StudiesForm
from studies.models import RESERVED_SLUGS, Study, Theme
from studies.models.study import validate_slug_is_free
from studies.services import Difference, create_study, edit_study
from studies.services.editing import EDITABLE, base_of, differences

_SUMMARY_HINT = (
    "For people who know nothing about the research: what you ask, why it matters and what will happen. "
    "Use short sentences and everyday words. Everyone can see it, so name no one who takes part."
)


class _StudyFields(StudiesForm):
    """The fields that are filled in when a study is made and when it is edited."""

    title = forms.CharField(label="Title", max_length=300, error_messages={"required": "Enter the title of the study."})
    field_options: ClassVar = {
        "acronym": {"width": 20},
        "slug": {"width": 30},
        "summary": {"count": True, "rows": 10},
        "research_question": {"rows": 4},
    }

    acronym = forms.CharField(
        label="Acronym", max_length=30, required=False, help_text="What people call it for short."
    )
    theme = forms.ModelChoiceField(
        Theme.objects.research(),
        label="Research theme",
        empty_label="Choose a theme",
        error_messages={"required": "Choose the research theme that the study belongs to."},
    )
    summary = forms.CharField(
        label="Plain-English summary",
        required=False,
        max_length=10_000,
        widget=forms.Textarea,
        help_text=_SUMMARY_HINT,
    )
    research_question = forms.CharField(
        label="Research question",
        required=False,
        max_length=5_000,
        widget=forms.Textarea,
        help_text="As the protocol asks it.",
    )
    design = forms.ChoiceField(
        label="Design",
        required=False,
        choices=[("", "Not chosen yet"), *Study.Design.choices],
    )
    starts_on = NhsDateField(label="Start date", subject="The start date", required=False)
    ends_on = NhsDateField(label="End date", subject="The end date", required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse an end before the start."""
        data = super().clean() or {}
        starts_on, ends_on = data.get("starts_on"), data.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error("ends_on", "The end date must be the same as or after the start date.")
        return data


class NewStudyForm(_StudyFields):
    """Makes a study."""

    submit_label = "Create the study"

    slug = forms.SlugField(
        label="Web address",
        max_length=80,
        required=False,
        validators=[validate_slug_is_free],
        help_text="Small letters, digits and hyphens. Leave it empty to make it from the acronym or title. "
        "It cannot be changed later, because others link to it.",
        error_messages={"invalid": "Use only small letters, digits and hyphens."},
    )
    field_order = ("title", "acronym", "slug", "theme")

    def clean_slug(self) -> str:
        """In small letters; refuse an address that is taken."""
        slug = str(self.cleaned_data["slug"]).lower()
        validate_slug_is_free(slug)
        if slug and Study.objects.filter(slug=slug).exists():
            raise ValidationError("Another study already has this web address.", code="unique")
        return slug

    def perform(self) -> Study:
        """Make the study."""
        data = self.cleaned_data
        slug = data["slug"] or free_slug(data["acronym"] or data["title"])
        return create_study(slug=slug, fields={field: data[field] for field in EDITABLE}, by=self.by)


def free_slug(name: str) -> str:
    """A web address made from a name that no study has and the portal does not use."""
    stem = slug_of(name)[:70].strip("-") or "study"
    taken = {*RESERVED_SLUGS, *Study.objects.filter(slug__startswith=stem).values_list("slug", flat=True)}
    number, slug = 1, stem
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug


class EditStudyForm(_StudyFields):
    """Edits a study, from the version of it that the person was shown.

    Only programme staff may move it to another theme, because a theme's leads look after its studies.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        now = {field: getattr(study, field) for field in EDITABLE}
        kwargs.setdefault("initial", {**now, "version": study.version})
        super().__init__(*args, study=study, **kwargs)
        if not self.by.has_perm("studies.manage_studies"):
            del self.fields["theme"]

    @property
    def yours(self) -> dict[str, Any]:
        """What was sent, with a value for every field that can be edited."""
        return {field: self.cleaned_data.get(field, getattr(self.the_study, field)) for field in EDITABLE}

    def perform(self) -> Study:
        """Save the edit. Raises ``EditConflictError`` where somebody else saved the study in the meantime."""
        return edit_study(study=self.the_study, fields=self.yours, version=self.cleaned_data["version"], by=self.by)


class MergeForm(StudiesForm):
    """Chooses, field by field, between what somebody else saved and what this person sent.

    ``edit`` is the valid form that they sent. ``base`` is the version that they began from and ``version`` the one
    that they are shown now; saving is against the latter, so that a third person's edit is noticed too.
    """

    submit_label = "Save these choices"
    base = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args: Any, edit: EditStudyForm, found: Sequence[Difference], **kwargs: Any) -> None:
        super().__init__(*args, study=edit.the_study, by=edit.by, **kwargs)
        self.edit = edit
        self.found = found
        for difference in found:
            label = _lower_first(str(edit.fields[difference.field].label))
            self.fields[f"keep_{difference.field}"] = forms.ChoiceField(
                label=f"Which {label} do you want to keep?",
                choices=[("theirs", "Theirs, as it is saved now"), ("yours", "Yours")],
                widget=forms.RadioSelect,
                initial=difference.kept,
                error_messages={"required": f"Choose which {label} you want to keep."},
            )

    @property
    def chosen(self) -> dict[str, Any]:
        """The fields as they are to be saved."""
        fields = self.edit.yours
        shown = base_of(self.the_study, self.cleaned_data["version"]) or self.the_study
        for difference in self.found:
            if self.cleaned_data[f"keep_{difference.field}"] == "theirs":
                fields[difference.field] = getattr(shown, difference.field)
        return fields

    def perform(self) -> Study:
        """Save the choices. Raises ``EditConflictError`` where a third edit came between."""
        return edit_study(study=self.the_study, fields=self.chosen, version=self.cleaned_data["version"], by=self.by)

    @property
    def sections(self) -> list[dict[str, Any]]:
        """What the page shows of each field: its three versions in words, and the choice."""
        return [
            {
                "label": str(self.edit.fields[each.field].label),
                "was": in_words(each.field, each.was) if each.was_known else None,
                "theirs": in_words(each.field, each.theirs),
                "yours": in_words(each.field, each.yours),
                "clashes": each.clashes,
                "field": self[f"keep_{each.field}"],
            }
            for each in self.found
        ]


def _lower_first(label: str) -> str:
    return label[:1].lower() + label[1:]


def in_words(field: str, value: Any) -> Any:
    """A value of a study as the page shows it."""
    if field == "theme":
        return Theme.objects.filter(pk=value).first() or ""
    if field == "design":
        return dict(Study.Design.choices).get(value, "")
    return date_format(value, "DATE_FORMAT") if isinstance(value, dt.date) else value


def conflict_form(edit: EditStudyForm, base: int, data: Any = None) -> MergeForm:
    """The choice that a person has after ``edit`` met another version of the study; ``data`` is what they chose."""
    study = Study.objects.select_related("theme").get(pk=edit.the_study.pk)
    edit.study = study
    found = differences(study=study, yours=edit.yours, version=base)
    return MergeForm(
        data,
        edit=edit,
        found=found,
        initial={"base": base, "version": study.version, **{f"keep_{each.field}": each.kept for each in found}},
    )
