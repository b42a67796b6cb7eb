"""The form of a community's news, resources and insights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from communities.forms.fields import WebAddressField
from communities.forms.versioned import VersionedForm
from communities.models import CommunityItem
from communities.validators import validate_no_placeholder, validate_plain_subject
from people.form_fields import field_of
from people.nhs_forms import NhsFormMixin


class ItemForm(NhsFormMixin, VersionedForm):
    """What is shared: its kind, a title, words and perhaps a link."""

    submit_label = "Save"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "kind": {
            "hints": {
                "news": "Something happened, or will.",
                "resource": "Something to use: a leaflet, a tool, a recording, a paper.",
                "insight": "Something that the community has learned.",
            }
        },
        "title": {"count": True},
        "words": {"rows": 8},
    }

    words = forms.CharField(
        label="What is it about?",
        widget=forms.Textarea,
        max_length=5_000,
        help_text=(
            "A few sentences in plain English. A blank line begins a new paragraph; lines that begin with - are a "
            "list. Write a link as [words](https://address)."
        ),
        error_messages={"required": "Say what it is about."},
    )
    link = WebAddressField(
        label="Link",
        help_text="Where people find it, such as https://www.example.org/leaflet.",
        required=False,
        max_length=500,
        error_messages={"invalid": "Enter the whole web address, such as https://www.example.org/leaflet."},
    )

    class Meta:
        model = CommunityItem
        fields = ("kind", "title", "words", "link")
        labels: ClassVar = {"kind": "What do you want to share?"}
        widgets: ClassVar = {"kind": forms.RadioSelect}
        error_messages: ClassVar = {
            "kind": {"required": "Choose what you want to share."},
            "title": {"required": "Enter a title."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "kind", forms.ChoiceField).choices = CommunityItem.Kind.choices
        self.fields["title"].validators.append(validate_plain_subject)
        for name in ("title", "words", "link"):
            self.fields[name].validators.append(validate_no_placeholder)
