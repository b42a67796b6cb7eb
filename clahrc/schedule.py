"""What is done by the clock: each task, and every how many seconds or when."""

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, object]] = {
    # One that nobody took up in time is worth nothing: the next does the same.
    "mailing-sweep": {"task": "mailing.tasks.sweep", "schedule": 10.0, "options": {"queue": "urgent", "expires": 10.0}},
    "mailing-bounces": {"task": "mailing.tasks.read_bounces", "schedule": 300.0, "options": {"expires": 300.0}},
    "mailing-tidy": {"task": "mailing.tasks.tidy", "schedule": 3600.0},
    "sessions-tidy": {"task": "people.tasks.forget_sessions", "schedule": 3600.0},
    "communities-tidy": {"task": "communities.tasks.delete_unconfirmed_signups", "schedule": 3600.0},
    "pictures-tidy": {"task": "communities.tasks.delete_unused_pictures", "schedule": crontab(hour="3", minute="30")},
    "newsletters-due": {
        "task": "communities.tasks.send_scheduled_newsletters",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    "lists": {"task": "communities.tasks.make_lists", "schedule": 30.0, "options": {"expires": 30.0}},
    "events-places": {"task": "communities.tasks.pass_places_on", "schedule": 60.0, "options": {"expires": 60.0}},
    "events-emails": {"task": "communities.tasks.send_event_emails", "schedule": 600.0, "options": {"expires": 600.0}},
    "events-tidy": {"task": "communities.tasks.forget_past_attendees", "schedule": 3600.0},
    # Drafts at 8 on the first working day; the later rounds send what is due and make up for a round that was missed.
    "updates": {"task": "communities.tasks.monthly_updates", "schedule": crontab(hour="8-18", minute="0")},
    "panels-reminders": {"task": "panels.tasks.send_review_reminders", "schedule": crontab(hour="7-18", minute="5")},
}
