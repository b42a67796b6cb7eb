"""What goes to several communities at once: it is withdrawn from whoever no longer asked for it in any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from communities.audiences import choice_of, reached_by
from communities.lists import issue_of, several_prefix
from communities.models import Associate, Community, Event, Newsletter, Purpose
from communities.querysets import CommunityQuerySet
from communities.services.left import sent_issue
from communities.services.update_lists import narrow_updates
from mailing.models import Delivery
from mailing.services import skip_waiting
from people.numbers import whole_number

#: Those whose end may still be another: what waits, and what staff could send again.
_MAY_STILL_GO = (*Delivery.OPEN, Delivery.Status.FAILED, Delivery.Status.UNKNOWN)


def _of_newsletter(issue: int) -> CommunityQuerySet:
    newsletter = Newsletter.objects.filter(pk=issue).first()
    return reached_by(choice_of(newsletter)) if newsletter else Community.objects.none()


def _of_event(issue: int) -> CommunityQuerySet:
    """Those that an event is for; all where it is for everybody."""
    event = Event.objects.filter(pk=issue).select_related("community").first()
    if event is None:
        return Community.objects.none()
    keys = [community.pk for community in event.communities]
    return Community.objects.filter(pk__in=keys) if keys else Community.objects.all()


#: Purpose → which communities an issue (its primary key) goes to.
_REACHED: dict[str, Callable[[int], CommunityQuerySet]] = {
    Purpose.NEWSLETTERS.value: _of_newsletter,
    Purpose.EVENTS.value: _of_event,
}


def communities_to_stop(*, associate: Associate, purpose: str, issue: str) -> list[Community]:
    """Of which communities somebody can stop the newsletters or the emails about events, having come by the link in one
    to several (the newsletter's or the event's key, as the link says it): those it went to that they belong to. None
    where it is no such newsletter or event.
    """
    if purpose == Purpose.NEWSLETTERS:
        is_known = sent_issue(issue) is not None
    else:
        is_known = purpose == Purpose.EVENTS and Event.objects.public().filter(pk=whole_number(issue) or 0).exists()
    if not is_known:
        return []
    reached = _REACHED[purpose](int(issue))
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
