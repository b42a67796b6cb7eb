"""What goes to several communities at once: it is withdrawn from whoever no longer asked for it in any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from communities.audiences import choice_of, reached_by
from communities.lists import issue_of, several_prefix
from communities.models import Associate, Community, Newsletter, Purpose
from communities.querysets import CommunityQuerySet
from communities.services.left import sent_issue
from communities.services.update_lists import narrow_updates
from mailing.models import Delivery
from mailing.services import skip_waiting

#: Those whose end may still be another: what waits, and what staff could send again.
_MAY_STILL_GO = (*Delivery.OPEN, Delivery.Status.FAILED, Delivery.Status.UNKNOWN)


def _of_newsletter(issue: int) -> CommunityQuerySet:
    newsletter = Newsletter.objects.filter(pk=issue).first()
    return reached_by(choice_of(newsletter)) if newsletter else Community.objects.none()


#: Purpose → which communities an issue (its primary key) goes to.
_REACHED: dict[str, Callable[[int], CommunityQuerySet]] = {Purpose.NEWSLETTERS.value: _of_newsletter}


def communities_to_stop(*, associate: Associate, issue: str) -> list[Community]:
    """Of which communities somebody can stop the newsletters, having come by the link in one to several (its key, as
    the link says it): those it went to that they belong to. None where it is no such newsletter.
    """
    newsletter = sent_issue(issue)
    if newsletter is None:
        return []
    reached = reached_by(choice_of(newsletter))
    theirs = associate.memberships.current()
    return list(reached.filter(pk__in=theirs.order_by().values("community")))


def withdraw_unwanted(*, associate: Associate, purposes: Iterable[str]) -> int:
    """Withdraw what waits for somebody that goes to several communities, of none of which they want it any more. A
    monthly update goes on with those communities of which they still want it (``narrow_updates``).

    To be called once their memberships are as they shall be, under ``hold_lists_of``. Returns how many were withdrawn;
    a second call withdraws nothing.
    """
    count = 0
    for purpose in purposes:
        if purpose == Purpose.UPDATES:
            count += narrow_updates(associate=associate)
            continue
        waiting = (
            Delivery.objects.of_recipient(associate.email)
            .filter(urgent=False, status__in=_MAY_STILL_GO, withdrawn_at=None)
            .filter(mailing__list_key__startswith=several_prefix(purpose))
        )
        for key in waiting.order_by().values_list("mailing__list_key", flat=True).distinct():
            reached = _REACHED[purpose](issue_of(key)).order_by().values("pk")
            if not Associate.objects.filter(pk=associate.pk).wanting_in(purpose, reached).exists():
                count += skip_waiting(recipient=associate.email, list_key_prefix=key)
    return count
