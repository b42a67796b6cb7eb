"""A second person reads a newsletter before it goes, where ``NEWSLETTERS_NEED_APPROVAL`` says so."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from communities.emails import send_approval_request
from communities.models import Newsletter
from communities.services.drafts import hold_draft
from communities.services.errors import RefusedError, StaleVersionError
from people.models import User
from people.querysets import UserQuerySet


def needs_approval(newsletter: Newsletter) -> bool:
    """Whether a second person has yet to approve it as it is now."""
    return settings.NEWSLETTERS_NEED_APPROVAL and not newsletter.is_approved


def approvers_for(newsletter: Newsletter, *, but: User) -> UserQuerySet:
    """Programme staff who may approve it: not whoever changed it last, nor ``but``."""
    return User.objects.programme_staff().exclude(pk__in=[but.pk, newsletter.updated_by_id or 0]).order_by("full_name")


@transaction.atomic
def approve_newsletter(*, newsletter: Newsletter, version: int, by: User) -> Newsletter:
    """Say that a draft may go as it is; any change of it asks anew. A second call changes nothing.

    Raises ``StaleVersionError`` if it was changed since ``version``, ``RefusedError`` if it is no draft or ``by`` is
    who changed it last.
    """
    current = hold_draft(newsletter)
    if current.version != version:
        raise StaleVersionError(current)
    if current.updated_by_id == by.pk:
        raise RefusedError("You changed this newsletter last, so somebody else has to approve it.")
    if not current.is_approved:
        current.approved_version, current.approved_by = current.version, by
        current.save(update_fields=["approved_version", "approved_by", "updated_at"])
    return current


@transaction.atomic
def ask_for_approval(*, newsletter: Newsletter, colleague: User, by: User) -> None:
    """Email a colleague that a draft waits for them. Raises ``RefusedError`` if it is no draft."""
    send_approval_request(hold_draft(newsletter), to=colleague, by=by)
