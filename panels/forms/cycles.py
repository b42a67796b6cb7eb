"""Forms of a review cycle: opening it, asking people, and what comes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from panels.forms.base import LongText, PanelsForm, PersonForm
from panels.models import Decision, Panel, PanelSeat, Review, ReviewCycle
from people.form_fields import field_of
from people.models import User
from people.nhs_forms import NhsDateField
from studies.models import Study

#: The reason for which each kind of panel usually looks at a study.
USUAL_REASON = {
    Panel.Kind.COMMISSIONER: ReviewCycle.Reason.PROTOCOL,
    Panel.Kind.SERVICE_USER: ReviewCycle.Reason.SERVICE_USER,
    Panel.Kind.SCIENTIFIC: ReviewCycle.Reason.ANNUAL,
}
USUAL_DAYS = 28


def not_in_the_past(day: dt.date) -> None:
    """Refuse a due date that has gone."""
    if day < timezone.localdate():
        raise ValidationError("The due date must be today or later.", code="past")


class MembersField(forms.ModelMultipleChoiceField):
    """Members of the panel, as checkboxes that say whom each speaks for."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.objects.none(), **kwargs)
        self.seats: dict[int, PanelSeat] = {}

    def offer(self, seats: Iterable[PanelSeat]) -> None:
        """Let these members be chosen, and nobody else."""
        self.seats = {seat.user_id: seat for seat in seats}
        self.queryset = User.objects.filter(pk__in=self.seats)

    def label_from_instance(self, obj: User) -> str:
        """Name, organisation and whether they chair."""
        seat = self.seats[obj.pk]
        words = [str(obj)]
        if seat.organisation:
            words.append(str(seat.organisation))
        if seat.role == PanelSeat.Role.CHAIR:
            words.append("chair")
        return ", ".join(words)


class ChooseStudyForm(PanelsForm):
    """The study that the panel should look at."""

    submit_label = "Continue"

    study = forms.ModelChoiceField(
        Study.objects.none(),
        to_field_name="slug",
        empty_label="Choose a study",
        error_messages={
            "required": "Choose a study.",
            "invalid_choice": "Choose a study from the list.",
        },
    )

    def __init__(self, *args: Any, studies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "study", forms.ModelChoiceField).queryset = studies


class DatedForm(PanelsForm):
    """A form with a due date."""

    due_on = NhsDateField(
        label="When are reviews due?",
        subject="The due date",
        help_text="For example, 27 3 2027.",
        validators=[not_in_the_past],
        error_messages={"required": "Enter the day on which reviews are due."},
    )


