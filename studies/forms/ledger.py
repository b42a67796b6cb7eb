"""Forms of the co-production ledger."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from people.form_fields import field_of
from people.nhs_forms import NhsDateField
from studies.forms.base import StudiesForm
from studies.models import Amendment, Suggestion
from studies.services import answer_suggestion, make_suggestion, record_amendment

_NO_NAMES = "Leave out names and anything that would tell who somebody is."


class SuggestionForm(StudiesForm):
    """Writes down what somebody asked the study to change."""

    submit_label = "Add the suggestion"

    text = forms.CharField(
        label="What should change?",
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_NO_NAMES,
        error_messages={"required": "Say what should change."},
    )
    source = forms.ChoiceField(
        label="Where did it come from?",
        choices=Suggestion.Source.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose where the suggestion came from."},
    )
    source_detail = forms.CharField(
        label="Which one?",
        max_length=200,
        required=False,
        help_text="Such as the panel's name, or “community meeting, 4 March”.",
    )

    def perform(self) -> Suggestion:
        """Add it to the ledger."""
        return make_suggestion(study=self.the_study, made_by=self.by, **self.cleaned_data)


class AnswerForm(StudiesForm):
    """Answers a suggestion."""

    submit_label = "Save the answer"

    decision = forms.ChoiceField(
        label="What will the study do?",
        choices=[("accept", "Take it up"), ("decline", "Not take it up")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whether the study takes it up."},
    )
    answer = forms.CharField(
        label="Answer",
        max_length=5_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="If you do not take it up, say why. If you do, you may leave this empty.",
    )

    def __init__(self, *args: Any, suggestion: Suggestion, **kwargs: Any) -> None:
        decisions = {Suggestion.Status.ACCEPTED: "accept", Suggestion.Status.DECLINED: "decline"}
        now = {"decision": decisions.get(Suggestion.Status(suggestion.status), ""), "answer": suggestion.answer}
        kwargs.setdefault("initial", now)
        super().__init__(*args, study=suggestion.study, **kwargs)
        self.suggestion = suggestion

    def perform(self) -> Suggestion:
        """Keep the answer."""
        data = self.cleaned_data
        return answer_suggestion(
            suggestion=self.suggestion, accept=data["decision"] == "accept", answer=data["answer"], by=self.by
        )


class AmendmentForm(StudiesForm):
    """Records what the study changed, and the suggestions that led to it."""

    submit_label = "Record the change"

    suggestions: Any = forms.ModelMultipleChoiceField(
        None,
        label="Which suggestions does it address?",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one suggestion.",
            "invalid_choice": "One of the suggestions has been answered in the meantime. Choose again.",
            "invalid_pk_value": "Choose suggestions from the list.",
        },
    )
    text = forms.CharField(
        label="What did the study change?",
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=f"Everyone can see this, beside the suggestions. {_NO_NAMES}",
        error_messages={"required": "Say what the study changed."},
    )
    made_on = NhsDateField(label="When?", subject="The day of the change", initial=timezone.localdate)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chooser = field_of(self, "suggestions", forms.ModelMultipleChoiceField)
        chooser.queryset = self.the_study.suggestions.can_be_addressed()
        chooser.label_from_instance = _first_words  # type: ignore[method-assign,assignment]

    def perform(self) -> Amendment:
        """Record it."""
        return record_amendment(study=self.the_study, by=self.by, **self.cleaned_data)


def _first_words(suggestion: Suggestion) -> str:
    text = " ".join(suggestion.text.split())
    return f"{text[:197]}…" if len(text) > 200 else text
