"""Reminders of reviews that are due soon or overdue."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from panels import emails
from panels.models import Review, ReviewCycle, ReviewReminder
from people.models import User

#: How many days before the due date members are reminded.
SOON_DAYS = 7
#: Nobody is reminded of what they were asked less than this many days ago.
QUIET_DAYS = 2
#: Nobody is reminded by hand of what they were asked or reminded of less than this long ago.
AGAIN_AFTER = dt.timedelta(hours=24)


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
def remind_now(*, cycle: ReviewCycle, by: User, review: Review | None = None) -> tuple[list[User], list[User]]:
    """Remind those who still owe a review in a cycle, or one of them, because whoever runs it asks for that.

    Returns who was reminded, and who was not, because they were asked or reminded less than ``AGAIN_AFTER`` ago; so a
    second call reminds nobody. Where reviews are closed there is nobody to remind.
    """
    waiting = Review.objects.waiting().filter(cycle=cycle, member__is_active=True).select_for_update(of=("self",))
    if review is not None:
        waiting = waiting.filter(pk=review.pk)
    before = timezone.now() - AGAIN_AFTER
    reminded: list[User] = []
    left: list[User] = []
    rows = waiting.select_related("cycle__panel", "cycle__study", "member").prefetch_related("reminders")
    for each in rows.order_by("member__full_name", "pk"):
        if each.assigned_at > before or any(reminder.sent_at > before for reminder in each.reminders.all()):
            left.append(each.member)
            continue
        due_on = each.cycle.due_on
        ReviewReminder.objects.create(review=each, kind=ReviewReminder.Kind.BY_HAND, due_on=due_on, sent_by=by)
        is_late = due_on < timezone.localdate()
        emails.reminder(each, ReviewReminder.Kind.OVERDUE if is_late else ReviewReminder.Kind.SOON)
        reminded.append(each.member)
    return reminded, left


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
