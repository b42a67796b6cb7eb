"""Sending a month's update: one email for each person, with what all of their communities have approved."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from communities.lists import unsubscribe_headers
from communities.models import Associate, Membership, MonthlyUpdate, Purpose, UpdateReceipt, UpdateSection
from communities.querysets import AssociateQuerySet
from communities.services.consents import hold_lists
from communities.services.errors import RefusedError
from communities.services.proofs import send_proof
from communities.services.update_lists import mailing_for, sections_to_send, send_to
from communities.update_mail import message_of, parts_of
from people.models import User

logger = logging.getLogger(__name__)

_BATCH = 2000


def recipients_of(update: MonthlyUpdate) -> AssociateQuerySet:
    """Those who would get the update now: their consent to monthly updates stands, they belong to a community with an
    approved section and want it told, their address is not suppressed, and they have not had this update.
    """
    return _recipients(update, list(parts_of(sections_to_send(update))))


def _recipients(update: MonthlyUpdate, communities: list[int]) -> AssociateQuerySet:
    had = UpdateReceipt.objects.filter(update=update, associate=OuterRef("pk"))
    return Associate.objects.wanting_in(Purpose.UPDATES, communities).exclude(Exists(had))


def send_test(*, section: UpdateSection, to: User) -> None:
    """Send the email of one community to the person who decides on it, as it is saved now. Its links do nothing to
    anybody. Raises ``RefusedError`` where it has nothing to tell.
    """
    message = message_of(section)
    if message is None:
        raise RefusedError("Nothing is ticked, so there is nothing to send. Tick something and save the draft first.")
    headers = unsubscribe_headers(Purpose.UPDATES, section.community.slug)
    send_proof(message=message, topic="monthly update test", headers=headers, to=to)


@transaction.atomic
def send_update(*, update: MonthlyUpdate, by: User | None = None) -> MonthlyUpdate:
    """Close an update and queue what is approved: one email for each person, however many communities they are in.

    There is one bulk mailing for each distinct set of communities among those who get it. It goes once: a second call
    returns it as it was sent, and nobody is on more than one mailing of a month (``update_receipt_once``). What is not
    approved is left out; where nothing is, or nobody wants it, nothing is sent. ``by`` is None where it goes by itself.
    """
    current = MonthlyUpdate.objects.select_for_update().get(pk=update.pk)
    if not current.is_open:
        return current
    hold_lists()
    sets = _sets_of_communities(current, list(parts_of(sections_to_send(current))))
    for communities, people in sorted(sets.items(), key=lambda each: sorted(each[0])):
        mailing = mailing_for(current, communities, by)
        if mailing:
            send_to(mailing, people)
    current.closed_at, current.closed_by = timezone.now(), by
    current.save(update_fields=["closed_at", "closed_by"])
    return current


def _sets_of_communities(update: MonthlyUpdate, communities: list[int]) -> dict[frozenset[int], list[int]]:
    """Who gets it, by the communities that they are told of: set of community keys → associates' keys. One query."""
    rows = (
        Membership.objects.current()
        .filter(wants_updates=True, community__in=communities)
        .filter(associate__in=_recipients(update, communities).order_by().values("pk"))
        .order_by("associate", "community")
        .values_list("associate_id", "community_id")
    )
    theirs: dict[int, set[int]] = {}
    for associate, community in rows.iterator(chunk_size=_BATCH):
        theirs.setdefault(associate, set()).add(community)
    sets: dict[frozenset[int], list[int]] = {}
    for associate, belongs in theirs.items():
        sets.setdefault(frozenset(belongs), []).append(associate)
    return sets


def send_due() -> int:
    """Send every update whose time has come, however long ago; returns how many.

    Each in a transaction of its own and looked at again under its lock, so that two calls at once send each once, and
    one that cannot be sent stops no other: it is tried again.
    """
    count = 0
    now = timezone.now()
    for pk in list(MonthlyUpdate.objects.due(now).order_by("month").values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                current = MonthlyUpdate.objects.select_for_update().get(pk=pk)
                if current.is_open and current.closes_at <= now:
                    send_update(update=current)
                    count += 1
        except Exception:
            logger.exception("Monthly update %d is due and could not be sent; it is tried again", pk)
    return count