class OpenCycleForm(DatedForm):
    """Ask a panel to look at a study."""

    submit_label = "Ask these members to review"

    reason = forms.ChoiceField(label="What should the panel look at?", choices=ReviewCycle.Reason.choices)
    note = LongText(
        label="Note to the reviewers",
        required=False,
        rows=4,
        help_text="They read it in the email and above the study.",
    )
    members = MembersField(
        label="Which members should review it?",
        error_messages={
            "required": "Choose at least one member.",
            "invalid_choice": "One of the people chosen cannot be asked. Choose from the list.",
        },
    )

    field_order = ("reason", "note", "due_on", "members")

    def __init__(self, *args: Any, panel: Panel, seats: Iterable[PanelSeat], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seats = list(seats)
        self.fields["reason"].widget = forms.RadioSelect(choices=ReviewCycle.Reason.choices)
        self.fields["reason"].initial = USUAL_REASON[Panel.Kind(panel.kind)]
        self.fields["due_on"].initial = timezone.localdate() + dt.timedelta(days=USUAL_DAYS)
        members = field_of(self, "members", MembersField)
        members.offer(seats)
        members.initial = [seat.user_id for seat in seats]


class CycleForm(DatedForm):
    """The due date and the note of a cycle that is open."""

    submit_label = "Save changes"

    note = LongText(label="Note to the reviewers", required=False, rows=4)

    def __init__(self, *args: Any, cycle: ReviewCycle, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cycle = cycle
        # A date that has gone may stay, so that the note of an overdue cycle can be changed.
        self.fields["due_on"].validators = []
        self.fields["due_on"].help_text = "Members who are still writing are told of a new date."

    def clean_due_on(self) -> dt.date:
        """Refuse a new date that has gone."""
        day: dt.date = self.cleaned_data["due_on"]
        if day != self.cycle.due_on:
            not_in_the_past(day)
        return day


class ReopenForm(DatedForm):
    """Until when members may write again."""

    submit_label = "Open reviews again"


class AddReviewersForm(PanelsForm):
    """More members to ask."""

    submit_label = "Ask these members"

    members = MembersField(
        label="Which members should review it too?",
        error_messages={
            "required": "Choose at least one member.",
            "invalid_choice": "One of the people chosen cannot be asked. Choose from the list.",
        },
    )

    def __init__(self, *args: Any, seats: Iterable[PanelSeat], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "members", MembersField).offer(seats)


class PeerForm(PersonForm):
    """A peer subject reviewer from outside the panel."""

    submit_label = "Ask this reviewer"

    def __init__(self, *args: Any, exclude: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.leave_out(list(exclude))


class ReleaseForm(PanelsForm):
    """Comments to send to the study, each with the words that go."""

    submit_label = "Send to the study team"
    mark_optional = False

    def __init__(self, *args: Any, reviews: Iterable[Review], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reviews = list(reviews)
        for number, review in enumerate(self.reviews, start=1):
            self.fields[f"send_{review.pk}"] = forms.BooleanField(label=f"Send comment {number}", required=False)
            self.fields[f"text_{review.pk}"] = LongText(
                label=f"Comment {number}, as the study team will read it",
                required=False,
                initial=review.comments_to_team,
            )

    def clean(self) -> dict[str, object]:
        """What is sent has words, and something is sent."""
        data = super().clean() or {}
        chosen = [review for review in self.reviews if data.get(f"send_{review.pk}")]
        if not chosen and self.reviews:
            self.add_error(f"send_{self.reviews[0].pk}", "Choose at least one comment to send.")
        for review in chosen:
            name = f"text_{review.pk}"
            if name not in self.errors and not data.get(name):
                self.add_error(name, "Write what the study team should read, or do not send this comment.")
        return data

    def chosen(self) -> dict[Review, str]:
        """The words to send for each review that was chosen."""
        return {
            review: self.cleaned_data[f"text_{review.pk}"]
            for review in self.reviews
            if self.cleaned_data.get(f"send_{review.pk}")
        }


class DecisionForm(PanelsForm):
    """What the panel decided."""

    submit_label = "Record this decision"

    outcome = forms.ChoiceField(
        label="What did the panel decide?",
        choices=Decision.Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what the panel decided."},
    )
    reasons = LongText(
        label="Reasons",
        help_text="The study's lead reads them. Do not name reviewers.",
        error_messages={"required": "Write the panel's reasons."},
    )
    mark_optional = False
    conditions = LongText(
        label="Conditions that the study must meet",
        help_text="One on each line. Only for “Agreed, with conditions”.",
        required=False,
        rows=5,
    )

    def clean(self) -> dict[str, object]:
        """Conditions where, and only where, the decision has them."""
        data = super().clean() or {}
        if "outcome" not in data or "conditions" not in data:
            return data
        lines = [line.strip() for line in str(data["conditions"]).splitlines() if line.strip()]
        if data["outcome"] == Decision.Outcome.CONDITIONS and not lines:
            self.add_error("conditions", "Write at least one condition, or choose another outcome.")
        if data["outcome"] != Decision.Outcome.CONDITIONS and lines:
            self.add_error("conditions", "Only “Agreed, with conditions” has conditions. Choose it, or clear this box.")
        data["lines"] = lines
        return data


class ConditionMetForm(PanelsForm):
    """How a condition was met."""

    submit_label = "Mark as met"

    note = LongText(label="How was it met?", required=False, rows=4)
