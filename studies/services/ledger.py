"""The co-production ledger: suggestions, answers to them, and amendments ("you said, we did")."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from people.models import User
from studies.models import Amendment, Study, Suggestion
from studies.services.history import save_as


@transaction.atomic
def make_suggestion(
    *, study: Study, source: str, text: str, source_detail: str = "", made_by: User | None = None
) -> Suggestion:
    """Record what somebody asked a study to change. Every app calls this: panels, communities, fellows.

    ``source`` is one of ``Suggestion.Source``; ``source_detail`` says more, such as the panel's name; ``made_by`` may
    be None where the suggestion is nobody's in particular. The same words from the same place and person, on the same
    day and still without an answer, are one suggestion: a second call returns the first. Raises ``ValidationError``
    where the text is empty or the source is not known.
    """
    text = text.strip()
    if not text:
        raise ValidationError("Say what should change.", code="text")
    if source not in Suggestion.Source.values:
        raise ValidationError("Choose where the suggestion came from.", code="source")
    Study.objects.select_for_update().get(pk=study.pk)
    said = {"source": source, "source_detail": source_detail.strip(), "text": text, "made_by": made_by}
    today = timezone.localdate()
    suggestion = study.suggestions.waiting().filter(made_on=today, **said).first()
    if suggestion is None:
        suggestion = Suggestion(study=study, made_on=today, **said)
        save_as(suggestion, made_by)
    return suggestion


@transaction.atomic
def answer_suggestion(*, suggestion: Suggestion, accept: bool, answer: str, by: User) -> Suggestion:
    """Say what the study team makes of a suggestion: accepted, or not taken up with the reason.

    An answer may be changed until an amendment has been recorded for the suggestion; then, and where it is not taken
    up without a reason, raises ``ValidationError``. A second call with the same changes nothing.
    """
    now = Suggestion.objects.select_for_update().get(pk=suggestion.pk)
    answer = answer.strip()
    if now.status == Suggestion.Status.DONE:
        raise ValidationError("An amendment has been recorded for this suggestion.", code="done")
    if not accept and not answer:
        raise ValidationError("Say why the suggestion is not taken up.", code="answer")
    status = Suggestion.Status.ACCEPTED if accept else Suggestion.Status.DECLINED
    if (now.status, now.answer) == (status, answer):
        return now
    now.status, now.answer = status, answer
    now.answered_by, now.answered_at = by, timezone.now()
    save_as(now, by)
    return now


@transaction.atomic
def record_amendment(
    *, study: Study, suggestions: Iterable[Suggestion], text: str, made_on: dt.date | None = None, by: User
) -> Amendment:
    """Record what the study changed because of one or more suggestions, which then count as done.

    ``made_on`` is the day of the change, today unless said. The same words for the same suggestions are one
    amendment: a second call returns the first. Raises ``ValidationError`` where there is no text or no suggestion,
    where one is another study's or was not taken up, or the day is to come.
    """
    text = text.strip()
    wanted = {suggestion.pk for suggestion in suggestions}
    if not text:
        raise ValidationError("Say what the study changed.", code="text")
    if not wanted:
        raise ValidationError("Choose at least one suggestion.", code="suggestions")
    today = timezone.localdate()
    made_on = made_on or today
    if made_on > today:
        raise ValidationError("The day must be today or in the past.", code="made_on")
    Study.objects.select_for_update().get(pk=study.pk)
    for earlier in study.amendments.filter(text=text).prefetch_related("suggestions"):
        if {suggestion.pk for suggestion in earlier.suggestions.all()} == wanted:
            return earlier
    rows = list(study.suggestions.can_be_addressed().select_for_update().filter(pk__in=wanted))
    if len(rows) != len(wanted):
        raise ValidationError(
            "One of the suggestions has been answered in the meantime. Look at the list again.", code="suggestions"
        )
    amendment = Amendment(study=study, text=text, made_on=made_on, made_by=by)
    save_as(amendment, by)
    amendment.suggestions.set(rows)
    for row in rows:
        row.status = Suggestion.Status.DONE
        row.answered_by, row.answered_at = row.answered_by or by, row.answered_at or timezone.now()
        save_as(row, by)
    return amendment
