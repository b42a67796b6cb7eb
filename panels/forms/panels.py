"""Forms of a panel: who sits on it and what it asks."""

from __future__ import annotations

from typing import Any

from django import forms

from panels.forms.base import PanelsForm, PersonForm
from panels.models import Panel, PanelSeat, Question
from people.models import Organisation


class SeatForm(PersonForm):
    """A new member."""

    submit_label = "Add this member"

    role = forms.ChoiceField(
        label="What will they do?",
        choices=[(PanelSeat.Role.MEMBER, "Member"), (PanelSeat.Role.CHAIR, "Chair, who sees all reviews together")],
        widget=forms.RadioSelect,
        initial=PanelSeat.Role.MEMBER,
    )

    def __init__(self, *args: Any, panel: Panel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.leave_out(PanelSeat.objects.filter(panel=panel, ends_on=None).values("user"))
        self.fields["organisation"].help_text = "Whom they speak for on the panel."


class SeatChangeForm(PanelsForm):
    """A member's role and the organisation they speak for."""

    submit_label = "Save changes"

    role = forms.ChoiceField(label="Role", choices=PanelSeat.Role.choices, widget=forms.RadioSelect)
    organisation = forms.ModelChoiceField(
        Organisation.objects.all(), label="Organisation they speak for", required=False, empty_label="None"
    )


class QuestionForm(PanelsForm):
    """A question."""

    submit_label = "Save the question"

    text = forms.CharField(label="Question", max_length=300, error_messages={"required": "Enter the question."})
    hint = forms.CharField(label="Hint", max_length=500, required=False, help_text="What to think of when answering.")
    kind = forms.ChoiceField(
        label="How is it answered?",
        choices=[
            (Question.Kind.SCORE, "By a score: not at all, a little, partly, mostly or fully"),
            (Question.Kind.TEXT, "In writing"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how it is answered."},
    )
    is_required = forms.BooleanField(label="Every reviewer must answer it", required=False)
