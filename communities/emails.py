"""The emails to one person that the communities app sends. What goes to many is in newsletter_mail and event_mail."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from communities.models import Associate, Purpose, Signup
from communities.tokens import preferences_url, signup_token
from mailing.services import send_template


def send_confirmation(signup: Signup) -> None:
    """Ask somebody to confirm what was filled in on the signup page under their address."""
    send_template(
        to=signup.email,
        name=signup.name,
        template="communities/confirm",
        topic="community confirmation",
        context={
            "name": signup.name,
            "communities": [community.name for community in signup.communities.select_related("study__theme")],
            "agreed_to": [Purpose(purpose).label for purpose in signup.agreed_to],
            "confirm_url": _absolute(reverse("communities:confirm", args=[signup_token(signup)])),
            "expires_at": signup.expires_at,
        },
        secret=True,
    )


def send_link(associate: Associate) -> None:
    """Send an associate the link to their preferences, as they asked."""
    send_template(
        to=associate.email,
        name=associate.name,
        template="communities/link",
        topic="community preferences link",
        subject_id=associate.key,
        context={"name": associate.name, "preferences_url": _absolute(preferences_url(associate))},
        secret=True,
    )


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
