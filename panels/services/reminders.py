"""Reminders of reviews that are due soon or overdue."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from panels import emails
from panels.models import Review, ReviewReminder

#: How many days before the due date members are reminded.
SOON_DAYS = 7
#: Nobody is reminded of what they were asked less than this many days ago.
QUIET_DAYS = 2


def reviews_to_remind(today: dt.date) -> list[tuple[int, str]]:
    """The key of each review whose member should be reminded now, and the kind of reminder.

    There is no window: a reminder that could not be sent on its day is sent on the next. Two queries.
    """
    asked_before = timezone.now() - dt.timedelta(days=QUIET_DAYS)
    found: list[tuple[int, str]] = []
    for kind, due in (
        (
            ReviewReminder.Kind.SOON,
            {
                "cycle__due_on__gte": today,
                "cycle__due_on__lte": today + dt.timedelta(days=SOON_DAYS),
                "assigned_at__lt": asked_before,
            },
        ),
        (ReviewReminder.Kind.OVERDUE, {"cycle__due_on__lt": today}),
    ):
        reviews = Review.objects.waiting().filter(**due).select_related("cycle").prefetch_related("reminders")
        found += [
            (review.pk, kind)
            for review in reviews
            if not any(r.kind == kind and r.due_on == review.cycle.due_on for r in review.reminders.all())
        ]
    return found


@transaction.atomic
def remind(*, review_id: int, kind: str) -> bool:
    """Send one reminder, unless it was sent for the present due date or the review is no longer owed; says which.

    Safe to call twice, and by two workers at once.
    """
    review = (
        Review.objects.waiting()
        .select_for_update(of=("self",))
        .select_related("cycle__panel", "cycle__study", "member")
        .filter(pk=review_id)
        .first()
    )
    if review is None or not review.member.is_active:
        return False
    _, created = ReviewReminder.objects.get_or_create(review=review, kind=kind, due_on=review.cycle.due_on)
    if created:
        emails.reminder(review, kind)
    return created
