"""What Celery does for communities by the clock. Each is safe to run twice."""

from __future__ import annotations

from celery import shared_task

from communities.services import (
    aftercare,
    newsletters,
    notices,
    pictures,
    postings,
    registrations,
    update_sending,
    updates,
)
from communities.services.signups import delete_expired_signups


@shared_task
def delete_unconfirmed_signups() -> int:
    """Forget people who never confirmed, and requests that no limit counts any more."""
    return delete_expired_signups()


@shared_task
def delete_unused_pictures() -> int:
    """Forget pictures that are in no newsletter."""
    return pictures.delete_unused_pictures()


@shared_task
def send_scheduled_newsletters() -> int:
    """Send the newsletters whose time has come."""
    return newsletters.send_scheduled()


@shared_task
def make_lists() -> int:
    """Make the lists of recipients that were left to a worker: of newsletters, emails about events, monthly updates.
    Tell those who registered for events what it was left to a worker to tell them.
    """
    lists = newsletters.make_lists() + postings.make_lists() + update_sending.make_lists()
    return lists + notices.tell_rest()


@shared_task
def pass_places_on() -> int:
    """Take back the places that nobody accepted in time, and offer every free one to the next in line."""
    return registrations.pass_all_places_on()


@shared_task
def send_event_emails() -> int:
    """Remind people of events that are a week or a day away, tell those who wait that no place came free, and thank
    those who came to yesterday's.
    """
    return notices.send_reminders() + notices.send_no_places() + notices.send_thanks()


@shared_task
def forget_past_attendees() -> int:
    """Delete what people needed soon after their event, and who they were some time later."""
    return aftercare.delete_old_needs() + aftercare.delete_old_registrations()


@shared_task
def monthly_updates() -> int:
    """Send the monthly update whose time has come, draft this month's from its first working day on, and remind."""
    sent = update_sending.send_due()
    return sent + (updates.draft_due() is not None) + updates.remind_undecided()
