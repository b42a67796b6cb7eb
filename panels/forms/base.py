"""What the panels app's forms have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from people.form_fields import NameField, PersonField, field_of
from people.models import Organisation
from people.nhs_forms import NhsFormMixin
from people.services import check_invitable

#: Longest text in one box, in characters: some five pages.
LONG = 10_000


class LongText(forms.CharField):
    """A text of several lines. Line ends count as one character, whichever way a browser sends them."""

    def __init__(self, *, rows: int = 6, **kwargs: Any) -> None:
        super().__init__(max_length=LONG, widget=forms.Textarea(attrs={"rows": rows}), **kwargs)

    def to_python(self, value: Any) -> str:
        """The text, with plain line ends."""
        return super().to_python(str(value or "").replace("\r\n", "\n").replace("\r", "\n")) or ""


class PanelsForm(NhsFormMixin, forms.Form):
    """A form in the portal's look, which is told where "Cancel" leads."""

    def __init__(self, *args: Any, cancel_url: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cancel_url = cancel_url


class PersonForm(PanelsForm):
    """Somebody who can log in already, or somebody new by name and email address."""

    mark_optional = False

    user = PersonField(
        label="Somebody who is on the portal already",
        required=False,
        empty_label="Nobody: invite somebody new",
    )
    full_name = NameField(label="Full name of somebody new", required=False)
    email = forms.EmailField(
        label="Their email address",
        required=False,
        max_length=254,
        help_text="We email them a link with which they can log in.",
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.all(), label="Organisation (optional)", required=False, empty_label="None"
    )

    def leave_out(self, people: QuerySet[Any, Any] | Iterable[int]) -> None:
        """Do not offer these people, by their keys: they are there already."""
        chooser = field_of(self, "user", PersonField)
        assert chooser.queryset is not None
        chooser.queryset = chooser.queryset.exclude(pk__in=people)

    def clean(self) -> dict[str, object]:
        """One way or the other, and a whole one."""
        data = super().clean() or {}
        if data.get("user"):
            if data.get("email") or data.get("full_name"):
                self.add_error("user", "Choose a person, or fill in a new one's name and email address, but not both.")
            return data
        if "user" in self.errors:
            return data
        if not data.get("email") and "email" not in self.errors:
            self.add_error("email", "Choose a person above, or enter the email address of somebody new.")
        if data.get("email"):
            if not data.get("full_name") and "full_name" not in self.errors:
                self.add_error("full_name", "Enter their full name.")
            try:
                check_invitable(str(data["email"]))
            except ValidationError as error:
                self.add_error("email", error)
        return data
