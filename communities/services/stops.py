"""The record of what people stopped being sent by one community, beside that of their consents.

Each is to be called in the transaction that changes the membership, which holds the associate's lists.
"""

from __future__ import annotations

from django.utils import timezone

from communities.models import Associate, Community, ListStop
from communities.wording import list_wording


def note_stop(*, associate: Associate, community: Community, purpose: str, source: str) -> None:
    """Record that somebody stopped what a community sends of a kind, in its list's words, now and by what. A second
    call changes nothing.
    """
    ListStop.objects.get_or_create(
        associate=associate, community=community, purpose=purpose, resumed_at=None,
        defaults={"wording": list_wording(purpose, community), "stopped_by": source},
    )  # fmt: skip


def note_start(*, associate: Associate, purpose: str, source: str, community: Community | None = None) -> None:
    """Record that somebody asked for it again; without a community, of all that they had stopped."""
    stopped = ListStop.objects.standing().filter(associate=associate, purpose=purpose)
    if community is not None:
        stopped = stopped.filter(community=community)
    stopped.update(resumed_at=timezone.now(), resumed_by=source)
