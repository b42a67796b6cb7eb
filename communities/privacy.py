"""What the communities app holds on a person, for "see and take your data" (UK GDPR, articles 15 and 20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from communities.models import Associate, Signup

if TYPE_CHECKING:
    from people.models import User


def data_held(associate: Associate) -> dict[str, object]:
    """Everything held on an associate, in words that they can read; nothing about anybody else."""
    return {
        "Name": associate.name,
        "Email address": associate.email,
        "How you are involved": associate.get_involvement_display(),
        "Organisation": associate.organisation,
        "Confirmed": associate.confirmed_at,
        "Has an account to log in": associate.user_id is not None,
        "Communities": [
            {
                "Community": membership.community.name,
                "Role": membership.get_role_display(),
                "Newsletters wanted": membership.wants_newsletters,
                "Events wanted": membership.wants_events,
                "Joined": membership.joined_at,
                "Left": membership.left_at,
            }
            for membership in associate.memberships.select_related("community").order_by("joined_at", "pk")
        ],
        "Consents": [
            {
                "For": consent.get_purpose_display(),
                "In these words": consent.wording,
                "Given": consent.given_at,
                "Given on": consent.source,
                "Taken back": consent.withdrawn_at,
                "Taken back on": consent.withdrawn_by,
            }
            for consent in associate.consents.order_by("given_at", "pk")
        ],
        "Signups": [
            {
                "Made": signup.made_at,
                "Confirmed": signup.confirmed_at,
                "Name": signup.name,
                "Communities": [community.name for community in signup.communities.all()],
                "Agreed to": signup.agreed_to,
            }
            for signup in Signup.objects.filter(email__iexact=associate.email).prefetch_related("communities")
        ],
    }


def what_we_hold_on(user: User) -> dict[str, object]:
    """The associate that a user is, if they are one."""
    associate = Associate.objects.filter(user=user).first()
    return {"Communities of practice": data_held(associate) if associate else None}


def forget(user: User) -> None:
    """Delete the associate that a user is, when they close their account. A second call changes nothing."""
    from communities.services.preferences import erase_associate

    associate = Associate.objects.filter(user=user).first()
    if associate:
        erase_associate(associate=associate)
