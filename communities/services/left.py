"""Who a newsletter was not sent to and why, and who left because of one."""

from __future__ import annotations

from django.db.models import Case, Exists, OuterRef, Value, When
from django.db.models.functions import Lower

from communities.models import Associate, Consent, LeftOut, Newsletter, Purpose, Unsubscribe
from mailing.models import Suppression

_BATCH = 2000


def note_left_out(newsletter: Newsletter) -> None:
    """Write down which members of its community a newsletter is not sent to, and why, as it is now.

    Members who leave are none of its members, so they are not in it. A second call adds whoever is new.
    """
    consents = Consent.objects.standing().filter(associate=OuterRef("pk"), purpose=Purpose.NEWSLETTERS)
    suppressed = Suppression.objects.in_force().annotate(address=Lower("email"))
    wanted = newsletter.community.memberships.current().filter(associate=OuterRef("pk"), wants_newsletters=True)
    members = Associate.objects.filter(memberships__community=newsletter.community, memberships__left_at=None)
    reasons = members.annotate(
        reason=Case(
            When(~Exists(consents), then=Value(LeftOut.Reason.NO_CONSENT.value)),
            When(~Exists(wanted), then=Value(LeftOut.Reason.NOT_HERE.value)),
            When(
                Exists(suppressed.filter(address=Lower(OuterRef("email")))),
                then=Value(LeftOut.Reason.SUPPRESSED.value),
            ),
            default=Value(""),
        )
    ).exclude(reason="")
    rows = reasons.order_by("pk").values_list("pk", "reason").iterator(chunk_size=_BATCH)
    LeftOut.objects.bulk_create(
        (LeftOut(newsletter=newsletter, associate_id=pk, reason=reason) for pk, reason in rows),
        batch_size=_BATCH,
        ignore_conflicts=True,
    )


def note_unsubscribe(*, associate: Associate, issue: str) -> None:
    """Count that an associate stopped emails by the link in a newsletter, whose key is ``issue``.

    What is no key of a sent newsletter is passed over: the link may be old or changed. A second call changes nothing.
    """
    if not (issue.isascii() and issue.isdigit() and len(issue) <= 18):
        return
    newsletter = Newsletter.objects.sent().filter(pk=int(issue)).first()
    if newsletter:
        Unsubscribe.objects.get_or_create(newsletter=newsletter, associate=associate)
