"""Writing a newsletter and sending it to those who asked."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.utils import timezone

from communities.audiences import Choice, choice_of, list_slug, people_of, reached_by
from communities.bulk_mail import newsletter_message
from communities.checks import must_be_mended
from communities.emails import send_held_back
from communities.lists import list_key, several_key, unsubscribe_headers
from communities.models import Newsletter, NewsletterBlock, Purpose
from communities.querysets import AssociateQuerySet, NewsletterQuerySet
from communities.services.approval import needs_approval
from communities.services.blocks import copy_blocks
from communities.services.consents import hold_lists
from communities.services.drafts import count_change, hold_draft
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.left import note_left_out
from communities.services.presses import count_links
from communities.services.proofs import send_proof
from communities.slugs import free_slug
from mailing import wake
from mailing.models import Delivery, Mailing
from mailing.services import extend_bulk, make_list, queue_bulk
from people.models import User

logger = logging.getLogger(__name__)

#: To more people than this, their list is made by a worker rather than while somebody waits for the page.
_AT_ONCE = 2000


@transaction.atomic
def create_newsletter(*, by: User, words: str = "", source: Newsletter | None = None, **fields: Any) -> Newsletter:
    """Begin a draft: with ``words`` as its first story, or with the blocks of ``source``."""
    slug = free_slug(Newsletter, fields["title"])
    newsletter = Newsletter.objects.create(slug=slug, created_by=by, updated_by=by, **fields)
    if source is not None:
        copy_blocks(source=source, target=newsletter, by=by)
    elif words:
        NewsletterBlock.objects.create(
            newsletter=newsletter, kind=NewsletterBlock.Kind.STORY, position=10, words=words, updated_by=by
        )
    return newsletter


@transaction.atomic
def keep_as_template(*, newsletter: Newsletter, by: User) -> Newsletter:
    """Make a template that looks like this newsletter, for others to begin from."""
    return create_newsletter(
        by=by, source=newsletter, status=Newsletter.Status.TEMPLATE, community=newsletter.community,
        title=newsletter.title, introduction=newsletter.introduction,
    )  # fmt: skip


@transaction.atomic
def save_newsletter(*, newsletter: Newsletter, version: int, changes: dict[str, Any], by: User) -> Newsletter:
    """Change a draft or a template. ``version`` is the one that the person edited.

    Raises ``StaleVersionError`` if somebody saved another since, ``RefusedError`` if it has been sent or scheduled.
    """
    current = hold_draft(newsletter)
    if current.version != version:
        raise StaleVersionError(current)
    for field, value in changes.items():
        setattr(current, field, value)
    count_change(current, by=by)
    return current


@transaction.atomic
def delete_newsletter(*, newsletter: Newsletter) -> None:
    """Delete a draft; its history stays. A second call changes nothing. Raises ``RefusedError`` if it has been sent
    or is scheduled.
    """
    current = Newsletter.objects.select_for_update().filter(pk=newsletter.pk).first()
    if current is None:
        return
    if current.is_sent:
        raise RefusedError("This newsletter has been sent, so it stays in the archive.")
    if current.is_scheduled:
        raise RefusedError("This newsletter is scheduled. Take it back to a draft before you delete it.")
    current.delete()


def recipients_of(newsletter: Newsletter) -> AssociateQuerySet:
    """Those who would get this newsletter now."""
    return people_of(choice_of(newsletter))


def audience_of(newsletter: Newsletter) -> int:
    """How many people would get this newsletter now."""
    return recipients_of(newsletter).count()


def send_test(*, newsletter: Newsletter, to: User) -> None:
    """Send a newsletter to the person who writes it, as it would go out. Its links do nothing to anybody."""
    headers = unsubscribe_headers(Purpose.NEWSLETTERS, list_slug(choice_of(newsletter)))
    send_proof(message=newsletter_message(newsletter), topic="newsletter test", headers=headers, to=to)


@transaction.atomic
def send_newsletter(*, newsletter: Newsletter, version: int, by: User) -> Newsletter:
    """Put a newsletter in the archive and queue it to everyone who may have it now.

    Those are the members of its audience's communities who asked for newsletters there, whose consent to newsletters
    stands, and to whom the rest of the audience applies (``communities.audiences``); the community's, if none was
    chosen. It goes
    once: a second call returns it as it was sent. ``version`` is the one that the person looked at; raises
    ``StaleVersionError`` if somebody changed it since, ``RefusedError`` if it is a template, waits to be approved or
    has something in it that must be mended (``communities.checks``). One that is scheduled goes now instead. Where it
    goes to more than ``_AT_ONCE`` people, a worker makes their list (``make_lists``): those who may have it by then.
    """
    current = _locked(newsletter)
    if current.is_sent:
        return current
    if current.version != version:
        raise StaleVersionError(current)
    _must_be_ready(current)
    return _send(current, by, in_request=True)


def _locked(newsletter: Newsletter) -> Newsletter:
    return Newsletter.objects.select_related("community").select_for_update(of=("self",)).get(pk=newsletter.pk)


def _must_be_ready(current: Newsletter) -> None:
    """Raises ``RefusedError`` where it may not go as it is."""
    if current.is_template:
        raise RefusedError("This is a template. Begin a newsletter from it, and send that.")
    if needs_approval(current):
        raise RefusedError("Somebody else has to approve this newsletter before it is sent.")
    if must_be_mended(current):
        raise RefusedError("Something in this newsletter has to be mended before it is sent. The list says what.")


def _send(current: Newsletter, by: User | None, *, in_request: bool = False) -> Newsletter:
    choice = choice_of(current)
    if in_request and people_of(choice).order_by()[_AT_ONCE : _AT_ONCE + 1].exists():
        current.mailing = _queue(current, choice, by, later=True)
        wake.after_commit_for("communities.tasks.send_scheduled_newsletters")
    else:
        hold_lists(reached_by(choice).values_list("pk", flat=True))
        current.mailing = _queue(current, choice, by)
        note_left_out(current, choice)
    current.status, current.sent_at, current.sent_by, current.send_at = (
        Newsletter.Status.SENT, timezone.now(), by, None,
    )  # fmt: skip
    current.save(update_fields=["mailing", "status", "sent_at", "sent_by", "send_at", "updated_at"])
    return current


def make_lists() -> int:
    """Make the lists of those newsletters that were sent to so many that it was left to a worker; returns how many.

    Two calls at once, and one after another, make each once; one that fails stops no other and is tried again.
    """
    count = 0
    waiting = Newsletter.objects.filter(mailing__preparing_since__isnull=False)
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                count += _make_list(waiting.filter(pk=pk))
        except Exception:
            logger.exception("The list of newsletter %d could not be made; it is tried again", pk)
    return count


def _make_list(waiting: NewsletterQuerySet) -> bool:
    held = waiting.select_related("mailing", "community").select_for_update(skip_locked=True, no_key=True, of=("self",))
    current = held.first()
    if current is None or current.mailing is None:
        return False
    choice = choice_of(current)
    hold_lists(reached_by(choice).values_list("pk", flat=True))
    if make_list(mailing=current.mailing, audience=people_of(choice).as_audience()):
        note_left_out(current, choice)
    return True


def _queue(current: Newsletter, choice: Choice, by: User | None, *, later: bool = False) -> Mailing | None:
    """The mailing to those who may have it; none where that is nobody. ``later`` leaves its list to ``make_lists``."""
    audience = people_of(choice)
    if not audience.exists():
        return None
    message = count_links(current, newsletter_message(current))
    slug = list_slug(choice)
    return queue_bulk(
        topic="newsletter",
        list_key=list_key(Purpose.NEWSLETTERS, slug) if slug else several_key(Purpose.NEWSLETTERS, current.pk),
        subject=message.subject,
        text=message.text,
        html=message.html,
        headers=unsubscribe_headers(Purpose.NEWSLETTERS, slug, current.pk),
        audience=None if later else audience.as_audience(),
        created_by=by,
    )


@transaction.atomic
def schedule_newsletter(*, newsletter: Newsletter, version: int, send_at: dt.datetime, by: User) -> Newsletter:
    """Let a draft go by itself at ``send_at``, to whoever may have it then; again, to give it another time.

    Raises ``StaleVersionError`` if somebody changed it since ``version``, ``RefusedError`` if it has been sent, may not
    be sent as it is (see ``send_newsletter``) or the time is over.
    """
    current = _locked(newsletter)
    if current.is_sent:
        raise RefusedError("This newsletter has been sent already.")
    if current.version != version:
        raise StaleVersionError(current)
    if send_at <= timezone.now():
        raise RefusedError("Choose a time that is still to come, or send it now.")
    _must_be_ready(current)
    current.status, current.send_at, current.scheduled_by = Newsletter.Status.SCHEDULED, send_at, by
    current.save(update_fields=["status", "send_at", "scheduled_by", "updated_at"])
    return current


@transaction.atomic
def unschedule_newsletter(*, newsletter: Newsletter) -> bool:
    """Make a scheduled newsletter a draft again; False, and nothing changes, if it was none or has gone."""
    current = _locked(newsletter)
    if not current.is_scheduled:
        return False
    current.status, current.send_at = Newsletter.Status.DRAFT, None
    current.save(update_fields=["status", "send_at", "updated_at"])
    return True


def send_scheduled() -> int:
    """Send every scheduled newsletter whose time has come, however long ago; returns how many.

    Each in a transaction of its own, looked at again under its lock: two calls at once send each once, and one that
    cannot be sent stops no other. One that may not go any more, because an event in it was cancelled for example, is a
    draft again, and whoever scheduled it is told why.
    """
    count = 0
    due = Newsletter.objects.due(timezone.now()).order_by("send_at", "pk")
    for pk in list(due.values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                current = _locked(Newsletter(pk=pk))
                if current.is_scheduled and current.send_at and current.send_at <= timezone.now():
                    count += _send_or_hold_back(current)
        except Exception:
            logger.exception("Newsletter %d is due and could not be sent; it is tried again", pk)
    return count


def _send_or_hold_back(current: Newsletter) -> bool:
    try:
        _must_be_ready(current)
    except RefusedError as error:
        current.status, current.send_at = Newsletter.Status.DRAFT, None
        current.save(update_fields=["status", "send_at", "updated_at"])
        send_held_back(current, str(error))
        return False
    _send(current, current.scheduled_by)
    return True


def audience_since(newsletter: Newsletter) -> AssociateQuerySet:
    """Those who may have a newsletter today and are not among those whom it was sent to."""
    audience = recipients_of(newsletter)
    if newsletter.mailing_id is None:
        return audience
    had = Delivery.objects.filter(mailing=newsletter.mailing_id).annotate(address=Lower("recipient"))
    return audience.exclude(Exists(had.filter(address=Lower(OuterRef("email")))))


@transaction.atomic
def extend_newsletter(*, newsletter: Newsletter, by: User) -> int:
    """Send a sent newsletter also to those who joined or agreed since; returns how many. Nobody gets it twice.

    Raises ``RefusedError`` if it has not been sent, its list is still being made, its sending was cancelled, or it was
    sent so long ago that the mail has forgotten to whom.
    """
    if newsletter.mailing is not None and newsletter.mailing.is_preparing:
        raise RefusedError("The list of those it goes to is still being made. Whoever is new by then is on it.")
    current = _locked(newsletter)
    if current.sent_at is None:
        raise RefusedError("This newsletter has not been sent yet.")
    if current.sent_at <= timezone.now() - dt.timedelta(days=settings.MAIL_KEEP_RECIPIENTS_DAYS):
        raise RefusedError("It was sent so long ago that we no longer know who got it. Write a new one.")
    choice = choice_of(current)
    hold_lists(reached_by(choice).values_list("pk", flat=True))
    if current.mailing is None:
        current.mailing = _queue(current, choice, by)
        current.save(update_fields=["mailing", "updated_at"])
        return current.mailing.deliveries.count() if current.mailing else 0
    if current.mailing.status == Mailing.Status.CANCELLED:
        raise RefusedError("Its sending was cancelled, so nobody else can get it.")
    return extend_bulk(mailing=current.mailing, audience=audience_since(current).as_audience())
