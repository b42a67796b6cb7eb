"""The form that moves a study to another stage."""

from __future__ import annotations

from typing import Any

from django import forms

from people.form_fields import field_of
from studies.forms.base import StudiesForm
from studies.models import StageMove, Study
from studies.services import move_study
from studies.stages import is_back, moves_from


class MoveForm(StudiesForm):
    """Offers the moves that the table has from here and that this person may make."""

    submit_label = "Move the study"

    to = forms.ChoiceField(
        label="Move to",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose the stage to move to.",
            "invalid_choice": "The study cannot go there from the stage it is in now. Choose one of those shown.",
        },
    )
    reason = forms.CharField(
        label="Why?",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="It is kept with the move, for everyone who may see the study's history.",
        error_messages={"required": "Say why the study moves."},
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, study=study, **kwargs)
        field_of(self, "to", forms.ChoiceField).choices = [
            (stage, f"Back to: {Study.Stage(stage).label}" if is_back(study.stage, stage) else Study.Stage(stage).label)
            for stage, permission in moves_from(study.stage).items()
            if self.by.has_perm(permission, study)
        ]

    def perform(self) -> StageMove | None:
        """Move it."""
        data = self.cleaned_data
        return move_study(study=self.the_study, to=data["to"], by=self.by, reason=data["reason"])
