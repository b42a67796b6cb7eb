"""Joining: a signup waits for its confirmation by email, then becomes an associate with memberships and consents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from django.db import IntegrityError, transaction
from django.utils import timezone

from communities import emails
from communities.models import Associate, Community, Membership, Purpose, Signup
from communities.services.accounts import link_user
from communities.services.consents import give_consent
from communities.services.errors import RefusedError
from communities.services.limits import check_limit, delete_old_attempts
from communities.services.stops import note_start

#: How long the link in the confirmation email works.
SIGNUP_LASTS = dt.timedelta(days=7)
#: How long after that the signup is kept, so that its link can still ask for a new one instead of losing everything.
SIGNUP_KEPT_AFTER = dt.timedelta(days=7)
SOURCE = "signup page"


def request_signup(
    *,
    email: str,
    name: str,
    involvement: str,
    organisation: str = "",
    communities: Iterable[Community],
    agreed_to: Mapping[str, str],
    host: str,
) -> Signup:
    """Keep what somebody filled in on the signup page and email them a link to confirm it.

    ``agreed_to`` is purpose → the wording they ticked; what is not in it was not agreed to. ``host`` is the network
    address the request came from. The same happens for an address that is known already. A second call keeps a second
    signup and sends a second email. Raises ``TooManyRequestsError``.
    """
    check_limit(email=email, host=host)
    with transaction.atomic():
        signup = Signup.objects.create(
            email=email,
            name=name,
            involvement=involvement,
            organisation=organisation,
            agreed_to=dict(agreed_to),
            expires_at=timezone.now() + SIGNUP_LASTS,
        )
        signup.communities.set(communities)
        emails.send_confirmation(signup)
    return signup


def renew_signup(*, signup: Signup, host: str) -> Signup:
    """Send a new link for a signup whose time ran out; what was filled in stays.

    Raises ``TooManyRequestsError``, and ``RefusedError`` where it has been confirmed.
    """
    check_limit(email=signup.email, host=host)
    with transaction.atomic():
        signup = Signup.objects.select_for_update().get(pk=signup.pk)
        if signup.confirmed_at:
            raise RefusedError("You have already confirmed this.")
        signup.expires_at = timezone.now() + SIGNUP_LASTS
        signup.save(update_fields=["expires_at"])
        emails.send_confirmation(signup)
    return signup


@transaction.atomic
def confirm_signup(*, signup: Signup) -> Associate:
    """Make the associate that a signup asks for, or extend the one with its address; returns the associate.

    The address is known to be theirs: they followed the link in the email. Name, involvement and organisation become
    what they wrote last. They join each community that they chose and that is still public; what they ticked is
    recorded as consent, what they did not tick changes nothing that they agreed to before. A second call returns the
    same associate and changes nothing. Raises ``RefusedError`` where the time is over.
    """
    signup = Signup.objects.select_for_update().get(pk=signup.pk)
    if signup.confirmed_at:
        found = Associate.objects.with_email(signup.email).first()
        if found is None:
            raise RefusedError("This link has been used, and what it set up has since been deleted.")
        return found
    if signup.has_expired:
        raise RefusedError("This link has expired.")
    associate = _associate_for(signup)
    for community in signup.communities.public():
        join_community(
            associate=associate, community=community, wants=dict.fromkeys(signup.agreed_to, True), source=SOURCE
        )
    for purpose, wording in signup.agreed_to.items():
        give_consent(associate=associate, purpose=purpose, wording=wording, source=SOURCE)
    signup.confirmed_at = timezone.now()
    signup.save(update_fields=["confirmed_at"])
    link_user(associate=associate)
    return associate


def _associate_for(signup: Signup) -> Associate:
    """The associate with this address, locked and brought up to date, or a new one."""
    details = {"name": signup.name, "involvement": signup.involvement, "organisation": signup.organisation}
    associate = Associate.objects.select_for_update().filter(email__iexact=signup.email).first()
    if associate is None:
        try:
            with transaction.atomic():
                return Associate.objects.create(email=signup.email, **details)
        except IntegrityError:  # another signup of the same person was confirmed at this very moment
            associate = Associate.objects.select_for_update().get(email__iexact=signup.email)
    for field, value in details.items():
        if value:
            setattr(associate, field, value)
    associate.save(update_fields=list(details))
    return associate


@transaction.atomic
def join_community(*, associate: Associate, community: Community, wants: Mapping[str, bool], source: str) -> Membership:
    """Make an associate a member, wanting what ``wants`` says (purpose → yes), as they asked on the page ``source``.

    One who belongs already keeps their membership; what they want is added to, never taken away.
    """
    wanted = {f"wants_{purpose.value}": True for purpose in Purpose if wants.get(purpose.value)}
    membership, made = Membership.objects.get_or_create(
        associate=associate, community=community, left_at=None, defaults=wanted
    )
    if not made and wanted:
        for field, value in wanted.items():
            setattr(membership, field, value)
        membership.save(update_fields=list(wanted))
    for purpose, yes in wants.items():
        if yes:
            note_start(associate=associate, community=community, purpose=purpose, source=source)
    return membership


def delete_expired_signups() -> int:
    """Delete signups whose time ended more than ``SIGNUP_KEPT_AFTER`` ago, confirmed or not, and old attempts.

    What a confirmed one led to is kept with the associate. Returns how many signups that was.
    """
    delete_old_attempts()
    expired = Signup.objects.filter(expires_at__lte=timezone.now() - SIGNUP_KEPT_AFTER)
    return expired.delete()[1].get("communities.Signup", 0)
