"""Which associate is which user. An address that merely looks the same is not enough: it must have been proved."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet

from communities.models import Associate
from people.models import User


def _verified_address(email: str) -> QuerySet[EmailAddress]:
    """The user's own proof that an address is theirs: a link in a message to it was followed."""
    return EmailAddress.objects.filter(email__iexact=email, verified=True, user__is_active=True)


@transaction.atomic
def link_user(*, associate: Associate) -> User | None:
    """Join an associate to the user with the same address, if that user has proved it to be theirs.

    The associate's address is proved by their confirmation. Nothing happens where either has somebody already. Returns
    the associate's user, if there is one now.
    """
    if associate.user_id:
        return associate.user
    proof = _verified_address(associate.email).select_related("user").first()
    if proof is None or Associate.objects.filter(user=proof.user).exists():
        return None
    associate.user = proof.user
    associate.save(update_fields=["user"])
    return proof.user


def associate_of(*, user: User) -> Associate | None:
    """The associate that a user is, joined to them now if their address has been proved; None where there is none.

    A second call answers the same.
    """
    linked = Associate.objects.filter(user=user).first()
    if linked:
        return linked
    for address in EmailAddress.objects.filter(user=user, verified=True):
        associate = Associate.objects.with_email(address.email).filter(user=None).first()
        if associate and link_user(associate=associate) == user:
            return associate
    return None
