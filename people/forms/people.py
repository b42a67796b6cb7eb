"""Forms of people, invitations and organisations."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from people import roles
from people.form_fields import NameField, field_of
from people.models import Organisation, User
from people.nhs_forms import NhsFormMixin
from people.services import check_invitable, invite, invite_staff
from people.validators import read_name


class PeopleFilterForm(NhsFormMixin, forms.Form):
    """What the list of people is narrowed to. Anything that makes no sense is left out, never an error."""

    form_method = "get"

    q = forms.CharField(label="Name, email or organisation", required=False, max_length=200)
    role = forms.ChoiceField(label="Role", required=False)
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "Any state"),
            (User.State.ACTIVE, "Active"),
            (User.State.INVITED, "Invited, not yet accepted"),
            (User.State.EXPIRED, "Invitation expired"),
            (User.State.NOT_INVITED, "Not invited"),
            (User.State.DEACTIVATED, "Deactivated"),
            (User.State.CLOSED, "Account closed"),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "role", forms.ChoiceField).choices = [
            ("", "Any role"),
            *((kind, kind) for kind in roles.kinds()),
        ]


class OrganisationsFilterForm(NhsFormMixin, forms.Form):
    """What the list of organisations is narrowed to."""

    form_method = "get"

    q = forms.CharField(label="Name, ODS code or ROR id", required=False, max_length=200)
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "Any kind"), *Organisation.Kind.choices])


class InviteForm(NhsFormMixin, forms.Form):
    """Invite a person. Only an administrator is offered the roles that only an administrator may give."""

    class Role:
        """What they are invited as."""

        PERSON, STAFF, ADMINISTRATOR = "person", "staff", "administrator"

    submit_label = "Send the invitation"

    full_name = NameField(
        label="Full name", widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    email = forms.EmailField(
        label="Email address", help_text="They log in with it.", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.all(),
        label="Organisation",
        required=False,
        empty_label="Choose an organisation",
    )
    role = forms.ChoiceField(
        label="What will they do?",
        widget=forms.RadioSelect,
        initial=Role.PERSON,
        choices=[
            (Role.PERSON, "They will be given a role on a study, in a fellow post or on a panel"),
            (Role.STAFF, "Programme staff: manage every study, community, panel and person"),
            (Role.ADMINISTRATOR, "Administrator: programme staff who also decide who the programme staff are"),
        ],
    )

    def __init__(self, *args: Any, inviter: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inviter = inviter
        if not inviter.has_perm("people.manage_staff"):
            del self.fields["role"]

    def clean_email(self) -> str:
        """Refuse an address whose owner was deactivated."""
        email = str(self.cleaned_data["email"]).lower()
        check_invitable(email)
        return email

    def clean(self) -> None:
        """Refuse somebody who has what they would be invited to."""
        super().clean()
        person = User.objects.filter(email__iexact=self.cleaned_data.get("email", "")).first()
        if person is None:
            return
        if self._role == self.Role.PERSON and person.has_joined:
            self.add_error(
                "email", f"{person} has an account already. Give them their role on the study's or the panel's page."
            )
        elif (self._role == self.Role.ADMINISTRATOR and person.is_superuser) or (
            self._role == self.Role.STAFF and person.is_staff
        ):
            self.add_error("email", f"{person} has this role already.")

    def send(self) -> User:
        """Invite them; return the person."""
        data = self.cleaned_data
        who = {
            "email": data["email"],
            "full_name": data["full_name"],
            "organisation": data["organisation"],
            "invited_by": self.inviter,
        }
        if self._role == self.Role.PERSON:
            return invite(**who, role="Member of the programme")
        return invite_staff(**who, administrator=self._role == self.Role.ADMINISTRATOR)

    @property
    def _role(self) -> str:
        return str(self.cleaned_data.get("role", self.Role.PERSON))


class AcceptInvitationForm(NhsFormMixin, forms.Form):
    """Choose the password to log in with."""

    submit_label = "Set password and log in"

    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters. Three random words make a good one.",
    )
    password_again = forms.CharField(
        label="Password again", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        """Refuse a weak one."""
        password = str(self.cleaned_data["password"])
        validate_password(password, self.user)
        return password

    def clean(self) -> None:
        """Refuse two that differ."""
        super().clean()
        first, second = self.cleaned_data.get("password"), self.cleaned_data.get("password_again")
        if first and second and first != second:
            self.add_error("password_again", "The two passwords differ. Type the same one twice.")


class OwnDetailsForm(NhsFormMixin, forms.ModelForm):
    """What a person tells about themselves."""

    submit_label = "Save your details"

    class Meta:
        model = User
        fields: ClassVar = ["full_name", "job_title", "organisation", "orcid"]
        labels: ClassVar = {
            "full_name": "Full name",
            "job_title": "Job title",
            "organisation": "Organisation",
            "orcid": "ORCID iD",
        }
        help_texts: ClassVar = {"orcid": "16 digits in four groups, such as 0000-0002-1825-0097."}
        widgets: ClassVar = {
            "full_name": forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
            "job_title": forms.TextInput(attrs={"autocomplete": "organization-title"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "organisation", forms.ModelChoiceField).empty_label = "No organisation"
        # The address that ORCID's pages show is longer than the iD itself, and welcome too.
        self.fields["orcid"] = forms.CharField(
            label=self.fields["orcid"].label, help_text=self.fields["orcid"].help_text, required=False, max_length=60
        )

    def clean_full_name(self) -> str:
        """A name fit for the subject of an email."""
        return read_name(self.cleaned_data["full_name"])

    def clean_orcid(self) -> str:
        """The iD alone, of whatever is pasted from ORCID's pages; the model checks its last digit."""
        return str(self.cleaned_data["orcid"]).rstrip("/").rsplit("/", 1)[-1].upper()


