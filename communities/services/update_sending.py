"""Sending a month's update: one email for each person, with what all of their communities have approved."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from communities.lists import unsubscribe_headers
from communities.models import Associate, Membership, MonthlyUpdate, Purpose, UpdateReceipt, UpdateSection
from communities.querysets import AssociateQuerySet
from communities.services.consents import hold_lists
from communities.services.errors import RefusedError
from communities.services.list_making import is_long, leave_to_worker, make_each
from communities.services.proofs import send_proof
from communities.services.update_lists import mailing_for, mailings_of, sections_to_send, send_to
from communities.update_mail import message_of, parts_of
from mailing.models import Delivery, Mailing
from mailing.services import cancel, pause, resume
from people.models import User

logger = logging.getLogger(__name__)

#: How many associates are looked at at a time: a moment's work.
_BATCH = 2000
_Sending = MonthlyUpdate.Sending


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
    Where very many get it, a worker makes the lists (``make_lists``): of those who may have it by then.
    """
    current = MonthlyUpdate.objects.select_for_update().get(pk=update.pk)
    if not current.is_open:
        return current
    current.closed_at, current.closed_by = timezone.now(), by
    if is_long(recipients_of(current)):
        current.preparing_since = current.closed_at
        leave_to_worker()
    else:
        _send_to(current)
    current.save(update_fields=["closed_at", "closed_by", "preparing_since"])
    return current


def make_lists() -> int:
    """Make the lists of those updates that were left to a worker; returns how many it has done with.

    A few thousand people at a time, each time in a transaction of its own, so that whoever leaves a list waits for a
    moment only. Two calls at once share the work; where one is killed, the next goes on from there
    (``prepared_upto``). After ``MAIL_TASK_SECONDS``, or once somebody waits for an
    urgent message, it asks for another worker to go on.
    """
    until = time.monotonic() + settings.MAIL_TASK_SECONDS
    waiting = MonthlyUpdate.objects.filter(preparing_since__isnull=False)
    done: set[int] = set()

    def make_some(update: MonthlyUpdate) -> bool:
        first = update.prepared_upto
        window = Associate.objects.filter(pk__gt=first).order_by("pk").values_list("pk", flat=True)[:_BATCH]
        last = max(window, default=0)
        if last:
            # By a range of keys, so that the database looks at these people only.
            _send_to(update, pk__gt=first, pk__lte=last)
            # Past the history, which need not say how far it is.
            MonthlyUpdate.objects.filter(pk=update.pk).update(prepared_upto=last)
        else:
            update.preparing_since = None
            update.save(update_fields=["preparing_since"])
            done.add(update.pk)
        return True

    while make_each(waiting, make_some):
        # Where one worker does everything, a login code must not wait for all of it.
        if time.monotonic() > until or Delivery.objects.urgent_due(timezone.now()).exists():
            leave_to_worker()
            break
    return len(done)


def _send_to(update: MonthlyUpdate, **among: int) -> None:
    """Queue a locked update to whoever gets it and has not had it, ``among`` these associates."""
    hold_lists()
    parts = list(parts_of(sections_to_send(update)))
    sets = _sets_of_communities(_recipients(update, parts).filter(**among), parts)
    known = mailings_of(update)
    for communities, people in sorted(sets.items(), key=lambda each: sorted(each[0])):
        mailing = mailing_for(update, communities, update.closed_by, known)
        if mailing:
            send_to(mailing, people)


def _sets_of_communities(people: AssociateQuerySet, communities: list[int]) -> dict[frozenset[int], list[int]]:
    """These people by the communities that they are told of: set of community keys → associates' keys. Two queries."""
    keys = list(people.values_list("pk", flat=True))
    rows = Membership.objects.current().filter(wants_updates=True, community__in=communities, associate__in=keys)
    theirs: dict[int, set[int]] = {}
    for associate, community in rows.order_by("associate", "community").values_list("associate_id", "community_id"):
        theirs.setdefault(associate, set()).add(community)
    sets: dict[frozenset[int], list[int]] = {}
    for associate, belongs in theirs.items():
        sets.setdefault(frozenset(belongs), []).append(associate)
    return sets


@transaction.atomic
def pause_update(*, update: MonthlyUpdate) -> bool:
    """Stop all emails of an update that has closed, also those that are yet to be made, between two messages.

    False, and nothing changes, if it was not going.
    """
    return _steer(update, _Sending.READY, _Sending.PAUSED, pause)


@transaction.atomic
def resume_update(*, update: MonthlyUpdate) -> bool:
    """Let all emails of a paused update go on, also those that were paused alone; False if it was not paused."""
    return _steer(update, _Sending.PAUSED, _Sending.READY, resume)


@transaction.atomic
def cancel_update(*, update: MonthlyUpdate) -> int:
    """End an update: whoever still waits will not get it, and no more lists are made. Returns how many waited; cannot
    be undone. A second call returns 0, as one for an update that has not closed does.
    """
    current = _held(update)
    if current.is_open or current.sending == _Sending.CANCELLED:
        return 0
    current.sending, current.preparing_since = _Sending.CANCELLED, None
    current.save(update_fields=["sending", "preparing_since"])
    return sum(cancel(mailing=mailing) for mailing in _mailings_of(current))


def _steer(update: MonthlyUpdate, source: str, target: str, act: Callable[..., object]) -> bool:
    current = _held(update)
    if current.is_open or current.sending != source:
        return False
    current.sending = target
    current.save(update_fields=["sending"])
    for mailing in _mailings_of(current):
        act(mailing=mailing)
    return True


def _held(update: MonthlyUpdate) -> MonthlyUpdate:
    """The update as it is now, while no email of it can be made, also not for whoever leaves one of its communities."""
    current = MonthlyUpdate.objects.select_for_update().get(pk=update.pk)
    hold_lists()
    return current


def _mailings_of(update: MonthlyUpdate) -> QuerySet[Mailing]:
    mailings = Mailing.objects.filter(pk__in=update.mailings.values("mailing"))
    return mailings.defer("text", "html").order_by("pk")


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
