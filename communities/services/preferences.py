"""What associates decide for themselves: what they belong to and are sent, who they are, whether we know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from communities import emails
from communities.lists import list_prefix
from communities.models import Associate, Community, Membership, Purpose, Signup
from communities.services.aftercare import erase_registrations
from communities.services.consents import give_consent, hold_lists_of, withdraw_consent
from communities.services.limits import check_limit
from communities.services.several import withdraw_unwanted
from communities.services.signups import join_community
from communities.services.stops import note_start, note_stop
from mailing.privacy import forget
from mailing.services import skip_waiting

SOURCE = "preferences page"
PROVIDER = "email provider"


@dataclass(frozen=True)
class Choices:
    """What somebody chose on the preferences page.

    ``consents``: purpose → yes or no. ``stays``: community key → the purposes wanted there. ``leaves``: keys of
    communities to leave. ``joins``: communities to join. A community that is in none of them is left as it is.
    """

    consents: Mapping[str, bool]
    stays: Mapping[int, frozenset[str]] = field(default_factory=dict)
    leaves: frozenset[int] = frozenset()
    joins: Iterable[Community] = ()


def send_preferences_link(*, email: str, host: str) -> None:
    """Email somebody the link to their preferences, if the address is known; otherwise send nothing.

    Whoever asks is not told which, nor can they tell by the time it takes: for nobody the same work is done and undone.
    Raises ``TooManyRequestsError``, known or not.
    """
    check_limit(email=email, host=host)
    associate = Associate.objects.with_email(email).first()
    with transaction.atomic():
        emails.send_link(associate or Associate(name="Nobody", email=email))
        transaction.set_rollback(associate is None)


def renew_calendar(*, associate: Associate) -> None:
    """Give an associate's own calendar a new address; the one before stops working at once."""
    Associate.objects.filter(pk=associate.pk).update(calendar_number=F("calendar_number") + 1)
    associate.refresh_from_db(fields=["calendar_number"])


@transaction.atomic
def save_preferences(*, associate: Associate, choices: Choices, wordings: Mapping[str, str]) -> None:
    """Make an associate's memberships and consents what they chose, at once.

    Whatever they no longer want and still waits to be sent is withdrawn. A consent given anew is recorded in the words
    of ``wordings``; where none of their communities sends that yet, all of them do from now on. A second call with the
    same choices changes nothing.
    """
    associate = Associate.objects.select_for_update().get(pk=associate.pk)
    hold_lists_of(associate)
    given_anew = _save_consents(associate, choices.consents, wordings)
    for community in choices.joins:
        join_community(associate=associate, community=community, wants=choices.consents, source=SOURCE)
    for membership in associate.memberships.current().select_related("associate", "community"):
        if membership.community_id in choices.stays:
            _save_wants(membership, choices.stays[membership.community_id])
        elif membership.community_id in choices.leaves:
            _leave(membership)
    for purpose in given_anew:
        current = associate.memberships.current()
        if not current.filter(**{f"wants_{purpose}": True}).exists():
            current.update(**{f"wants_{purpose}": True})
            note_start(associate=associate, purpose=purpose, source=SOURCE)
    withdraw_unwanted(associate=associate, purposes=list(Purpose.values))


@transaction.atomic
def leave_by_provider(email: str, subject_id: str) -> None:
    """Take every consent back of somebody who marked a message as spam, or unsubscribed where they read their mail.

    Found by their address or, where that has changed since the message left, by the key that it was sent with. A
    second call changes nothing.
    """
    found = [*Associate.objects.with_email(email), *Associate.objects.filter(key=subject_id)]
    for associate in {associate.pk: associate for associate in found}.values():
        withdraw_consent(associate=associate, purposes=list(Purpose.values), source=PROVIDER)


def _save_consents(associate: Associate, chosen: Mapping[str, bool], wordings: Mapping[str, str]) -> list[str]:
    """Record what was agreed to and taken back; returns the purposes agreed to anew."""
    standing = set(associate.consents.standing().values_list("purpose", flat=True))
    given = [purpose for purpose, yes in chosen.items() if yes and purpose not in standing]
    for purpose in given:
        give_consent(associate=associate, purpose=purpose, wording=wordings[purpose], source=SOURCE)
    taken_back = [purpose for purpose, yes in chosen.items() if not yes and purpose in standing]
    if taken_back:
        withdraw_consent(associate=associate, purposes=taken_back, source=SOURCE)
    return given


def _save_wants(membership: Membership, wanted: frozenset[str]) -> None:
    changed = []
    for purpose in Purpose:
        name = f"wants_{purpose.value}"
        if getattr(membership, name) != (purpose.value in wanted):
            setattr(membership, name, purpose.value in wanted)
            changed.append(name)
            note = note_start if purpose.value in wanted else note_stop
            note(
                associate=membership.associate, community=membership.community, purpose=purpose.value, source=SOURCE
            )  # fmt: skip
            if purpose.value not in wanted:
                _withdraw_waiting(membership, purpose.value)
    if changed:
        membership.save(update_fields=changed)


@transaction.atomic
def leave_community(*, membership: Membership) -> None:
    """End a membership, now; what still waits to be sent from this community is withdrawn, and what goes to several
    unless they asked for it in another of those. A second call changes nothing.
    """
    hold_lists_of(membership.associate, membership.community_id)
    _leave(membership)
    withdraw_unwanted(associate=membership.associate, purposes=list(Purpose.values))


def _leave(membership: Membership) -> None:
    membership = (
        Membership.objects.select_related("community", "associate")
        .select_for_update(of=("self",))
        .get(pk=membership.pk)
    )
    if membership.left_at:
        return
    membership.left_at = max(timezone.now(), membership.joined_at)
    membership.save(update_fields=["left_at"])
    for purpose in Purpose:
        _withdraw_waiting(membership, purpose.value)


def _withdraw_waiting(membership: Membership, purpose: str) -> None:
    skip_waiting(recipient=membership.associate.email, list_key_prefix=list_prefix(purpose, membership.community.slug))


@transaction.atomic
def save_details(*, associate: Associate, name: str, involvement: str, organisation: str, area: str = "") -> Associate:
    """Change how an associate is called and involved, and where."""
    associate.name, associate.involvement = name, involvement
    associate.organisation, associate.area = organisation, area
    associate.save(update_fields=["name", "involvement", "organisation", "area"])
    return associate


@transaction.atomic
def erase_associate(*, associate: Associate) -> None:
    """Delete an associate with their memberships and consents, and every signup and registration for an event with
    their address (UK GDPR article 17). What still waits to be sent to them is withdrawn, and what was sent no longer
    says to whom. A user account is kept: it has its own page. A second call changes nothing.
    """
    hold_lists_of(associate)
    forget(email=associate.email)
    erase_registrations(email=associate.email)
    Signup.objects.filter(email__iexact=associate.email).delete()
    Associate.objects.filter(pk=associate.pk).delete()
