"""Forms for a study's sites, identifiers and documents."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat

from people.models import Organisation
from people.nhs_forms import NhsDateField
from studies.forms.base import StudiesForm
from studies.identifiers import read_identifier
from studies.models import Study, StudyDocument, StudyIdentifier, StudySite
from studies.services import add_document, add_site, set_identifier
from studies.validators import ACCEPTED, ACCEPTED_WORDS, validate_document

_HINTS = {
    "isrctn": "8 digits, such as ISRCTN12345678.",
    "iras": "Such as 123456.",
    "cpms": "Such as 12345.",
    "doi": "Such as 10.1186/1748-5908-7-40.",
}


class SiteForm(StudiesForm):
    """Adds an organisation where the study runs."""

    submit_label = "Add this site"

    organisation = forms.ModelChoiceField(
        Organisation.objects.all(),
        label="Organisation",
        empty_label="Choose an organisation",
        error_messages={
            "required": "Choose the organisation where the study runs.",
            "invalid_choice": "Choose an organisation from the list.",
        },
    )
    place = forms.CharField(
        label="Place",
        max_length=200,
        required=False,
        help_text="The ward, clinic or school, if it matters which.",
    )
    opened_on = NhsDateField(label="Opened on", subject="The day it opened", required=False)

    def perform(self) -> StudySite:
        """Add the site."""
        return add_site(study=self.the_study, by=self.by, **self.cleaned_data)


class IdentifiersForm(StudiesForm):
    """The numbers by which registries know the study, one field for each registry."""

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        now = dict(study.identifiers.values_list("scheme", "value"))
        kwargs.setdefault("initial", now)
        super().__init__(*args, study=study, **kwargs)
        for scheme in StudyIdentifier.Scheme:
            self.fields[scheme.value] = forms.CharField(
                label=f"{scheme.label}", required=False, max_length=300, help_text=_HINTS[scheme.value]
            )

    def clean(self) -> dict[str, Any]:
        """Read each number as its registry writes it, and say what is wrong with those that cannot be."""
        data = super().clean() or {}
        for scheme in StudyIdentifier.Scheme.values:
            if data.get(scheme):
                self._clean_one(data, scheme)
        return data

    def _clean_one(self, data: dict[str, Any], scheme: str) -> None:
        try:
            value = read_identifier(scheme, data[scheme])
        except ValidationError as error:
            self.add_error(scheme, error)
            return
        data[scheme] = value
        if StudyIdentifier.objects.filter(scheme=scheme, value=value).exclude(study=self.study).exists():
            self.add_error(scheme, "Another study already has this number. Check it for a slip.")

    def perform(self) -> None:
        """Set all of them."""
        for scheme in StudyIdentifier.Scheme.values:
            set_identifier(study=self.the_study, scheme=scheme, value=self.cleaned_data.get(scheme, ""), by=self.by)


class DocumentForm(StudiesForm):
    """Uploads a document."""

    submit_label = "Upload the document"

    file = forms.FileField(
        label="File",
        validators=[validate_document],
        widget=forms.FileInput(attrs={"accept": ",".join(ACCEPTED)}),
        error_messages={"required": "Choose a file to upload.", "empty": "The file is empty. Choose another."},
    )
    title = forms.CharField(
        label="Title", max_length=200, required=False, help_text="Leave it empty to use the file's name."
    )
    kind = forms.ChoiceField(
        label="What is it?",
        choices=StudyDocument.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what the document is."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        largest = filesizeformat(settings.UPLOAD_MAX_BYTES)
        self.fields["file"].help_text = f"{ACCEPTED_WORDS}, up to {largest}. No patient's details."

    def perform(self) -> StudyDocument:
        """Keep the document."""
        data = self.cleaned_data
        return add_document(study=self.the_study, kind=data["kind"], title=data["title"], file=data["file"], by=self.by)
