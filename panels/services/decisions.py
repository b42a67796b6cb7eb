"""What a panel decides about a study, and the conditions that the study must meet."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from panels import emails
from panels.exceptions import AlreadyDecidedError
from panels.models import Condition, Decision, ReviewCycle
from panels.services.cycles import close_cycle, lock_cycle
from people.models import User
from studies.models import Suggestion
from studies.services import make_suggestion


@transaction.atomic
def record_decision(
    *, cycle: ReviewCycle, outcome: str, reasons: str, recorded_by: User, conditions: Iterable[str] = ()
) -> Decision:
    """Record what the panel decided, close its reviews, and tell the study's lead and those whose reviews were in.

    Each condition, said once, also becomes a suggestion in the study's co-production ledger, where the team answers
    it. Raises AlreadyDecidedError on a second call, and ValueError where conditions and outcome do not belong together.
    """
    texts = list(dict.fromkeys(text.strip() for text in conditions if text.strip()))
    if (outcome == Decision.Outcome.CONDITIONS) != bool(texts):
        raise ValueError("A decision has conditions when, and only when, it is agreed with conditions.")
    locked = lock_cycle(cycle.pk)
    if Decision.objects.filter(cycle=locked).exists():
        raise AlreadyDecidedError("The panel's decision on this study has already been recorded.")
    if locked.is_open:
        locked = close_cycle(cycle=locked, closed_by=recorded_by)
    decision = Decision.objects.create(cycle=locked, outcome=outcome, reasons=reasons, recorded_by=recorded_by)
    for position, text in enumerate(texts, start=1):
        suggestion = make_suggestion(
            study=locked.study,
            source=Suggestion.Source.PANEL,
            source_detail=f"Condition of the {locked.panel.name}",
            text=text,
            made_by=recorded_by,
        )
        Condition.objects.create(decision=decision, position=position, text=text, suggestion=suggestion)
    emails.decided(decision)
    return decision


@transaction.atomic
def mark_condition_met(*, condition: Condition, met_by: User, note: str = "") -> Condition:
    """The panel is satisfied that the study met a condition. A second call keeps the first record."""
    condition = Condition.objects.select_for_update().get(pk=condition.pk)
    if not condition.is_met:
        condition.met_at = timezone.now()
        condition.met_by = met_by
        condition.met_note = note
        condition.save()
    return condition


@transaction.atomic
def mark_condition_unmet(*, condition: Condition) -> Condition:
    """Undo that. A second call changes nothing; the history keeps who had said what."""
    condition = Condition.objects.select_for_update().get(pk=condition.pk)
    if condition.is_met:
        condition.met_at = condition.met_by = None
        condition.met_note = ""
        condition.save()
    return condition
