"""A bulk message sent to whoever writes it, before anybody else gets it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import CharField, F, Value

from communities.bulk_mail import Message
from communities.tokens import TEST_SUBJECT
from mailing.services import queue_bulk
from people.models import User


def send_proof(*, message: Message, topic: str, headers: Mapping[str, str], to: User) -> None:
    """Send ``message`` to ``to`` alone, as it would go out. Its links do nothing to anybody.

    ``topic`` says in the outbox what it is, ``headers`` are those that unsubscribe from it (RFC 8058).
    """
    themselves = User.objects.filter(pk=to.pk).values(
        "email", name=F("full_name"), subject_id=Value(TEST_SUBJECT, output_field=CharField())
    )
    queue_bulk(
        topic=topic,
        list_key="test/",
        subject=f"Test: {message.subject}",
        text=message.text,
        html=message.html,
        headers=headers,
        audience=themselves,
        created_by=to,
    )
