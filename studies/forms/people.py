"""Forms that put people on a study and end their roles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from people.form_fields import NameField, PersonField
from people.models import Organisation
from people.nhs_forms import NhsDateField
from people.services import check_invitable
from studies.forms.base import StudiesForm
from studies.models import StudyPerson
from studies.services import ask_onto_study, take_person_off_study

#: Fellows are not here: a secondment puts them on the study.
_ROLES = [
    ("Study team", [(role.value, role.label) for role in StudyPerson.TEAM_ROLES]),
    ("Steering committee", [(role.value, role.label) for role in StudyPerson.STEERING_ROLES]),
]


class _RoleForm(StudiesForm):
    """What role somebody takes, and when."""

    role = forms.ChoiceField(
        label="Role",
        choices=[("", "Choose a role"), *_ROLES],
        error_messages={"required": "Choose what they do on the study."},
    )
    starts_on = NhsDateField(
        label="First day in the role", subject="Their first day in the role", initial=timezone.localdate
    )
    ends_on = NhsDateField(
        label="Last day in the role",
        subject="Their last day in the role",
        required=False,
        help_text="Leave it empty if no end is agreed.",
    )

    def clean(self) -> dict[str, Any]:
        """Refuse an end before the start."""
        data = super().clean() or {}
        if data.get("starts_on") and data.get("ends_on") and data["ends_on"] < data["starts_on"]:
            self.add_error("ends_on", "The last day must be the same as or after the first day.")
        return data


class AddPersonForm(_RoleForm):
    """Puts somebody who is on the portal already on the study."""

    submit_label = "Add to the study"

    user = PersonField(
        label="Person",
        empty_label="Choose a person",
        error_messages={"required": "Choose a person.", "invalid_choice": "Choose somebody from the list."},
    )
    field_order = ("user", "role")

    def perform(self) -> StudyPerson:
        """Put them on the study and tell them by email."""
        data = self.cleaned_data
        return ask_onto_study(
            study=self.the_study, email=data["user"].email, full_name=data["user"].full_name, role=data["role"],
            starts_on=data["starts_on"], ends_on=data["ends_on"], by=self.by,
        )  # fmt: skip


class InvitePersonForm(_RoleForm):
    """Invites somebody by email and puts them on the study."""

    submit_label = "Send the invitation"

    full_name = NameField(label="Full name", error_messages={"required": "Enter their full name."})
    email = forms.EmailField(
        label="Email address",
        help_text="We will send them an invitation to log in.",
        error_messages={
            "required": "Enter their email address.",
            "invalid": "Enter an email address in the correct format, like name@example.nhs.uk.",
        },
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.all(), label="Organisation", required=False, empty_label="Choose one"
    )
    field_order = ("full_name", "email", "organisation", "role")

    def clean_email(self) -> str:
        """Refuse an address that cannot be invited."""
        email = str(self.cleaned_data["email"])
        check_invitable(email)
        return email

    def perform(self) -> StudyPerson:
        """Invite them and put them on the study: both or neither."""
        data = self.cleaned_data
        return ask_onto_study(
            study=self.the_study, email=data["email"], full_name=data["full_name"], organisation=data["organisation"],
            role=data["role"], starts_on=data["starts_on"], ends_on=data["ends_on"], by=self.by,
        )  # fmt: skip


class EndRoleForm(StudiesForm):
    """Ends somebody's role."""

    submit_label = "End this role"

    ends_on = NhsDateField(
        label="Last day in the role", subject="Their last day in the role", initial=timezone.localdate
    )

    def __init__(self, *args: Any, person: StudyPerson, **kwargs: Any) -> None:
        super().__init__(*args, study=person.study, **kwargs)
        self.person = person

    def perform(self) -> StudyPerson | None:
        """End it."""
        return take_person_off_study(
            study=self.the_study, user=self.person.user, role=self.person.role,
            ends_on=self.cleaned_data["ends_on"], by=self.by,
        )  # fmt: skip
