"""Forms of a review: the conflict of interest, and the review itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.formats import date_format

from panels.forms.base import LongText, PanelsForm
from panels.models import Answer, Question, Review
from panels.services.content import FIELDS
from people.nhs_forms import NhsDateField


class ConflictForm(PanelsForm):
    """Whether the member has a conflict of interest."""

    submit_label = "Continue"
    mark_optional = False
    field_options: ClassVar = {"has_conflict": {"conditional": {"yes": ["conflict"]}}}

    has_conflict = forms.ChoiceField(
        label="Do you have a conflict of interest?",
        help_text=(
            "For example, you work on this study or with its team, you or your family stand to gain from it, or "
            "something else would stop you from judging it fairly."
        ),
        choices=[("no", "No, I do not"), ("yes", "Yes, I have a conflict of interest")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whether you have a conflict of interest."},
    )
    conflict = forms.CharField(
        label="What is your conflict of interest?",
        help_text="The panel's chair and the programme's staff read this. You will not review the study.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, object]:
        """A conflict is described."""
        data = super().clean() or {}
        if data.get("has_conflict") == "yes" and not data.get("conflict") and "conflict" not in self.errors:
            self.add_error("conflict", "Say in a few words what your conflict of interest is.")
        return data


class DeclineForm(PanelsForm):
    """Why the member cannot review the study, where it is no conflict of interest."""

    submit_label = "I cannot review it"
    submit_class = "nhsuk-button--warning"
    mark_optional = False

    reason = forms.CharField(
        label="Why can you not review it?",
        help_text="A few words are enough. The panel's chair and the programme's staff read this.",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say in a few words why you cannot review it."},
    )


class LongerForm(PanelsForm):
    """Until when the member asks for time."""

    submit_label = "Ask for more time"

    until = NhsDateField(label="When can you send it?", subject="The day")
    words = forms.CharField(
        label="Anything that the chair should know?",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, due_on: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.due_on = due_on
        self.fields["until"].required = True
        self.fields["until"].help_text = f"It is due on {date_format(due_on)}."

    def clean_until(self) -> dt.date:
        """A day after the due date and to come, within half a year."""
        day: dt.date = self.cleaned_data["until"]
        today = timezone.localdate()
        if day <= max(self.due_on, today):
            when = f"{date_format(self.due_on)}, when it is due" if self.due_on >= today else "today"
            raise forms.ValidationError(f"Choose a day after {when}.", code="early")
        if day > today + dt.timedelta(days=183):
            raise forms.ValidationError("Choose a day within six months. Check the year for a slip.", code="far")
        return day


class ReviewForm(PanelsForm):
    """The questions of the review's cycle, comments and a recommendation.

    Nothing is compulsory here, because a draft may have gaps; ``services.reviews.missing_from`` says what a review
    needs before it can be sent.
    """

    mark_optional = False
    submit_label = ""

    page = forms.CharField(widget=forms.HiddenInput, max_length=32, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2_000_000_000, required=False)

    def __init__(self, *args: Any, review: Review, **kwargs: Any) -> None:
        super().__init__(*args, initial={**written(review), "page": get_random_string(16)}, **kwargs)
        self.review = review
        self.questions = list(review.cycle.questions.all())
        for question in self.questions:
            self.fields[question.field_name] = self._field_for(question)
        self.fields["recommendation"] = forms.ChoiceField(
            label="What do you recommend?",
            choices=Review.Recommendation.choices,
            widget=forms.RadioSelect,
            required=False,
        )
        self.fields["comments_to_team"] = _text(
            "Comments to the study team (optional)",
            "The panel's members, its chair and the programme's staff read them. The chair or staff may pass them on "
            "to the study team, without your name.",
        )
        self.fields["confidential_comments"] = _text(
            "Confidential comments (optional)",
            "Only the panel's chair and the programme's staff read them, never the study team or other members.",
        )

    @staticmethod
    def _field_for(question: Question) -> forms.Field:
        label = question.text if question.is_required else f"{question.text} (optional)"
        if question.kind == Question.Kind.TEXT:
            return _text(label, question.hint)
        return forms.TypedChoiceField(
            label=label,
            help_text=question.hint,
            choices=[(value, f"{value}. {words}") for value, words in Answer.Score.choices],
            coerce=int,
            empty_value=None,
            required=False,
            widget=forms.RadioSelect,
            error_messages={"invalid_choice": "Choose one of the five scores."},
        )

    def kept(self) -> tuple[dict[str, str], dict[int, int | str | None]]:
        """What can be saved of what was posted: texts and recommendation, then answers by question.

        Leaves out what is not valid, which stays on the page with its error, and what was not posted at all.
        """
        fields = {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data and name in self.data}
        answers = {
            question.pk: self.cleaned_data[question.field_name]
            for question in self.questions
            if question.field_name in self.cleaned_data and question.field_name in self.data
        }
        return fields, answers

    def made_from(self) -> dict[str, Any]:
        """Which version the page was made from and which page it is; what was tampered with fits none."""
        return {"version": self.cleaned_data.get("version") or 0, "page": self.cleaned_data.get("page", "")}

    def changed_elsewhere(self, review: Review) -> list[tuple[str, str]]:
        """The label and the saved words of each field that says something else than what is typed here."""
        saved = written(review)
        found = []
        for name, field in self.fields.items():
            typed = self.cleaned_data.get(name, self.data.get(name))
            if name in ("version", "page") or (typed or "") == (saved.get(name) or ""):
                continue
            value = saved.get(name) or ""
            if value and isinstance(field, forms.ChoiceField):
                value = dict(field.choices).get(value, value)  # type: ignore[arg-type]
            found.append((str(field.label), str(value or "Nothing")))
        return found


def _text(label: str, hint: str) -> LongText:
    return LongText(label=label, help_text=hint, required=False)


def written(review: Review) -> Mapping[str, Any]:
    """What the review says so far, by the form's field names."""
    found: dict[str, Any] = {name: getattr(review, name) for name in FIELDS}
    found["version"] = review.version
    for answer in review.answers.all():
        name = f"question_{answer.question_id}"
        found[name] = answer.score if answer.score is not None else answer.text
    return found
