"""What associates agree to and take back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from communities.lists import list_prefix
from communities.models import Associate, Community, Consent, Membership, Purpose
from communities.services.several import withdraw_unwanted
from communities.services.stops import note_start, note_stop
from mailing.services import skip_waiting


def hold_lists(communities: Iterable[int] | None = None) -> None:
    """Make this transaction wait for any that is turning the lists of these communities (keys; all, if left out) into
    deliveries, and make such a one wait for us.

    So whoever stops something either is left out of what is being sent, or finds their own delivery there to withdraw:
    nothing slips between. Rows are locked in one order, so that two of us never wait for each other.
    """
    rows = Community.objects.order_by("pk").select_for_update(no_key=True)
    if communities is not None:
        rows = rows.filter(pk__in=set(communities))
    list(rows.values_list("pk"))


def hold_lists_of(associate: Associate, *also: int) -> None:
    """``hold_lists`` for the communities that an associate belongs to, and for others (keys).

    Whoever leaves one of them holds them all: what goes to several ends with the last, so two of us that end one each
    must see each other. Who belongs to none holds the lists of all: they may be told yet that an event is off.
    """
    hold_lists([*associate.memberships.current().values_list("community", flat=True), *also] or None)


@transaction.atomic
def give_consent(*, associate: Associate, purpose: str, wording: str, source: str) -> Consent:
    """Record that an associate agreed to be sent something, in the words they saw.

    Where their consent for it stands already, that one is returned and nothing is written.
    """
    Associate.objects.select_for_update().get(pk=associate.pk)
    standing = associate.consents.standing().filter(purpose=purpose).first()
    if standing:
        return standing
    return Consent.objects.create(associate=associate, purpose=Purpose(purpose).value, wording=wording, source=source)


@transaction.atomic
def withdraw_consent(*, associate: Associate, purposes: Iterable[str], source: str) -> list[Consent]:
    """Take consents back, now: whatever still waits to be sent to this person for these purposes is withdrawn too.

    Returns those that stood until now; a second call returns none and changes nothing.
    """
    hold_lists_of(associate)
    withdrawn = []
    for purpose in purposes:
        for consent in associate.consents.standing().select_for_update().filter(purpose=purpose):
            consent.withdrawn_at, consent.withdrawn_by = timezone.now(), source
            consent.save(update_fields=["withdrawn_at", "withdrawn_by"])
            withdrawn.append(consent)
        skip_waiting(recipient=associate.email, list_key_prefix=list_prefix(purpose))
    return withdrawn


@transaction.atomic
def stop_one_community(*, associate: Associate, community: Community, purpose: str, source: str) -> bool:
    """Send this person no more of one community's newsletters or events; their membership and consent stay.

    What waits that goes to other communities of theirs as well stays, unless none of those is left that they asked.
    What was stopped is recorded (``ListStop``), with ``source``, the page or header by which it was. Returns whether
    anything changed; a second call changes nothing.
    """
    hold_lists_of(associate, community.pk)
    changed = (
        Membership.objects.current()
        .filter(associate=associate, community=community, **{f"wants_{purpose}": True})
        .update(**{f"wants_{purpose}": False})
    )
    if changed:
        note_stop(associate=associate, community=community, purpose=purpose, source=source)
    skip_waiting(recipient=associate.email, list_key_prefix=list_prefix(purpose, community.slug))
    withdraw_unwanted(associate=associate, purposes=[purpose])
    return bool(changed)


@transaction.atomic
def stop_communities(*, associate: Associate, communities: Iterable[Community], purpose: str, source: str) -> None:
    """``stop_one_community`` for each of these, all or none."""
    for community in communities:
        stop_one_community(associate=associate, community=community, purpose=purpose, source=source)


@transaction.atomic
def start_one_community(*, associate: Associate, community: Community, purpose: str, source: str) -> bool:
    """Undo ``stop_one_community``. Returns whether anything changed."""
    hold_lists_of(associate, community.pk)
    changed = (
        Membership.objects.current()
        .filter(associate=associate, community=community, **{f"wants_{purpose}": False})
        .update(**{f"wants_{purpose}": True})
    )
    if changed:
        note_start(associate=associate, community=community, purpose=purpose, source=source)
    return bool(changed)
