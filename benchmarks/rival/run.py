"""``prepare``: make the database and its people. ``send``: submit one newsletter to them and print the seconds."""

from __future__ import annotations

import os
import sys
import time

import django
from django.conf import settings
from django.core.management import call_command


def prepare() -> None:
    """Make the database, a newsletter, a message and its subscribers."""
    import psycopg2

    connection = psycopg2.connect(f"{os.environ['RIVAL_POSTGRES']}/postgres")
    connection.autocommit = True
    connection.cursor().execute("CREATE DATABASE rival")
    connection.close()
    call_command("migrate", verbosity=0)
    from newsletter.models import Message, Newsletter, Subscription

    newsletter = Newsletter.objects.create(title="News", slug="news", email="portal@example.org", sender="Programme")
    Message.objects.create(title=settings.MESSAGE["subject"], slug="news", newsletter=newsletter)
    Subscription.objects.bulk_create(
        Subscription(
            name_field=f"Zoë Person {each}",
            email_field=f"p{each}@example.org",
            newsletter=newsletter,
            subscribed=True,
        )
        for each in range(settings.MESSAGE["people"])
    )


def send() -> None:
    """Submit, as its ``submit_newsletter`` command does."""
    from newsletter.models import Message, Submission

    submission = Submission.from_message(Message.objects.get())
    submission.prepared = True
    submission.save()
    started = time.perf_counter()
    Submission.submit_queue()
    print(time.perf_counter() - started)


if __name__ == "__main__":
    django.setup()
    {"prepare": prepare, "send": send}[sys.argv[1]]()
