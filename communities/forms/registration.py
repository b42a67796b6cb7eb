"""Forms of those who come to events, and of staff who look after them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crispy_forms.layout import HTML, Layout
from django import forms
from django.conf import settings

from communities.forms.fields import AddressField
from communities.models import EventFeedback, Registration
from communities.validators import validate_plain_line
from communities.wording import needs_wording
from people.nhs_forms import NhsFormMixin

_NEEDS = (
    '<h2 class="nhsuk-heading-m">What you need</h2>'
    "<p>We ask so that everyone can eat and take part. You need not answer. Only programme staff see what you write "
    "here, they use it for this event alone, and we delete it {days} days after the event.</p>"
)


class _PersonForm(NhsFormMixin, forms.Form):
    """Who somebody is and what they need: what every form about a registration asks."""

    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "name": {"autocomplete": "name"},
        "email": {"autocomplete": "email", "spellcheck": "false"},
        "organisation": {"autocomplete": "organization"},
        "dietary": {"rows": 2},
        "access": {"rows": 3},
    }

    name = forms.CharField(
        label="Your name",
        max_length=150,
        validators=[validate_plain_line],
        error_messages={"required": "Enter your name."},
    )
    email = AddressField(
        label="Your email address",
        help_text="We send your confirmation, any changes and two reminders to this address.",
        error_messages={"required": "Enter your email address."},
    )
    organisation = forms.CharField(
        label="Organisation", required=False, max_length=200, validators=[validate_plain_line]
    )
    dietary = forms.CharField(
        label="What should we know about what you eat?",
        help_text="For example vegetarian, halal or an allergy.",
        required=False,
        max_length=500,
        widget=forms.Textarea,
    )
    access = forms.CharField(
        label="What do you need to take part?",
        help_text="For example step-free access, a hearing loop, large print or a carer who comes with you.",
        required=False,
        max_length=1000,
        widget=forms.Textarea,
    )

    agree_needs = forms.BooleanField(required=False)

    disagreed = "Tick the box if we may keep what you wrote about what you eat and need, or take it out."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wording = needs_wording()
        self.fields["agree_needs"].label = self.wording

    def layout(self) -> Layout:
        """What is about health stands apart, under why it is asked and how long it is kept."""
        first = [name for name in ("name", "email", "organisation") if name in self.fields]
        needs = HTML(_NEEDS.format(days=settings.EVENT_KEEP_NEEDS_DAYS))
        return Layout(*first, needs, "dietary", "access", "agree_needs")

    def clean(self) -> dict[str, Any]:
        """What may say something about health is taken with agreement only; nothing of what was typed is lost."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        wrote = bool(cleaned.get("dietary") or cleaned.get("access"))
        agreed = cleaned.pop("agree_needs", False)
        if wrote and not agreed:
            self.add_error("agree_needs", self.disagreed)
        cleaned["agreed_to"] = self.wording if wrote else ""
        return cleaned


class RegisterForm(_PersonForm):
    """Registering for an event, without an account. It agrees to nothing else."""

    submit_label = "Register"

    def __init__(self, *args: Any, is_full: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_full:
            self.submit_label = "Join the waiting list"


class ChangeRegistrationForm(_PersonForm):
    """What somebody who registered says of themselves. Their address stays: the link went there."""

    submit_label = "Save"

    def __init__(self, *args: Any, registration: Registration, **kwargs: Any) -> None:
        needs = getattr(registration, "needs", None)
        kwargs["initial"] = {
            "name": registration.name,
            "organisation": registration.organisation,
            "dietary": needs.dietary if needs else "",
            "access": needs.access if needs else "",
            "agree_needs": needs is not None,
        }
        super().__init__(*args, **kwargs)
        del self.fields["email"]


class AddRegistrationForm(_PersonForm):
    """Staff register somebody who asked them to."""

    submit_label = "Add this person"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Name"
        self.fields["name"].error_messages["required"] = "Enter the person's name."
        self.fields["email"].label = "Email address"
        self.fields[
            "email"
        ].help_text = "Without one we cannot confirm, remind or tell them of changes: do so yourself."
        self.fields["email"].required = False
        self.fields["dietary"].label = "What they eat"
        self.fields["access"].label = "What they need to take part"
        self.disagreed = "Ask whether we may keep what they eat and need, and tick the box if so, or take it out."
        self.wording = f"They said: {self.wording}"
        self.fields["agree_needs"].label = self.wording


class RegistrationFilterForm(forms.Form):
    """Which registrations of an event to list."""

    state = forms.ChoiceField(label="State", required=False, choices=[("", "All"), *Registration.Status.choices])


class FeedbackForm(NhsFormMixin, forms.Form):
    """What somebody who came thought of an event."""

    submit_label = "Send"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {"words": {"rows": 6}}

    score = forms.TypedChoiceField(
        label="How useful was the event to you?",
        choices=EventFeedback.Score.choices,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose how useful the event was to you.",
            "invalid_choice": "Choose how useful the event was from the list.",
        },
    )
    words = forms.CharField(
        label="What should we keep, and what should we do differently?",
        help_text="Leave out names and anything about health: programme staff read what you write.",
        required=False,
        max_length=4000,
        widget=forms.Textarea,
    )
