"""Writing a newsletter and sending it to those who asked."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.template.defaultfilters import truncatechars
from django.utils import timezone

from communities.audiences import Choice, choice_of, list_slug, people_of, reached_by
from communities.bulk_mail import newsletter_message
from communities.checks import must_be_mended
from communities.emails import send_held_back
from communities.lists import list_key, several_key, unsubscribe_headers
from communities.models import Newsletter, NewsletterBlock, Purpose
from communities.querysets import AssociateQuerySet
from communities.services.approval import needs_approval
from communities.services.blocks import copy_blocks
from communities.services.consents import hold_lists
from communities.services.drafts import count_change, hold_draft
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.left import note_left_out
from communities.services.list_making import is_long, make_each, queue_list
from communities.services.presses import count_links
from communities.services.proofs import send_proof
from communities.slugs import free_slug
from mailing.models import Delivery, Mailing
from mailing.services import extend_bulk, make_list
from people.models import User
from studies.services.history import save_as

logger = logging.getLogger(__name__)


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
    goes to very many people, a worker makes their list (``list_making``): those who may have it by then. So it does
    where the list of a newsletter waits to be made whose readers are left out of this one.
    """
    current = _locked(newsletter)
    if current.is_sent:
        return current
    if current.version != version:
        raise StaleVersionError(current)
    _must_be_ready(current)
    return _send(current, by)


def _locked(newsletter: Newsletter) -> Newsletter:
    return Newsletter.objects.select_related("community").select_for_update(of=("self",)).get(pk=newsletter.pk)


def _must_be_ready(current: Newsletter) -> None:
    """Raises ``RefusedError`` where it may not go as it is."""
    if current.is_template:
        raise RefusedError("This is a template. Begin a newsletter from it, and send that.")
    if needs_approval(current):
        raise RefusedError(_approval_missing(current))
    if must_be_mended(current):
        raise RefusedError("Something in this newsletter has to be mended before it is sent. The list says what.")


def _approval_missing(current: Newsletter) -> str:
    if current.is_approved:
        return (
            f"An event or a study that this newsletter shows has changed since {current.approved_by or 'somebody'} "
            "approved it. Somebody has to approve it as it is now before it is sent."
        )
    return "Somebody else has to approve this newsletter before it is sent."


def _send(current: Newsletter, by: User | None) -> Newsletter:
    choice = choice_of(current)
    later = _is_for_worker(current, choice)
    if not later:
        hold_lists(reached_by(choice).values_list("pk", flat=True))
        note_left_out(current, choice)
    current.mailing = _queue(current, choice, by, later=later)
    current.status, current.sent_at, current.sent_by, current.send_at = (
        Newsletter.Status.SENT, timezone.now(), by, None,
    )  # fmt: skip
    current.save(update_fields=["mailing", "status", "sent_at", "sent_by", "send_at", "updated_at"])
    return current


def _is_for_worker(current: Newsletter, choice: Choice) -> bool:
    return is_long(people_of(choice)) or _waits_for_another(current, choice)


def make_lists() -> int:
    """Make the lists of those newsletters that were left to a worker; returns how many (``make_each``)."""
    waiting = Newsletter.objects.filter(mailing__preparing_since__isnull=False)
    return make_each(waiting.select_related("mailing", "community"), _make_list)


def _make_list(current: Newsletter) -> bool:
    assert current.mailing is not None  # the query asks for it
    choice = choice_of(current)
    if _waits_for_another(current, choice):
        return False
    hold_lists(reached_by(choice).values_list("pk", flat=True))
    if make_list(mailing=current.mailing, audience=people_of(choice).as_audience()):
        note_left_out(current, choice)
    return True


def _waits_for_another(current: Newsletter, choice: Choice) -> bool:
    """Whether the list of a newsletter is still to be made whose readers are left out of this one."""
    others = Newsletter.objects.filter(pk__in=choice.without_newsletters).exclude(pk=current.pk)
    return Mailing.objects.preparing().filter(pk__in=others.values("mailing")).exists()


def _queue(current: Newsletter, choice: Choice, by: User | None, *, later: bool) -> Mailing | None:
    """The mailing to those who may have it; none where that is nobody. ``later`` leaves its list to ``make_lists``."""
    people = people_of(choice)
    if not people.exists():
        return None
    message = count_links(current, newsletter_message(current))
    slug = list_slug(choice)
    return queue_list(
        people,
        later=later,
        topic="newsletter",
        list_key=list_key(Purpose.NEWSLETTERS, slug) if slug else several_key(Purpose.NEWSLETTERS, current.pk),
        subject=message.subject,
        text=message.text,
        html=message.html,
        headers=unsubscribe_headers(Purpose.NEWSLETTERS, slug, current.pk),
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
        save_as(current, None, truncatechars(f"Not sent. {error}", 100))
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
    # Before the lock, which a worker holds while it makes the list, and under it.
    _refuse_while_preparing(newsletter)
    current = _locked(newsletter)
    _refuse_while_preparing(current)
    if current.sent_at is None:
        raise RefusedError("This newsletter has not been sent yet.")
    if current.sent_at <= timezone.now() - dt.timedelta(days=settings.MAIL_KEEP_RECIPIENTS_DAYS):
        raise RefusedError("It was sent so long ago that we no longer know who got it. Write a new one.")
    choice = choice_of(current)
    later = current.mailing is None and _is_for_worker(current, choice)
    if not later:
        hold_lists(reached_by(choice).values_list("pk", flat=True))
    if current.mailing is None:
        current.mailing = _queue(current, choice, by, later=later)
        current.save(update_fields=["mailing", "updated_at"])
        return people_of(choice).count()
    if current.mailing.status == Mailing.Status.CANCELLED:
        raise RefusedError("Its sending was cancelled, so nobody else can get it.")
    return extend_bulk(mailing=current.mailing, audience=audience_since(current).as_audience())


def _refuse_while_preparing(newsletter: Newsletter) -> None:
    if newsletter.mailing is not None and newsletter.mailing.is_preparing:
        raise RefusedError("The list of those it goes to is still being made. Whoever is new by then is on it.")
