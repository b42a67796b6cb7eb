"""Forms of the monthly update: what a community tells in it, and when it goes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from crispy_forms.layout import Submit
from django import forms
from django.template.defaultfilters import truncatechars
from django.utils import timezone

from communities.forms.event import refuse_ambiguous
from communities.forms.versioned import Difference, VersionedForm
from communities.markup import pieces
from communities.models import UpdateSection
from communities.validators import validate_no_placeholder
from people.form_fields import field_of
from people.nhs_forms import NhsDateTimeField, NhsFormMixin


class SectionForm(NhsFormMixin, VersionedForm):
    """A community's section of an update: its introduction, and which entries are in it."""

    APPROVE = "approve"
    mark_optional = False

    introduction = forms.CharField(
        label="Introduction",
        required=False,
        max_length=2_000,
        widget=forms.Textarea,
        help_text=(
            "If you like: a few sentences to your members. A blank line begins a new paragraph. Write a link as "
            "[words](https://address)."
        ),
        validators=[validate_no_placeholder],
    )
    entries = forms.MultipleChoiceField(
        label="What is new",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Take the tick away from what does not belong in the email.",
        error_messages={"invalid_choice": "One of these is no longer there. Choose from the boxes shown."},
    )

    class Meta:
        model = UpdateSection
        fields = ("introduction",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = list(self.instance.entries.all())
        field_of(self, "entries", forms.ChoiceField).choices = [(str(row.pk), str(row)) for row in self.rows]
        self.initial["entries"] = [str(row.pk) for row in self.rows if row.included]

    @property
    def field_options(self) -> Mapping[str, Mapping[str, Any]]:  # type: ignore[override]
        """Each entry with the beginning of its words."""
        hints = {str(row.pk): truncatechars(_in_one_line(row.words), 160) for row in self.rows if row.words}
        return {"introduction": {"rows": 5}, "entries": {"hints": hints}}

    def buttons(self) -> list[Submit]:
        """Save it, or save and approve it."""
        return [
            Submit(self.APPROVE, "Approve"),
            Submit("save", "Save and see the email", css_class="nhsuk-button--secondary"),
        ]

    @property
    def included(self) -> set[int]:
        """The keys of the entries that are ticked. Only after ``is_valid()``."""
        return {int(key) for key in self.cleaned_data["entries"]}

    def differences_from(self, current: Any) -> list[Difference]:
        """The introduction, and which entries are ticked."""
        found = super().differences_from(current)
        theirs = [row for row in current.entries.all() if row.included]
        if {row.pk for row in theirs} != self.included:
            found.append(Difference("What is new", "\n".join(map(str, theirs))))
        return found


def _in_one_line(words: str) -> str:
    return " ".join(line for piece in pieces(words) for line in piece.lines)


class DeadlineForm(NhsFormMixin, forms.Form):
    """When an update goes."""

    submit_label = "Save"

    closes_at = NhsDateTimeField(
        label="When should it go?",
        subject="The time",
        help_text="In London's time. For example 8 3 2027 at 5pm. It goes within the hour, between 8am and 6pm.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["closes_at"].required = True

    def clean_closes_at(self) -> dt.datetime:
        """The time, if it comes once and is to come."""
        moment: dt.datetime = self.cleaned_data["closes_at"]
        refuse_ambiguous(moment)
        if moment <= timezone.now():
            raise forms.ValidationError("Choose a time that is still to come, or send it now.", code="past")
        return moment
