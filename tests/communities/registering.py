"""Registering for events: what is filled in, by which link one's registration is looked after, and what came of it."""

from __future__ import annotations

from django.urls import reverse

from communities.models import Event, Registration
from communities.tokens import registration_token
from mailing.models import Delivery


def url(name: str, event: Event, *more: object) -> str:
    return reverse(f"events:{name}", args=[event.slug, *more])


def own(name: str, registration: Registration) -> str:
    return reverse(f"events:{name}", args=[registration_token(registration)])


def filled_in(**changes) -> dict[str, str]:
    return {
        "name": "Joan Carer",
        "email": "joan@example.org",
        "organisation": "",
        "dietary": "",
        "access": "",
        **changes,
    }


def emails(to: str) -> list[str]:
    """The subjects of what was sent to an address, the oldest first."""
    return list(Delivery.objects.filter(recipient=to).order_by("pk").values_list("mailing__subject", flat=True))


def states(event) -> dict[str, str]:
    return dict(event.registrations.values_list("email", "status"))
