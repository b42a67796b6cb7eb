"""The history of a review cycle: its date, note and state, what the panel decided, and which conditions were met."""

from __future__ import annotations

from django.core.paginator import Page
from django.db.models import Q

from panels.models import Condition, Decision, ReviewCycle, ReviewReminder
from people.changes import Change, Rows, Told, page_of_changes


def changes_to(cycle: ReviewCycle, page: int | str = 1) -> Page[Change]:
    """One page of a cycle's history, the latest change first; nothing of what its reviewers wrote."""
    reminders = ReviewReminder.objects.filter(review__cycle=cycle, kind=ReviewReminder.Kind.BY_HAND)
    return page_of_changes(
        {
            "cycle": Rows(
                ReviewCycle,
                "review",
                Q(id=cycle.pk),
                verbs={"+": "Asked the panel", "~": "Changed the review"},
                hidden=frozenset(
                    {"panel", "study", "opened_by", "opened_at", "closed_by", "closed_at", "completed_at"}
                ),
                labels={"due_on": "Reviews due"},
                describe=_closed,
                only_seen=True,
            ),
            "decision": Rows(
                Decision,
                "decision",
                Q(cycle_id=cycle.pk),
                verbs={"+": "Recorded the decision"},
                hidden=frozenset({"cycle", "recorded_by", "recorded_at"}),
            ),
            "condition": Rows(
                Condition,
                "condition",
                # The condition's own table knows its decision; a decision is never deleted.
                Q(decision_id__in=Decision.objects.filter(cycle=cycle).values("pk")),
                named_by=("text",),
                hidden=frozenset({"decision", "position", "suggestion", "met_by"}),
                labels={"met_at": "Met on"},
                only_seen=True,
            ),
            "reminder": Told(reminders.select_related("review__member", "sent_by"), "sent_at", _reminded),
        },
        page,
    )


def _closed(row: ReviewCycle, before: ReviewCycle | None) -> str:
    if before is None or row.status == before.status:
        return ""
    return "Closed reviews" if row.status == ReviewCycle.Status.CLOSED else "Opened reviews again"


def _reminded(reminder: ReviewReminder) -> Change:
    return Change(reminder.sent_at, reminder.sent_by, f"Reminded {reminder.review.member}")
