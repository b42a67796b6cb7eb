"""The co-production ledger: suggestions, answers to them, and amendments ("you said, we did")."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from people.models import User
from studies.models import Study, Suggestion
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
