"""Forms of events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import QueryDict
from django.utils import timezone

from communities.forms.fields import WebAddressField
from communities.forms.series import FOLLOWING, scope_field, this_and
from communities.forms.versioned import VersionedForm
from communities.models import Event
from communities.services.series import following, times_of, value_of
from communities.validators import validate_no_placeholder, validate_plain_subject
from people.form_fields import field_of
from people.nhs_forms import Folded, NhsDateTimeField, NhsFormMixin, section

#: Longer than any event: a slip in the year or month is far likelier.
LONGEST = dt.timedelta(days=14)


def refuse_ambiguous(moment: dt.datetime) -> None:
    """Refuse a time that comes twice, in the hour in which the clocks go back: nobody could tell which one is meant."""
    local = timezone.localtime(moment).replace(fold=0)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise ValidationError(
            "The clocks go back over this time, so it comes twice that night. Choose another.", code="invalid_time"
        )


class EventForm(NhsFormMixin, VersionedForm):
    """What an event is, when and where."""

    submit_label = "Save"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "title": {"count": True},
        "description": {"rows": 10},
        "also_for": {"small": True},
        "capacity": {"width": 5, "inputmode": "numeric"},
    }

    starts_at = NhsDateTimeField(label="Starts", subject="The start", help_text="For example 23 11 2026 at 2:30pm.")
    ends_at = NhsDateTimeField(label="Ends", subject="The end", help_text="For example 23 11 2026 at 4pm.")
    description = forms.CharField(
        widget=forms.Textarea,
        max_length=20_000,
        help_text=(
            "What will happen, for whom it is and how to take part. A blank line begins a new paragraph; lines that "
            "begin with - are a list."
        ),
        error_messages={"required": "Say what the event is."},
    )

    online_url = WebAddressField(
        label="Link to join online",
        help_text="It is in the email to those who agreed to emails about events, and in its calendar entry.",
        required=False,
        max_length=1000,
        error_messages={"invalid": "Enter the whole web address, such as https://meet.example.org/room."},
    )

    capacity = forms.IntegerField(
        label="Number of places",
        help_text=(
            "Leave empty for no limit. When all are taken, people join a waiting list, and we offer them free places."
        ),
        required=False,
        min_value=1,
        max_value=100_000,
        widget=forms.TextInput,
        error_messages={
            "invalid": "Enter the number of places in digits, such as 40.",
            "max_value": "Leave it empty if there is room for more than %(limit_value)d.",
            "min_value": "There must be at least 1 place. Leave it empty for no limit.",
        },
    )
    #: The time and place that people are to be told of: set once the form has said how many people that is.
    confirmed = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    class Meta:
        model = Event
        fields = (
            "title", "kind", "community", "also_for", "description", "starts_at", "ends_at", "place", "online_url",
            "show_online_url", "takes_registrations", "capacity",
        )  # fmt: skip
        widgets: ClassVar = {"also_for": forms.CheckboxSelectMultiple}
        labels: ClassVar = {
            "also_for": "Which other communities is it for?",
            "kind": "Kind of event",
            "show_online_url": "Show the link to everyone on the website",
            "takes_registrations": "People can register",
        }
        help_texts: ClassVar = {
            "community": "Leave empty for an event for everybody.",
            "also_for": "Members of these are told as well, each person once, and see it on their community's page.",
            "place": "Name and address, as people would look it up.",
            "show_online_url": (
                "Otherwise only those who get the email see it; where people register, only those with a place."
            ),
            "takes_registrations": (
                "On the event's page, without an account, until the event starts. Untick it to stop earlier."
            ),
        }
        error_messages: ClassVar = {
            "title": {"required": "Enter a title."},
            "kind": {"required": "Choose the kind of event."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._day = times_of(self.instance).day if self.instance.pk else None
        field_of(self, "kind", forms.ChoiceField).choices = [("", "Choose a kind"), *Event.Kind.choices]
        field_of(self, "community", forms.ModelChoiceField).empty_label = "Everybody"
        self.fields["title"].validators.append(validate_plain_subject)
        self.fields["place"].validators.append(validate_plain_subject)
        for name in ("title", "description", "place", "online_url"):
            self.fields[name].validators.append(validate_no_placeholder)
        count = following(self.instance).count() if self.instance.pk else 0
        if count:
            self.fields["scope"] = scope_field(
                label="Which dates do you want to change?", one="Only this date", following=this_and(count)
            )
            self.fields[
                "scope"
            ].help_text = "Those that follow get what you change here; of when, only the time of day."

    def layout(self) -> Layout:
        """What it is, when and where, for whom, and who may take part: a long form, in the order in which one plans."""
        return Layout(
            section("What it is"), "title", "kind", "description",
            section("When and where"), "starts_at", "ends_at", "place", "online_url", "show_online_url",
            section("Taking part"), "takes_registrations", "capacity",
            section("For whom it is"), "community", Folded("It is for other communities too", "also_for"),
            *(["scope"] if "scope" in self.fields else []),
        )  # fmt: skip

    def clean_starts_at(self) -> dt.datetime:
        """The start, if it comes once."""
        moment: dt.datetime = self.cleaned_data["starts_at"]
        refuse_ambiguous(moment)
        return moment

    def clean_ends_at(self) -> dt.datetime:
        """The end, if it comes once."""
        moment: dt.datetime = self.cleaned_data["ends_at"]
        refuse_ambiguous(moment)
        return moment

    def clean(self) -> dict[str, Any]:
        """The end comes after the start; there is a place or a link."""
        cleaned = super().clean() or self.cleaned_data
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "The end must be after the start.")
        elif starts_at and ends_at and ends_at - starts_at > LONGEST:
            self.add_error("ends_at", f"An event lasts at most {LONGEST.days} days. Check the dates for a slip.")
        typed = cleaned.get("place") or cleaned.get("online_url")
        if not typed and not {"place", "online_url"} & set(self.errors):
            self.add_error("place", "Enter a place, or a link to join online, or both.")
        if cleaned.get("also_for") and not cleaned.get("community") and "community" not in self.errors:
            self.add_error("community", "Choose a community, or tick no others for an event for everybody.")
        if cleaned.get("show_online_url") and not cleaned.get("online_url"):
            cleaned["show_online_url"] = False
        if self.is_for_following and starts_at and timezone.localdate(starts_at) != self._day:
            self.add_error("scope", "To move this date to another day, choose “Only this date”.")
        if self.instance.pk and cleaned.get("capacity") is not None:
            taken = self.instance.registrations.taking_places().count()
            if cleaned["capacity"] < taken:
                self.add_error("capacity", f"{taken} places are taken or offered already. Enter {taken} or more.")
        return cleaned

    @property
    def changes(self) -> dict[str, Any]:
        """What was filled in, as ``save_event`` takes it: of other communities, their keys without its own."""
        also_for = {community.pk for community in self.cleaned_data["also_for"]}
        community = self.cleaned_data["community"]
        return {**super().changes, "also_for": frozenset(also_for - {community.pk if community else None})}

    def saved(self, current: Model, name: str) -> Any:
        """What ``changes`` would have for a field that is as ``current`` has it."""
        return value_of(current, name) if isinstance(current, Event) else super().saved(current, name)

    @property
    def is_for_following(self) -> bool:
        """Whether the dates of its series that follow are to be changed likewise. Only after ``is_valid()``."""
        return self.cleaned_data.get("scope") == FOLLOWING

    @property
    def when_and_where(self) -> str:
        """The time and place that were filled in, as ``confirmed`` holds them. Only after ``is_valid()``."""
        names = ("starts_at", "ends_at", "place", "online_url")
        return "|".join([*(str(self.cleaned_data[name]) for name in names), self.cleaned_data.get("scope", "")])

    def to_confirm(self) -> EventForm:
        """The same form as filled in; sent again as it is, it has been confirmed."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[self.add_prefix("confirmed")] = self.when_and_where
        return type(self)(data, instance=self.instance)


class CancelEventForm(NhsFormMixin, forms.Form):
    """Why an event is called off."""

    reason = forms.CharField(
        label="Why is it cancelled?",
        help_text="People read this on the event's page and in the email.",
        max_length=300,
        validators=[validate_no_placeholder],
        widget=forms.Textarea,
        error_messages={"required": "Say why the event is cancelled, so that people know."},
    )
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {"reason": {"rows": 3, "count": True}}

    def __init__(self, *args: Any, following: int = 0, **kwargs: Any) -> None:
        """``following``: how many public dates of its series come after it."""
        super().__init__(*args, **kwargs)
        if following:
            self.fields["scope"] = scope_field(
                label="Which dates do you want to cancel?", one="Only this date", following=this_and(following)
            )