class OrganisationForm(NhsFormMixin, forms.ModelForm):
    """An organisation; what is unique says which organisation has it already."""

    submit_label = "Save the organisation"

    class Meta:
        model = Organisation
        fields: ClassVar = ["name", "kind", "ods_code", "ror_id", "is_partner"]
        labels: ClassVar = {
            "kind": "What kind of organisation is it?",
            "ods_code": "ODS code",
            "ror_id": "ROR id",
            "is_partner": "It is a partner of the programme",
        }
        help_texts: ClassVar = {
            "ods_code": "The NHS's code for it, such as RHA.",
            "ror_id": "The Research Organization Registry's id, such as 01ee9ar58. Universities have one.",
            "is_partner": "Partners give the programme fellows, panel seats and matched funding.",
        }
        widgets: ClassVar = {"kind": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "kind", forms.ChoiceField).choices = Organisation.Kind.choices
        for name in ("ods_code", "ror_id"):  # room for what people paste; the model checks what is left of it
            field = self.fields[name]
            self.fields[name] = forms.CharField(
                label=field.label, help_text=field.help_text, required=False, max_length=60
            )

    def clean_name(self) -> str:
        """The name, which no other organisation may have in any capitals."""
        return self._not_taken("name", " ".join(str(self.cleaned_data["name"]).split()))

    def clean_ods_code(self) -> str:
        """The code in capitals."""
        return self._not_taken("ods_code", str(self.cleaned_data["ods_code"]).strip().upper())

    def clean_ror_id(self) -> str:
        """The id alone, of an id or an address on ror.org."""
        return self._not_taken("ror_id", str(self.cleaned_data["ror_id"]).rstrip("/").rsplit("/", 1)[-1].lower())

    def _not_taken(self, field: str, value: str) -> str:
        others = Organisation.objects.exclude(pk=self.instance.pk)
        other = others.filter(**{f"{field}__iexact": value}).first() if value else None
        if other:
            raise ValidationError(f"{other} is on the list already with this. Change that one instead.", code="taken")
        return value
