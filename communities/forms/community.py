"""Forms by which communities are found and looked after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from communities.forms.versioned import VersionedForm
from communities.models import Colour, Community, Membership
from people.form_fields import field_of
from people.nhs_forms import NhsFormMixin
from studies.filters import theme_choices

_LONG = 20_000


class CommunityForm(NhsFormMixin, VersionedForm):
    """What a community says of itself, and whether it is open to join."""

    submit_label = "Save"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "description": {"rows": 8},
        "ground_rules": {"rows": 8},
    }

    class Meta:
        model = Community
        fields = ("name", "description", "ground_rules", "grew_from", "open_to_join", "colour")
        labels: ClassVar = {
            "description": "What the community is for",
            "grew_from": "Network that it grew from",
            "open_to_join": "Open to new associates",
        }
        help_texts: ClassVar = {
            "description": "Plain English. A blank line begins a new paragraph; lines that begin with - are a list.",
            "ground_rules": "What members can expect of each other.",
            "colour": "Behind the community's name at the head of its emails.",
        }
        error_messages: ClassVar = {"name": {"required": "Enter the community's name."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "grew_from", forms.ModelChoiceField).empty_label = "None"
        field_of(self, "colour", forms.ChoiceField).choices = [("", "The programme's own"), *Colour.choices]
        for name in ("description", "ground_rules"):
            field_of(self, name, forms.CharField).max_length = _LONG
            self.fields[name].validators.append(forms.CharField(max_length=_LONG).validators[0])


class StageForm(NhsFormMixin, forms.Form):
    """Which stage a community moves to, and why."""

    submit_label = "Move to this stage"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "stage": {
            "hints": {
                "forming": "People are being found and asked to join.",
                "active": "It meets, and the programme looks after it.",
                "self_sustaining": "It goes on by itself, with some help from the programme.",
                "member_led": "Its members lead it, without the programme.",
            }
        }
    }

    stage = forms.ChoiceField(
        choices=Community.Stage.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a stage.", "invalid_choice": "Choose a stage from the list."},
    )
    reason = forms.CharField(
        label="Why?",
        help_text="This is kept in the community's history.",
        max_length=2000,
        widget=forms.Textarea,
        error_messages={"required": "Say why the community moves to this stage."},
    )


class MemberSearchForm(forms.Form):
    """Search of a community's members."""

    q = forms.CharField(label="Name, email address or organisation", required=False, max_length=200)
    role = forms.ChoiceField(label="Role", required=False, choices=[("", "Any"), *Membership.Role.choices])


class CommunityFilterForm(forms.Form):
    """Search, filters and order of the list of communities."""

    q = forms.CharField(label="Search", required=False)
    theme = forms.ChoiceField(label="Theme", required=False)
    stage = forms.ChoiceField(label="Stage", required=False, choices=[("", "Any stage"), *Community.Stage.choices])
    sort = forms.ChoiceField(
        label="Order", required=False, choices=[("theme", "By theme"), ("name", "By name"), ("size", "Largest first")]
    )
    mark_optional = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "theme", forms.ChoiceField).choices = [("", "Any theme"), *theme_choices()]
