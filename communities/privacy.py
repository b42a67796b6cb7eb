"""What the communities app holds on a person, for "see and take your data" (UK GDPR, articles 15 and 20)."""

from __future__ import annotations

from django.utils import timezone

from communities.models import Associate, Registration, Signup
from communities.services.accounts import associate_of
from communities.tokens import registration_path
from mailing.privacy import messages_to, trouble_with
from people.models import User


def data_held(associate: Associate) -> dict[str, object]:
    """Everything held on an associate, in words that they can read; nothing about anybody else."""
    return {
        "Name": associate.name,
        "Email address": associate.email,
        "How you are involved": associate.get_involvement_display(),
        "Organisation": associate.organisation,
        "Town or county": associate.area,
        "Confirmed": associate.confirmed_at,
        "Has an account to log in": associate.user_id is not None,
        "Communities": [
            {
                "Community": membership.community.name,
                "Role": membership.get_role_display(),
                "Newsletters wanted": membership.wants_newsletters,
                "Events wanted": membership.wants_events,
                "Monthly updates wanted": membership.wants_updates,
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
        "What you stopped being sent by one community": [
            {
                "What": stop.wording,
                "Stopped": stop.stopped_at,
                "Stopped by": stop.stopped_by,
                "Asked for again": stop.resumed_at,
                "Asked for again on": stop.resumed_by,
            }
            for stop in associate.list_stops.order_by("stopped_at", "pk")
        ],
        "Newsletters by whose link you unsubscribed": [
            {"Newsletter": each.newsletter.title, "When": each.made_at}
            for each in associate.unsubscribes.select_related("newsletter")
        ],
        "Newsletters that you were not sent": [
            {"Newsletter": each.newsletter.title, "Why": each.get_reason_display()}
            for each in associate.left_out_of.select_related("newsletter")
        ],
        "Monthly updates that you were sent": [
            {
                "Month": each.update.month_words,
                "Communities": [community.name for community in each.mailing.communities.all()],
            }
            for each in associate.update_receipts.select_related("update", "mailing").prefetch_related(
                "mailing__communities"
            )
        ],
        "Events": _events_of(associate.email),
        "Signups": _signups_of(associate.email),
        "Emails": messages_to(associate.email),
        **trouble_with(associate.email),
    }


def _signups_of(email: str) -> list[dict[str, object]]:
    return [
        {
            "Made": signup.made_at,
            "Confirmed": signup.confirmed_at,
            "Name": signup.name,
            "How you are involved": signup.get_involvement_display(),
            "Organisation": signup.organisation,
            "Communities": [community.name for community in signup.communities.all()],
            "Agreed to": signup.agreed_to,
        }
        for signup in Signup.objects.filter(email__iexact=email).prefetch_related("communities")
    ]


def attendee_data(registration: Registration) -> dict[str, object]:
    """Everything that whoever registered told us for events and, where nothing else here knows their address, what we
    emailed to it: as much as ``erase_attendee`` erases.
    """
    email = registration.email
    data: dict[str, object] = {"Email address": email, "Events": _events_of(email)}
    return data if is_known(email) else {**data, "Emails": messages_to(email), **trouble_with(email)}


def is_known(email: str) -> bool:
    """Whether an associate or an account has this address, whose owner looks after what is held on it there."""
    return Associate.objects.with_email(email).exists() or User.objects.filter(email__iexact=email).exists()


def _events_of(email: str) -> list[dict[str, object]]:
    """What whoever owns an address told us for events."""
    return [
        {
            "Event": registration.event.title,
            "When": registration.event.when,
            "Name": registration.name,
            "Organisation": registration.organisation,
            "State": registration.get_status_display(),
            "Registered": registration.registered_at,
            "Came": registration.attended,
            **_needs_of(registration),
        }
        for registration in Registration.objects.with_email(email).select_related("event", "needs")
    ]


def _needs_of(registration: Registration) -> dict[str, object]:
    needs = getattr(registration, "needs", None)
    return {
        "What you eat": needs.dietary if needs else "",
        "What you need": needs.access if needs else "",
        "You let us keep that in these words": needs.agreed_to if needs else "",
        "When you did": needs.agreed_at if needs else None,
    }


def registrations_of(associate: Associate) -> list[Registration]:
    """Their registrations for events that are not over, each with the ``path`` of its private page."""
    found = Registration.objects.live().with_email(associate.email).filter(event__ends_at__gt=timezone.now())
    registrations = list(found.exclude(event__status="draft").select_related("event").order_by("event__starts_at"))
    for registration in registrations:
        registration.path = registration_path(registration)  # type: ignore[attr-defined]
    return registrations


def what_we_hold_on(user: User) -> dict[str, object]:
    """The associate that a user is, if they are one, and what their address signed up and registered for."""
    associate = associate_of(user=user)
    return {
        "Communities of practice": data_held(associate) if associate else None,
        "Signups for communities": _signups_of(user.email),
        "Events that you registered for": _events_of(user.email),
    }


def forget(user: User) -> None:
    """Delete the associate that a user is, their signups and their registrations for events, when they close their
    account. A second call changes nothing.
    """
    from communities.services.aftercare import erase_registrations
    from communities.services.preferences import erase_associate

    erase_registrations(email=user.email)
    Signup.objects.filter(email__iexact=user.email).delete()
    associate = associate_of(user=user)
    if associate:
        erase_associate(associate=associate)
