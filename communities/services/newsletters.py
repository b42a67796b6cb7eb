"""Writing a newsletter and sending it to those who asked."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import CharField, F, Value
from django.utils import timezone

from communities.bulk_mail import newsletter_message
from communities.lists import list_key, unsubscribe_headers
from communities.models import Associate, Newsletter, Purpose
from communities.services.consents import hold_lists
from communities.services.errors import RefusedError, StaleVersionError
from communities.slugs import free_slug
from communities.tokens import TEST_SUBJECT
from mailing.services import queue_bulk
from people.models import User

ALREADY_SENT = "This newsletter has been sent, so it can no longer be changed."


@transaction.atomic
def create_newsletter(*, by: User, **fields: Any) -> Newsletter:
    """Begin a draft."""
    slug = free_slug(Newsletter, fields["title"])
    return Newsletter.objects.create(slug=slug, created_by=by, updated_by=by, **fields)


@transaction.atomic
def save_newsletter(*, newsletter: Newsletter, version: int, changes: dict[str, Any], by: User) -> Newsletter:
    """Change a draft. ``version`` is the one that the person edited.

    Raises ``StaleVersionError`` if somebody saved another since, ``RefusedError`` if it has been sent.
    """
    current = Newsletter.objects.select_for_update().get(pk=newsletter.pk)
    if current.is_sent:
        raise RefusedError(ALREADY_SENT)
    if current.version != version:
        raise StaleVersionError(current)
    for field, value in changes.items():
        setattr(current, field, value)
    current.version += 1
    current.updated_by = by
    current.save()
    return current


@transaction.atomic
def delete_newsletter(*, newsletter: Newsletter) -> None:
    """Delete a draft; its history stays. A second call changes nothing. Raises ``RefusedError`` if it has been sent."""
    current = Newsletter.objects.select_for_update().filter(pk=newsletter.pk).first()
    if current is None:
        return
    if current.is_sent:
        raise RefusedError("This newsletter has been sent, so it stays in the archive.")
    current.delete()


def audience_of(newsletter: Newsletter) -> int:
    """How many people would get this newsletter now."""
    return Associate.objects.wanting(Purpose.NEWSLETTERS, newsletter.community).count()


@transaction.atomic
def send_test(*, newsletter: Newsletter, to: User) -> None:
    """Send a newsletter to the person who writes it, as it would go out. Its links do nothing to anybody."""
    message = newsletter_message(newsletter)
    themselves = User.objects.filter(pk=to.pk).values(
        "email", name=F("full_name"), subject_id=Value(TEST_SUBJECT, output_field=CharField())
    )
    queue_bulk(
        topic="newsletter test",
        list_key="test/",
        subject=f"Test: {message.subject}",
        text=message.text,
        html=message.html,
        headers=unsubscribe_headers(Purpose.NEWSLETTERS, newsletter.community.slug),
        audience=themselves,
        created_by=to,
    )


@transaction.atomic
def send_newsletter(*, newsletter: Newsletter, version: int, by: User) -> Newsletter:
    """Put a newsletter in the archive and queue it to everyone who may have it now.

    Those are the community's members who asked for its newsletters and whose consent to newsletters stands. It goes
    once: a second call returns it as it was sent. ``version`` is the one that the person looked at; raises
    ``StaleVersionError`` if somebody changed it since.
    """
    current = Newsletter.objects.select_related("community").select_for_update(of=("self",)).get(pk=newsletter.pk)
    if current.is_sent:
        return current
    if current.version != version:
        raise StaleVersionError(current)
    hold_lists([current.community_id])
    audience = Associate.objects.wanting(Purpose.NEWSLETTERS, current.community)
    if audience.exists():
        message = newsletter_message(current)
        current.mailing = queue_bulk(
            topic="newsletter",
            list_key=list_key(Purpose.NEWSLETTERS, current.community.slug),
            subject=message.subject,
            text=message.text,
            html=message.html,
            headers=unsubscribe_headers(Purpose.NEWSLETTERS, current.community.slug),
            audience=audience.as_audience(),
            created_by=by,
        )
    current.status, current.sent_at, current.sent_by = Newsletter.Status.SENT, timezone.now(), by
    current.save(update_fields=["mailing", "status", "sent_at", "sent_by", "updated_at"])
    return current
