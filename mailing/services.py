"""Every write that other apps and staff ask for. This is what the other apps call to send anything.

What a worker writes while it sends is in ``mailing.ledger``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from mailing import compose, rates, tokens, wake
from mailing.addresses import check_address, check_headers, check_unsubscribe, encode_header, one_line, squeeze
from mailing.models import Attachment, Delivery, Lease, Mailing, Suppression
from mailing.queueing import insert_audience
from mailing.rules import shows_secrets
from mailing.withdrawing import CANCELLED, CHUNK, withdraw, withdraw_some

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet

#: Those that staff may send again.
TRIED = (Delivery.Status.FAILED, Delivery.Status.UNKNOWN)
_ANSWER_WITHDRAWN = "Withdrawn: the recipient unsubscribed before it was sent"


@dataclass(frozen=True)
class File:
    """A file to attach: its name, its media type (with parameters, if any) and its bytes."""

    filename: str
    content_type: str
    content: bytes


@transaction.atomic
def send_template(
    *,
    to: str,
    name: str = "",
    template: str,
    context: Mapping[str, Any] | None = None,
    topic: str,
    subject_id: str = "",
    headers: Mapping[str, str] | None = None,
    attachments: Sequence[File] = (),
    created_by: AbstractBaseUser | None = None,
    secret: bool | None = None,
) -> Delivery:
    """Queue one transactional message and wake a worker after commit.

    ``template`` names ``templates/emails/<template>.txt``, whose first line is ``Subject: …``; the HTML part is made
    from the same text in the programme's email layout. The template sees ``context``, ``name``, ``site_url`` and,
    where ``subject_id`` is given, ``token`` (``tokens.sign("recipient", subject_id)``); ``{{name}}`` and ``{{token}}``
    in ``headers`` are filled alike. ``secret`` says that the message lets its reader in, so that staff may not read it
    (left out: whether the topic is one of ``MAIL_SECRET_TOPICS``).

    Raises ``ValidationError`` for an address that nothing can be sent to and ``ValueError`` for a line break in the
    subject, the name or a header. A second call sends a second message.
    """
    address = check_address(to)
    one_line(name, "name")
    token = tokens.sign("recipient", subject_id) if subject_id else ""
    written = compose.from_template(template, {"name": name, **({"token": token} if token else {}), **(context or {})})
    filled = {
        header: value.replace("{{name}}", name).replace("{{token}}", token) for header, value in (headers or {}).items()
    }
    mailing = write_mailing(
        kind=Mailing.Kind.TRANSACTIONAL,
        topic=topic,
        subject=written.subject,
        text=written.text,
        html=written.html,
        headers=filled,
        attachments=attachments,
        created_by=created_by,
        is_secret=topic in settings.MAIL_SECRET_TOPICS if secret is None else secret,
    )
    return address_to(mailing=mailing, recipients=[(name, address)], subject_id=subject_id)[0]


@transaction.atomic
def queue_bulk(
    *,
    topic: str,
    list_key: str,
    subject: str,
    text: str,
    html: str = "",
    headers: Mapping[str, str],
    audience: QuerySet[Any, Any] | None,
    attachments: Iterable[File] = (),
    created_by: AbstractBaseUser | None = None,
    send_at: dt.datetime | None = None,
) -> Mailing:
    """Turn an audience into deliveries by one ``INSERT … SELECT`` and wake a worker after commit.

    ``audience`` yields ``values("email", "name", "subject_id")``. In ``text``, ``html`` and ``headers``,
    ``{{name}}`` becomes the recipient's name and ``{{token}}`` the signed form of their ``subject_id``
    (``mailing.tokens.read("recipient", token)`` turns it back), filled in as the message is sent. Suppressed addresses
    and those that come twice are left out. Without ``html`` it is made from ``text`` in the programme's layout.
    Nothing leaves before ``send_at``. Without an audience it is written and goes to nobody until ``make_list`` says to
    whom: a list of very many takes a worker's time, not that of a request.

    Raises ``ValueError`` for a line break in the subject or a header, and where the headers give no way to unsubscribe
    by one press (RFC 8058): ``List-Unsubscribe`` and ``List-Unsubscribe-Post``. A second call makes a second mailing:
    call ``extend_bulk`` to add people to this one.
    """
    check_unsubscribe(headers)
    mailing = write_mailing(
        kind=Mailing.Kind.BULK,
        topic=topic,
        list_key=list_key,
        subject=subject,
        text=text,
        html=html or compose.to_html(text),
        headers=headers,
        attachments=attachments,
        created_by=created_by,
    )
    if audience is None:
        mailing.preparing_since = mailing.created_at
        mailing.save(update_fields=["preparing_since"])
        return mailing
    insert_audience(mailing=mailing, audience=audience, due_at=send_at)
    wake.after_commit(urgent=False)
    return mailing


@transaction.atomic
def make_list(*, mailing: Mailing, audience: QuerySet[Any, Any]) -> int:
    """Say to whom a mailing goes that was queued without an audience; returns how many.

    0 where it was cancelled meanwhile, or has its list. A pause or a cancellation need not wait for the list: its
    deliveries are there all at once, at the end, and wait or are withdrawn.
    """
    current = Mailing.objects.filter(pk=mailing.pk, preparing_since__isnull=False)
    is_wanted = current.exclude(status=Mailing.Status.CANCELLED).exists()
    added = insert_audience(mailing=mailing, audience=audience) if is_wanted else 0
    current.update(preparing_since=None)
    mailing.preparing_since = None
    wake.after_commit(urgent=False)
    return added


@transaction.atomic
def extend_bulk(*, mailing: Mailing, audience: QuerySet[Any, Any], send_at: dt.datetime | None = None) -> int:
    """Send a bulk mailing also to those in ``audience`` who are not on it yet; returns how many were added.

    Nobody is added to one that was cancelled.
    """
    if Mailing.objects.filter(pk=mailing.pk, status=Mailing.Status.CANCELLED).exists():
        return 0
    added = insert_audience(mailing=mailing, audience=audience, due_at=send_at)
    wake.after_commit(urgent=False)
    return added


def write_mailing(
    *,
    kind: str,
    topic: str,
    subject: str,
    text: str,
    html: str = "",
    list_key: str = "",
    headers: Mapping[str, str] | None = None,
    attachments: Iterable[File] = (),
    from_email: str = "",
    created_by: AbstractBaseUser | None = None,
    is_secret: bool = False,
) -> Mailing:
    """Write a message down without sending it to anybody yet. Raises ``ValueError`` as ``send_template`` does."""
    subject = squeeze(one_line(subject, "subject"))
    if not subject:
        raise ValueError("A message needs a subject")
    encode_header("Subject", subject)
    mailing = Mailing.objects.create(
        kind=kind,
        topic=topic,
        list_key=list_key,
        subject=subject if len(subject) <= 500 else subject[:499] + "…",
        text=text,
        html=html,
        headers=check_headers(headers),
        from_email=one_line(from_email or settings.DEFAULT_FROM_EMAIL, "sender"),
        created_by=cast("Any", created_by),
        is_secret=is_secret,
    )
    Attachment.objects.bulk_create(
        Attachment(
            mailing=mailing,
            filename=one_line(file.filename, "file name"),
            content_type=one_line(file.content_type, "media type"),
            content=file.content,
        )
        for file in attachments
    )
    return mailing


def address_to(*, mailing: Mailing, recipients: Iterable[tuple[str, str]], subject_id: str = "") -> list[Delivery]:
    """Queue a transactional mailing to each (name, address), once to each address, and wake a worker after commit."""
    now = timezone.now()
    once = {address.lower(): (name, address) for name, address in recipients}
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            mailing=mailing,
            recipient=address,
            recipient_name=squeeze(name)[:150],
            subject_id=subject_id,
            urgent=True,
            due_at=now,
            created_at=now,
        )
        for name, address in once.values()
    )
    wake.after_commit(urgent=True)
    return deliveries


@transaction.atomic
def skip_waiting(*, recipient: str, list_key_prefix: str) -> int:
    """Withdraw what still waits to go to someone who has just unsubscribed; returns how many were withdrawn.

    It covers whatever is not on the wire yet, also what a worker has already taken up. Once it returns and commits,
    nothing more of those lists leaves for that address: what is on the wire, failed or is not known to have arrived is
    not tried again, by a worker or by staff. A second call finds nothing and returns 0.
    """
    theirs = Delivery.objects.of_recipient(recipient).filter(
        urgent=False, mailing__list_key__startswith=list_key_prefix
    )
    tried = theirs.filter(status__in=TRIED)
    count = 0
    while True:
        count += withdraw(theirs.filter(status__in=Delivery.OPEN), _ANSWER_WITHDRAWN)
        tried.filter(withdrawn_at=None).update(withdrawn_at=timezone.now())
        # Whatever a worker or staff moved from the one kind to the other while we looked at them in turn.
        if not theirs.filter(status__in=[*Delivery.OPEN, *TRIED], withdrawn_at=None).exists():
            return count


@transaction.atomic
def pause(*, mailing: Mailing) -> bool:
    """Stop a bulk mailing between two messages; False if it was not going."""
    changed = _move(mailing, Mailing.Status.READY, Mailing.Status.PAUSED)
    if changed:
        Lease.objects.filter(mailing=mailing).update(attention=True)
        rates.after_commit(mailing_id=mailing.pk)
    return changed


@transaction.atomic
def resume(*, mailing: Mailing) -> bool:
    """Let a paused mailing go on with those who still wait; False if it was not paused."""
    changed = _move(mailing, Mailing.Status.PAUSED, Mailing.Status.READY)
    if changed:
        Mailing.objects.filter(pk=mailing.pk).update(pause_reason="", watched_from=timezone.now())
        wake.after_commit(urgent=False)
    return changed


@transaction.atomic
def cancel(*, mailing: Mailing) -> int:
    """End a bulk mailing: whoever still waits will not get it. Returns how many those are; cannot be undone.

    It acts between two messages. Where very many wait, the rest are noted as skipped by workers, bit by bit.
    """
    _move(mailing, Mailing.Status.READY, Mailing.Status.CANCELLED)
    _move(mailing, Mailing.Status.PAUSED, Mailing.Status.CANCELLED)
    Lease.objects.filter(mailing=mailing).update(attention=True)
    theirs = Delivery.objects.of_mailing(mailing)
    # First what workers hold, which is little; nobody takes up more of it now. Whatever they give back meanwhile waits.
    count = withdraw(theirs.filter(status=Delivery.Status.SENDING), CANCELLED)
    count += theirs.filter(status__in=Delivery.WAITING).count()
    withdraw_some(mailing_id=mailing.pk)
    if count > CHUNK:
        wake.after_commit(urgent=False)
    rates.after_commit(mailing_id=mailing.pk)
    return count


def _move(mailing: Mailing, source: str, target: str) -> bool:
    if not mailing.is_bulk:
        raise ValueError("Only a bulk mailing can be paused, resumed or cancelled")
    changed = Mailing.objects.filter(pk=mailing.pk, status=source).update(status=target)
    if changed:
        mailing.status = target
    return bool(changed)


@transaction.atomic
def send_again(*, deliveries: QuerySet[Delivery, Delivery]) -> int:
    """Queue again what is not known to have arrived, or failed; returns how many. Others are left as they are.

    So is bulk mail to whoever has left its list since, or is suppressed. The ``Message-ID`` stays the same, so that a
    mail program that has it already can see so.
    """
    again = Delivery.objects.repeatable().filter(pk__in=deliveries.order_by().values("pk"))
    # Asked again of the row itself: it may change, or be withdrawn, while we wait for it.
    still = Delivery.objects.filter(status__in=TRIED, withdrawn_at=None)
    count = still.filter(pk__in=again.order_by().values("pk")).update(
        status=Delivery.Status.QUEUED, due_at=F("created_at"), first_tried_at=None, settled_at=None
    )
    if count:
        wake.after_commit(urgent=True)
        wake.after_commit(urgent=False)
    return count


@transaction.atomic
def drop_bodies() -> int:
    """Drop what need not be kept: secrets once they are settled, other transactional texts after some time.

    The time is ``MAIL_KEEP_BODIES_DAYS``. Returns how many mailings lost their text. Subject, recipient and what became
    of it stay. Bulk mailings are kept.
    """
    old = timezone.now() - dt.timedelta(days=settings.MAIL_KEEP_BODIES_DAYS)
    which = Q(created_at__lt=old)
    if not shows_secrets():
        which |= Q(is_secret=True)
    return _drop(Mailing.objects.filter(which))


def drop_secrets(*, mailing_ids: Iterable[int]) -> int:
    """Drop the texts of those of these mailings that let their reader in, once they are settled; returns how many."""
    if shows_secrets():
        return 0
    return _drop(Mailing.objects.filter(pk__in=list(mailing_ids), is_secret=True))


def _drop(mailings: QuerySet[Mailing, Mailing]) -> int:
    unsettled = Delivery.objects.filter(mailing=OuterRef("pk"), status__in=[*Delivery.OPEN, Delivery.Status.UNKNOWN])
    done = mailings.filter(~Exists(unsettled), kind=Mailing.Kind.TRANSACTIONAL, body_dropped_at=None)
    pks = list(done.order_by().values_list("pk", flat=True)[:10_000])
    if not pks:
        return 0
    Attachment.objects.filter(mailing__in=pks).delete()
    return Mailing.objects.filter(pk__in=pks).update(text="", html="", headers={}, body_dropped_at=timezone.now())


@transaction.atomic
def suppress(*, email: str, reason: str) -> Suppression:
    """Send no more bulk mail to ``email``, nor what waits for it now. A second call returns the first's."""
    email = check_address(email)
    found = Suppression.objects.in_force().of_address(email).first()
    if found is None:
        try:
            with transaction.atomic():
                found = Suppression.objects.create(email=email, reason=reason[:255])
        except IntegrityError:  # another worker came to the same end at the same moment
            found = Suppression.objects.in_force().of_address(email).get()
    waiting = Delivery.objects.of_recipient(email).filter(urgent=False, status__in=Delivery.OPEN)
    withdraw(waiting, f"Not sent: {reason}"[:500])
    return found


def lift(*, suppression: Suppression, by: AbstractBaseUser) -> bool:
    """Let an address have bulk mail again; False if it was lifted already."""
    return bool(Suppression.objects.in_force().filter(pk=suppression.pk).update(lifted_at=timezone.now(), lifted_by=by))
