"""What the panels app holds on a person."""

from __future__ import annotations

from panels.models import PanelSeat, Review
from panels.services.content import content_of
from people.models import User


def panels_data(user: User) -> dict[str, object]:
    """Seats, and every review with what it says, versions and reminders included."""
    reviews = Review.objects.filter(member=user).select_related("cycle__panel", "cycle__study")
    return {
        "Panel seats": [
            {"panel": seat.panel.name, "role": seat.get_role_display(), "from": seat.starts_on, "to": seat.ends_on}
            for seat in PanelSeat.objects.filter(user=user).select_related("panel")
        ],
        "Reviews": [
            {
                "panel": review.cycle.panel.name,
                "study": str(review.cycle.study),
                "reason": review.cycle.get_reason_display(),
                "status": review.get_status_display(),
                "asked": review.assigned_at,
                "sent": review.submitted_at,
                "conflict of interest": review.conflict,
                "why you cannot review": review.declined,
                "asked for time until": review.longer_until,
                "why you need longer": review.longer_words,
                "review": content_of(review),
                "earlier versions": list(review.versions.values("kind", "made_at", "content")),
                "reminders": list(review.reminders.values("kind", "due_on", "sent_at")),
            }
            for review in reviews.prefetch_related("versions", "reminders")
        ],
    }
