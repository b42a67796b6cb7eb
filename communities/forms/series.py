"""Forms of events that repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict

from communities.models import Event
from communities.repeats import MOST, Plan, words_for
from communities.services.series import plan_repeats, times_of
from people.form_fields import field_of
from people.nhs_forms import NhsDateField, NhsFormMixin

ONE, FOLLOWING = "one", "following"


def scope_field(*, label: str, one: str, following: str) -> forms.ChoiceField:
    """Whether something is for one date of a series or for those that follow as well."""
    return forms.ChoiceField(
        label=label,
        choices=[(ONE, one), (FOLLOWING, following)],
        widget=forms.RadioSelect,
        error_messages={"required": f"Choose an answer to “{label}”"},
    )


def this_and(count: int) -> str:
    """In words: this date and those that follow."""
    return f"This date and the {count} that follow" if count > 1 else "This date and the one that follows"


class RepeatForm(NhsFormMixin, forms.Form):
    """How often an event takes place, and until when."""

    submit_label = "Show the dates"
    mark_optional = False  # one of two is wanted
    TIMES, UNTIL = "times", "until"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "ends": {"conditional": {TIMES: ["times"], UNTIL: ["until"]}},
        "times": {"width": 3, "inputmode": "numeric"},
    }

    every = forms.ChoiceField(
        label="How often?", widget=forms.RadioSelect, error_messages={"required": "Choose how often it takes place."}
    )
    ends = forms.ChoiceField(
        label="For how long?",
        choices=[(TIMES, "A number of times"), (UNTIL, "Until a day")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose for how long it is repeated."},
    )
    times = forms.IntegerField(
        label="How many dates are there in all?",
        help_text=f"With this one. At most {MOST}.",
        required=False,
        min_value=2,
        max_value=MOST,
        widget=forms.TextInput,
        error_messages={
            "invalid": "Enter the number of dates in digits, such as 6.",
            "min_value": "Enter 2 or more: this date is one of them.",
            "max_value": "A series has at most %(limit_value)d dates.",
        },
    )
    until = NhsDateField(
        label="Which day is the last that it may take place on?",
        subject="The last day",
        help_text="For example 31 3 2027.",
        required=False,
    )
    as_drafts = forms.BooleanField(
        label="Keep the new dates as drafts",
        help_text="Otherwise everybody sees them at once. Nobody is emailed either way.",
        required=False,
    )
    #: What was chosen, once its dates have been shown.
    confirmed = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = event
        self.plan = Plan()
        self.cancel_url = event.get_absolute_url()
        field_of(self, "every", forms.ChoiceField).choices = list(words_for(times_of(event).day).items())
        if event.is_draft:
            del self.fields["as_drafts"]

    def clean(self) -> dict[str, Any]:
        """Its end is said, and there are dates."""
        cleaned = super().clean() or self.cleaned_data
        ends = cleaned.get("ends")
        if ends in {self.TIMES, self.UNTIL} and ends not in self.errors and not cleaned.get(ends):
            missing = {self.TIMES: "Enter how many dates there are in all.", self.UNTIL: "Enter the last day."}
            self.add_error(ends, missing[ends])
        for unused in {self.TIMES, self.UNTIL} - {ends}:
            self.errors.pop(unused, None)
        if self.errors:
            return cleaned
        self.plan = plan_repeats(self.event, **self.how)
        if self.plan.is_cut:
            self.add_error(ends, f"That is more than {MOST} dates. Choose an earlier day.")
        elif not self.plan.dates and not self.is_confirmed:  # sent twice, they are there
            self.add_error(ends, "There is no other date until then. Choose a later day.")
        return cleaned

    @property
    def how(self) -> dict[str, Any]:
        """What ``repeat_event`` takes: how often, and for how long."""
        ends = self.cleaned_data["ends"]
        return {"every": self.cleaned_data["every"], ends: self.cleaned_data[ends]}

    @property
    def is_confirmed(self) -> bool:
        """Whether the dates of just this choice have been shown. Only after ``is_valid()``."""
        return bool(self.cleaned_data.get("confirmed") == self._signature)

    @property
    def _signature(self) -> str:
        return "|".join(map(str, self.how.values()))

    def to_confirm(self) -> RepeatForm:
        """The same form as filled in; sent again as it is, it has been confirmed."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[self.add_prefix("confirmed")] = self._signature
        form = type(self)(data, event=self.event)
        count = len(self.plan.dates)
        form.submit_label = f"Add {count} dates" if count > 1 else "Add 1 date"
        return form


class AnnounceForm(NhsFormMixin, forms.Form):
    """Of which dates of a series people are told."""

    def __init__(self, *args: Any, dates: Sequence[Event], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        count = len(dates)
        self.fields["scope"] = scope_field(
            label="Of which dates do you want to tell people?",
            one="Only this date",
            following=f"All {count} dates that nobody was told of yet, in one email",
        )


class DeleteDraftsForm(NhsFormMixin, forms.Form):
    """Which drafts of a series go."""

    def __init__(self, *args: Any, count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scope"] = scope_field(
            label="Which drafts do you want to delete?", one="Only this date", following=this_and(count)
        )
