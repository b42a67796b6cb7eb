"""The mailings of a month's update, one for each set of communities, and taking one community out of what waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from communities.lists import list_key, several_key, several_prefix, unsubscribe_headers
from communities.models import Associate, Community, MonthlyUpdate, Purpose, UpdateMailing, UpdateReceipt, UpdateSection
from communities.update_mail import parts_of, update_message
from mailing.models import Delivery, Mailing
from mailing.services import extend_bulk, pause, queue_bulk, skip_waiting
from people.models import User

TOPIC = "monthly update"
#: Those whose end may still be another: what waits, and what staff could send again.
_MAY_STILL_GO = (*Delivery.OPEN, Delivery.Status.FAILED, Delivery.Status.UNKNOWN)


def sections_to_send(update: MonthlyUpdate) -> list[UpdateSection]:
    """The approved sections of communities that anyone may still see."""
    approved = update.sections.approved().filter(community__in=Community.objects.public())
    return list(approved.select_related("community"))


def mailings_of(update: MonthlyUpdate) -> dict[frozenset[int], UpdateMailing]:
    """An update's emails by the communities (keys) that they tell of; two queries."""
    rows = (
        update.mailings.filter(mailing__isnull=False).select_related("mailing").defer("mailing__text", "mailing__html")
    )
    return {
        frozenset(community.pk for community in row.communities.all()): row
        for row in rows.prefetch_related("communities")
    }


def mailing_for(
    update: MonthlyUpdate,
    communities: Collection[int],
    by: User | None,
    known: Mapping[frozenset[int], UpdateMailing] | None = None,
) -> UpdateMailing | None:
    """The email with what exactly these communities tell, made where there is none yet; None where they tell nothing,
    or staff cancelled the update. Where they paused it, a new one waits as well.

    It goes to nobody yet: ``send_to`` says to whom. The caller has locked the update or holds the communities' lists.
    ``known`` are ``mailings_of``, if the caller has asked.
    """
    wanted = frozenset(communities)
    row = (mailings_of(update) if known is None else known).get(wanted)
    if row:
        return row
    if update.sending == MonthlyUpdate.Sending.CANCELLED:
        return None
    sections = [section for section in sections_to_send(update) if section.community_id in wanted]
    parts = parts_of(sections)
    if set(parts) != wanted:
        return None
    slug = sections[0].community.slug if len(wanted) == 1 else ""
    message = update_message(update.month, parts.values(), community_slug=slug)
    row = UpdateMailing.objects.create(update=update)
    row.communities.set(wanted)
    row.mailing = queue_bulk(
        topic=TOPIC,
        list_key=list_key(Purpose.UPDATES, slug) if slug else several_key(Purpose.UPDATES, row.pk),
        subject=message.subject,
        text=message.text,
        html=message.html,
        headers=unsubscribe_headers(Purpose.UPDATES, slug),
        audience=Associate.objects.filter(update_receipts__mailing=row).as_audience(),
        created_by=by,
    )
    row.save(update_fields=["mailing"])
    if update.sending == MonthlyUpdate.Sending.PAUSED:
        pause(mailing=row.mailing)
    return row


def send_to(row: UpdateMailing, people: Sequence[int]) -> None:
    """Queue an update's email to these associates (keys, a few thousand at most), none of whom has had this month's.

    Nobody is added to one that was cancelled.
    """
    assert row.mailing is not None  # ``mailing_for`` returns none without
    if row.mailing.status == Mailing.Status.CANCELLED:
        return
    UpdateReceipt.objects.bulk_create(
        UpdateReceipt(update_id=row.update_id, mailing=row, associate_id=key) for key in people
    )
    extend_bulk(mailing=row.mailing, audience=Associate.objects.filter(pk__in=people).as_audience())


def narrow_updates(*, associate: Associate) -> int:
    """Withdraw a monthly update that waits for somebody and tells of a community of which they no longer want it; where
    it tells of others of theirs, the email with those alone goes to them instead.

    To be called once their memberships are as they shall be, while their lists are held. Returns how many were
    withdrawn; a second call withdraws nothing. What tells of one community alone is on that community's own list.
    """
    wanted = set(associate.memberships.current().filter(wants_updates=True).values_list("community", flat=True))
    waiting = Delivery.objects.of_recipient(associate.email).filter(
        urgent=False, status__in=_MAY_STILL_GO, withdrawn_at=None,
        mailing__list_key__startswith=several_prefix(Purpose.UPDATES),
    )  # fmt: skip
    receipts = associate.update_receipts.filter(mailing__mailing__in=waiting.order_by().values("mailing"))
    count = 0
    for receipt in receipts.select_related("update", "mailing__mailing").order_by("pk"):
        told = set(receipt.mailing.communities.values_list("pk", flat=True))
        if not told <= wanted:
            count += _send_without(receipt, told & wanted)
    return count


def _send_without(receipt: UpdateReceipt, rest: set[int]) -> int:
    """Withdraw the email of a receipt and send the one about the rest; returns how many were withdrawn."""
    old, associate = receipt.mailing, receipt.associate
    count = skip_waiting(recipient=associate.email, list_key_prefix=old.mailing.list_key) if old.mailing else 0
    is_off = old.mailing is None or old.mailing.status == Mailing.Status.CANCELLED
    new = mailing_for(receipt.update, rest, by=None) if count and rest and not is_off else None
    if new and new.mailing and old.mailing:
        is_new = not new.receipts.exists()
        receipt.mailing = new
        receipt.save(update_fields=["mailing"])
        extend_bulk(mailing=new.mailing, audience=Associate.objects.filter(pk=associate.pk).as_audience())
        if is_new and old.mailing.status == Mailing.Status.PAUSED:
            pause(mailing=new.mailing)
    return count
