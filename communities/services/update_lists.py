"""The mailings of a month's update, one for each set of communities, and taking one community out of what waits."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from communities.lists import list_key, several_key, several_prefix, unsubscribe_headers
from communities.models import Associate, Community, MonthlyUpdate, Purpose, UpdateMailing, UpdateReceipt, UpdateSection
from communities.querysets import AssociateQuerySet
from communities.update_mail import parts_of, update_message
from mailing.models import Delivery, Mailing
from mailing.services import extend_bulk, pause, queue_bulk, skip_waiting
from people.models import User

TOPIC = "monthly update"
_BATCH = 2000
#: Those whose end may still be another: what waits, and what staff could send again.
_MAY_STILL_GO = (*Delivery.OPEN, Delivery.Status.FAILED, Delivery.Status.UNKNOWN)


def sections_to_send(update: MonthlyUpdate) -> list[UpdateSection]:
    """The approved sections of communities that anyone may still see."""
    approved = update.sections.approved().filter(community__in=Community.objects.public())
    return list(approved.select_related("community"))


def mailing_for(update: MonthlyUpdate, communities: Collection[int], by: User | None) -> UpdateMailing | None:
    """The email with what exactly these communities tell, made where there is none yet; None where they tell nothing.

    It goes to nobody yet: ``send_to`` says to whom. The caller has locked the update or holds the communities' lists.
    """
    wanted = set(communities)
    for row in update.mailings.filter(mailing__isnull=False).select_related("mailing").prefetch_related("communities"):
        if {community.pk for community in row.communities.all()} == wanted:
            return row
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
        audience=_audience(row).as_audience(),
        created_by=by,
    )
    row.save(update_fields=["mailing"])
    return row


def _audience(row: UpdateMailing) -> AssociateQuerySet:
    return Associate.objects.filter(update_receipts__mailing=row)


def send_to(row: UpdateMailing, people: Iterable[int]) -> None:
    """Queue an update's email to these associates (keys), none of whom has had this month's."""
    assert row.mailing is not None  # ``mailing_for`` returns none without
    UpdateReceipt.objects.bulk_create(
        (UpdateReceipt(update_id=row.update_id, mailing=row, associate_id=key) for key in people), batch_size=_BATCH
    )
    extend_bulk(mailing=row.mailing, audience=_audience(row).as_audience())


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
    new = mailing_for(receipt.update, rest, by=None) if count and rest else None
    if new and new.mailing and old.mailing:
        is_new = not new.receipts.exists()
        receipt.mailing = new
        receipt.save(update_fields=["mailing"])
        extend_bulk(mailing=new.mailing, audience=Associate.objects.filter(pk=associate.pk).as_audience())
        if is_new and old.mailing.status == Mailing.Status.PAUSED:
            pause(mailing=new.mailing)
    return count
