"""Sending back what somebody else wrote, with what has to be changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django import forms

from people.nhs_forms import NhsFormMixin


class SendBackForm(NhsFormMixin, forms.Form):
    """What has to be changed in a newsletter before it is approved."""

    submit_label = "Send it back"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {"words": {"rows": 6, "count": True}}

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    words = forms.CharField(
        label="What should be changed?",
        max_length=2_000,
        widget=forms.Textarea,
        help_text="Whoever wrote it gets this by email, and it stands with the draft.",
        error_messages={"required": "Say what should be changed."},
    )

    def rebased_on(self, version: int) -> Self:
        """The same words, for what is to be changed as it is now."""
        form = type(self)({"version": version, "words": self.cleaned_data["words"]})
        form.is_valid()
        return form


class SectionBackForm(SendBackForm):
    """What has to be changed in a section of a monthly update before it is approved."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "words"
        ].help_text = "Those who look after the community get this by email, and it stands with the draft."
