"""The signup page's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crispy_forms.layout import HTML, Layout
from django import forms

from communities.forms.fields import AddressField, CommunitiesField
from communities.models import Community, Involvement, Purpose
from communities.validators import validate_plain_line
from communities.wording import consent_wordings
from people.form_fields import field_of
from people.nhs_forms import NhsFormMixin


class JoinForm(NhsFormMixin, forms.Form):
    """Which communities, who you are, and what you agree to be sent. Nothing that you agree to arrives ticked."""

    submit_label = "Join"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "communities": {"small": True},
        "name": {"autocomplete": "name"},
        "email": {"autocomplete": "email", "spellcheck": "false"},
        "organisation": {"autocomplete": "organization"},
    }

    communities = CommunitiesField(
        label="Which communities do you want to join?",
        help_text="Choose as many as you like.",
        error_messages={"required": "Choose at least one community to join."},
    )
    name = forms.CharField(
        label="Your name",
        max_length=150,
        validators=[validate_plain_line],
        error_messages={"required": "Enter your name."},
    )
    email = AddressField(
        label="Your email address",
        help_text="We send a link to this address. You have joined once you have followed it.",
        error_messages={"required": "Enter your email address."},
    )
    involvement = forms.ChoiceField(
        label="How are you involved?",
        help_text="Choose what fits best.",
        choices=Involvement.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose how you are involved.",
            "invalid_choice": "Choose how you are involved from the list.",
        },
    )
    organisation = forms.CharField(
        label="Organisation",
        required=False,
        max_length=200,
        validators=[validate_plain_line],
    )
    agree_newsletters = forms.BooleanField(required=False)
    agree_events = forms.BooleanField(required=False)
    agree_updates = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "communities", CommunitiesField).offer(Community.objects.open())
        self.wordings = consent_wordings()
        for purpose, wording in self.wordings.items():
            self.fields[f"agree_{purpose}"].label = wording

    def layout(self) -> Layout:
        """Agreement stands by itself, after all that is needed to join."""
        return Layout(
            "communities", "name", "email", "involvement", "organisation",
            HTML('<h2 class="nhsuk-heading-m">What may we email you?</h2>'
                 "<p>You can join without any of them. You can change your mind at any time.</p>"),
            "agree_newsletters", "agree_events", "agree_updates",
        )  # fmt: skip

    @property
    def agreed_to(self) -> dict[str, str]:
        """What was ticked: purpose → the words beside the box. Only after ``is_valid()``."""
        return {
            purpose.value: self.wordings[purpose.value]
            for purpose in Purpose
            if self.cleaned_data[f"agree_{purpose.value}"]
        }
