"""Forms of the fellows app. Each checks what was entered and calls one service; what that refuses becomes an error."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from fellows import services
from fellows.listing import programme_max_years
from fellows.models import FellowPost, Secondment
from people.form_fields import NameField, PersonField, field_of
from people.models import Organisation, User
from people.nhs_forms import NhsDateField, NhsFormMixin
from people.services import check_invitable
from studies.models import Programme


class ServiceForm(NhsFormMixin, forms.Form):
    """A form whose ``save`` calls a service and shows what it refuses beside the field it is about."""

    def save(self) -> bool:
        """Do what was asked, all of it or nothing. False where a service refused; the errors then say why."""
        try:
            with transaction.atomic():
                self.perform()
        except ValidationError as error:
            self._take_errors(error)
            return False
        return True

    def perform(self) -> None:
        """Call the service. Raises ``ValidationError`` where it refuses."""
        raise NotImplementedError

    def _take_errors(self, error: ValidationError) -> None:
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for field, errors in error.error_dict.items():
            self.add_error(field if field in self.fields else None, errors)


def partner_field() -> forms.ModelChoiceField:
    """Which organisation seconds the fellow."""
    return forms.ModelChoiceField(
        label="Partner organisation (optional)",
        queryset=Organisation.objects.partners().order_by("name"),
        required=False,
        empty_label="Choose an organisation",
        help_text="The organisation that seconds them.",
        error_messages={"invalid_choice": "Choose an organisation from the list."},
    )


def days_field() -> forms.DecimalField:
    """How many days a week, to a tenth of a day."""
    return forms.DecimalField(
        label="Days a week",
        min_value=0.1,
        max_value=5,
        max_digits=2,
        decimal_places=1,
        error_messages={
            "required": "Enter how many days a week, such as 1.",
            "min_value": "Days a week must be more than 0.",
            "max_value": "Days a week must be 5 or fewer.",
        },
    )


def funding_field() -> forms.DecimalField:
    """What the partner gives, in pounds a year."""
    return forms.DecimalField(
        label="Matched funding, in pounds a year (optional)",
        min_value=0,
        max_digits=10,
        decimal_places=2,
        required=False,
        help_text="What the partner organisation gives towards the secondment, such as 12000.",
        error_messages={"min_value": "Matched funding must be 0 or more."},
    )


#: How the fields of what was agreed are drawn.
_TERMS: dict[str, dict[str, Any]] = {
    "days_per_week": {"width": 4, "suffix": "days"},
    "matched_funding": {"width": 10, "prefix": "£"},
}


class PersonForm(ServiceForm):
    """Picks who the fellow is: somebody the portal knows, or somebody new, who is invited by email."""

    #: What is asked under a choice is not optional once it is made; the labels of the rest say so themselves.
    mark_optional = False
    KNOWN, NEW, LATER = "known", "new", "later"
    field_options: ClassVar = {"who": {"conditional": {KNOWN: ["fellow"], NEW: ["full_name", "email"]}}}

    CHOICES: ClassVar = [(KNOWN, "Somebody who already has an account"), (NEW, "Somebody new")]

    who = forms.ChoiceField(
        label="Who is the diffusion fellow?",
        choices=CHOICES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose who the diffusion fellow is."},
    )
    fellow = PersonField(
        label="Their name",
        required=False,
        empty_label="Choose a person",
        error_messages={"invalid_choice": "Choose somebody from the list."},
    )
    full_name = NameField(label="Full name", required=False)
    email = forms.EmailField(
        label="Email address",
        required=False,
        help_text="We will send them an invitation to log in.",
        error_messages={"invalid": "Enter an email address in the correct format, like name@example.nhs.uk."},
    )
    organisation = partner_field()

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by

    def clean(self) -> dict[str, Any]:
        """Ask for what the answer to the first question needs, and no more."""
        data = super().clean() or {}
        who = data.get("who")
        if who == self.KNOWN and not data.get("fellow") and "fellow" not in self.errors:
            self.add_error("fellow", "Choose somebody from the list, or choose “Somebody new”.")
        if who == self.NEW:
            self._check_new(data)
        else:
            for name in ("full_name", "email"):
                self.errors.pop(name, None)
        if who != self.KNOWN:
            self.errors.pop("fellow", None)
        return data

    def _check_new(self, data: dict[str, Any]) -> None:
        if not data.get("full_name") and "full_name" not in self.errors:
            self.add_error("full_name", "Enter their full name.")
        if not data.get("email") and "email" not in self.errors:
            self.add_error("email", "Enter their email address.")
        if data.get("email"):
            try:
                check_invitable(data["email"])
            except ValidationError as error:
                self.add_error("email", error)

    def the_fellow(self, post: FellowPost) -> User | None:
        """The person chosen, the person invited, or nobody yet. Call it in one transaction with the service."""
        data = self.cleaned_data
        if data["who"] == self.KNOWN:
            return data["fellow"]
        if data["who"] == self.NEW:
            return services.invite_fellow(
                study=post.study, email=data["email"], full_name=data["full_name"],
                organisation=data["organisation"], by=self.by,
            )  # fmt: skip
        return None


class TermsForm(ServiceForm):
    """What was agreed with the partner organisation, to change it."""

    mark_optional = False
    submit_label = "Save the changes"
    field_options: ClassVar = _TERMS
    organisation = partner_field()
    days_per_week = days_field()
    matched_funding = funding_field()

    def __init__(self, *args: Any, secondment: Secondment, by: User, **kwargs: Any) -> None:
        initial = {
            "organisation": secondment.organisation_id,
            "days_per_week": secondment.days_per_week.normalize(),
            "matched_funding": secondment.matched_funding,
        }
        super().__init__(*args, initial=initial, **kwargs)
        # Its own stays on the list when it is no partner any more, so that nobody loses it by changing something else.
        offered = Organisation.objects.filter(Q(is_partner=True) | Q(pk=secondment.organisation_id)).order_by("name")
        field_of(self, "organisation", forms.ModelChoiceField).queryset = offered
        self.secondment = secondment
        self.cancel_url = secondment.post.get_absolute_url()
        self.by = by

    def perform(self) -> None:
        """Change them; see ``fellows.services.change_terms``."""
        self.secondment = services.change_terms(secondment=self.secondment, by=self.by, **self.cleaned_data)


class SecondForm(PersonForm):
    """Seconds somebody to a post."""

    submit_label = "Second them"
    field_options: ClassVar = {**PersonForm.field_options, **_TERMS}

    who = forms.ChoiceField(
        label="Who is the diffusion fellow?",
        choices=[*PersonForm.CHOICES, (PersonForm.LATER, "I will add their name later")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose who the diffusion fellow is."},
    )
    starts_on = NhsDateField(label="First day in post", subject="The first day")
    ends_on = NhsDateField(label="Last day in post (optional)", subject="The last day", required=False)
    days_per_week = days_field()
    matched_funding = funding_field()

    def __init__(self, *args: Any, post: FellowPost, by: User, **kwargs: Any) -> None:
        programme = Programme.objects.current()
        usual = programme.secondment_days_per_week.normalize() if programme else 1
        initial = {"starts_on": timezone.localdate(), "days_per_week": usual}
        super().__init__(*args, by=by, initial=initial, **kwargs)
        self.post = post
        self.cancel_url = post.get_absolute_url()
        self.secondment: Secondment | None = None
        years = programme_max_years()
        longest = "1 year" if years == 1 else f"{years} years"
        self.fields["ends_on"].help_text = f"A secondment lasts at most {longest}. Leave this empty if not agreed."

    def perform(self) -> None:
        """Second them; see ``fellows.services.second``."""
        data = self.cleaned_data
        self.secondment = services.second(
            post=self.post, fellow=self.the_fellow(self.post), organisation=data["organisation"],
            starts_on=data["starts_on"], ends_on=data["ends_on"], days_per_week=data["days_per_week"],
            matched_funding=data["matched_funding"], by=self.by,
        )  # fmt: skip


class NameForm(PersonForm):
    """Names the fellow of a secondment that was recorded without a name."""

    submit_label = "Add their name"

    def __init__(self, *args: Any, secondment: Secondment, by: User, **kwargs: Any) -> None:
        super().__init__(*args, by=by, initial={"organisation": secondment.organisation_id}, **kwargs)
        self.secondment = secondment
        self.cancel_url = secondment.post.get_absolute_url()

    def perform(self) -> None:
        """Name them; see ``fellows.services.name_fellow``."""
        fellow = self.the_fellow(self.secondment.post)
        if fellow is None:
            raise ValidationError({"who": "Choose who the diffusion fellow is."})
        self.secondment = services.name_fellow(
            secondment=self.secondment, fellow=fellow, organisation=self.cleaned_data["organisation"], by=self.by
        )


class EndForm(ServiceForm):
    """Gives a secondment its last day, and the reason."""

    submit_label = "Record the last day"

    ends_on = NhsDateField(
        label="Last day in post", subject="The last day", help_text="It may be in the past, today or to come."
    )
    because = forms.CharField(
        label="Why does it end?",
        max_length=200,
        help_text="For example: has moved to another trust. The study's team can read this.",
        error_messages={"required": "Say why the secondment ends."},
    )

    def __init__(self, *args: Any, secondment: Secondment, by: User, **kwargs: Any) -> None:
        super().__init__(*args, initial={"ends_on": secondment.ends_on or timezone.localdate()}, **kwargs)
        self.secondment = secondment
        self.cancel_url = secondment.post.get_absolute_url()
        self.by = by

    def perform(self) -> None:
        """End it; see ``fellows.services.end_secondment``."""
        data = self.cleaned_data
        self.secondment = services.end_secondment(
            secondment=self.secondment, ends_on=data["ends_on"], because=data["because"], by=self.by
        )
