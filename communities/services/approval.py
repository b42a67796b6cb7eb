"""A second person reads a newsletter before it goes, where ``NEWSLETTERS_NEED_APPROVAL`` says so.

Whoever changed it last and whoever approves it are two people, so that two stand behind every version that goes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable

from django.conf import settings
from django.db import transaction

from communities import emails
from communities.drawing import borrowed_by
from communities.models import ApprovalStep, Newsletter
from communities.services.drafts import ALREADY_SENT
from communities.services.errors import RefusedError, StaleVersionError
from people.models import User
from people.querysets import UserQuerySet

CHANGED_LAST = "You changed this newsletter last, so somebody else has to approve it."
_Kind = ApprovalStep.Kind


def needs_approval(newsletter: Newsletter) -> bool:
    """Whether a second person has yet to approve it as it is now."""
    return settings.NEWSLETTERS_NEED_APPROVAL and not approval_holds(newsletter)


def approval_holds(newsletter: Newsletter) -> bool:
    """Whether a second person approved it as readers would get it now: this version of it, and nothing that its events
    and studies show has changed since. What was approved before the latter was kept is held to be as it was.
    """
    return newsletter.is_approved and newsletter.approved_as in ("", digest_of_shown(newsletter))


def digest_of_shown(newsletter: Newsletter) -> str:
    """A digest of what it shows of events and studies, which change without a new version of it. One query."""
    return hashlib.sha256(json.dumps(borrowed_by(newsletter)).encode()).hexdigest()


def approvers_for(newsletter: Newsletter, *, but: User) -> UserQuerySet:
    """Programme staff who may approve it: not whoever changed it last, nor ``but``."""
    others = User.objects.programme_staff().exclude(pk__in=[but.pk, newsletter.last_changed_by_id or 0])
    return others.order_by("full_name", "pk")


@transaction.atomic
def ask_for_approval(*, newsletter: Newsletter, colleagues: Collection[User], by: User, words: str = "") -> None:
    """Email colleagues that a newsletter waits for them; a second call asks them again.

    Raises ``RefusedError`` if it has gone, is a template or approved already, or if none of these may approve it.
    """
    current = _held(newsletter)
    if approval_holds(current):
        raise RefusedError("This newsletter is approved already.")
    asked = list(approvers_for(current, but=by).filter(pk__in=[each.pk for each in colleagues]))
    if not asked:
        raise RefusedError("None of these may approve it. Choose somebody else.")
    step = _note(current, _Kind.ASKED, by, words)
    step.asked.set(asked)
    for each in asked:
        emails.send_approval_request(current, to=each, by=by, words=words)


@transaction.atomic
def approve_newsletter(*, newsletter: Newsletter, version: int, by: User, shown: str = "") -> Newsletter:
    """Say that a newsletter may go as it is, and tell whoever asked and whoever wrote it. Any change of it, and of the
    events and studies that it shows, asks anew. A second call changes nothing.

    ``version`` and ``shown`` (``digest_of_shown``; empty: as it is now) are what the person looked at. Raises
    ``StaleVersionError`` if it was changed since, ``RefusedError`` if it has gone or is a template, or ``by`` is who
    changed it last.
    """
    current = _held(newsletter)
    now_shown = digest_of_shown(current)
    if current.version != version or shown not in ("", now_shown):
        raise StaleVersionError(current)
    if current.last_changed_by_id == by.pk:
        raise RefusedError(CHANGED_LAST)
    if approval_holds(current):
        return current
    current.approved_version, current.approved_by, current.approved_as = current.version, by, now_shown
    current.save(update_fields=["approved_version", "approved_by", "approved_as", "updated_at"])
    _note(current, _Kind.APPROVED, by)
    for each in _concerned(current, by):
        emails.send_approved(current, to=each, by=by)
    return current


@transaction.atomic
def send_back(*, newsletter: Newsletter, version: int, words: str, by: User) -> Newsletter:
    """Say what has to be changed before a newsletter is approved. Whoever wrote it, asked or scheduled it is emailed.

    It is a draft without approval afterwards, also where it was approved or scheduled. A second call with the same
    words changes nothing. ``version`` is the one that the person looked at. Raises ``StaleVersionError`` if it was
    changed since, ``RefusedError`` if it has gone or is a template, ``by`` is who changed it last, or nothing is said.
    """
    current = _held(newsletter)
    if current.version != version:
        raise StaleVersionError(current)
    if current.last_changed_by_id == by.pk:
        raise RefusedError("You changed this newsletter last, so you can change it again yourself.")
    words = words.strip()
    if not words:
        raise RefusedError("Say what should be changed.")
    last = current.approval_steps.first()
    if last and (last.kind, last.version, last.words, last.made_by_id) == (_Kind.SENT_BACK, version, words, by.pk):
        return current
    told = _concerned(current, by, with_scheduler=current.is_scheduled)
    current.approved_version, current.approved_by, current.approved_as = None, None, ""
    current.status, current.send_at = Newsletter.Status.DRAFT, None
    current.save(update_fields=["approved_version", "approved_by", "approved_as", "status", "send_at", "updated_at"])
    _note(current, _Kind.SENT_BACK, by, words)
    for each in told:
        emails.send_sent_back(current, to=each, by=by, words=words)
    return current


def _held(newsletter: Newsletter) -> Newsletter:
    """The newsletter as it is now, locked until the transaction ends. Raises ``RefusedError`` where it is none to
    approve.
    """
    current = Newsletter.objects.select_for_update(of=("self",)).select_related("community").get(pk=newsletter.pk)
    if current.is_sent:
        raise RefusedError(ALREADY_SENT)
    if current.is_template:
        raise RefusedError("This is a template. It is never sent itself, so nobody has to approve it.")
    return current


def _note(newsletter: Newsletter, kind: str, by: User, words: str = "") -> ApprovalStep:
    return ApprovalStep.objects.create(
        newsletter=newsletter, kind=kind, version=newsletter.version, words=words.strip(), made_by=by
    )


def _concerned(newsletter: Newsletter, by: User, *, with_scheduler: bool = False) -> Iterable[User]:
    """Whoever changed it last and whoever asked last, and who scheduled it where that matters; not ``by``."""
    asked = newsletter.approval_steps.filter(kind=_Kind.ASKED).first()
    keys = {newsletter.last_changed_by_id, asked.made_by_id if asked else None}
    if with_scheduler:
        keys.add(newsletter.scheduled_by_id)
    return User.objects.active().filter(pk__in=keys - {None, by.pk}).order_by("pk")
