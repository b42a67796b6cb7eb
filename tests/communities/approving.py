"""What a newsletter's approval leaves behind: emails and steps."""

from __future__ import annotations

from django.urls import reverse

from communities.models import Newsletter
from mailing.models import Delivery


def url(name: str, newsletter: Newsletter) -> str:
    return reverse(f"newsletters:{name}", args=[newsletter.slug])


def told() -> list[tuple[str, str]]:
    """Who was emailed what so far, in order."""
    rows = Delivery.objects.order_by("pk").values_list("recipient", "mailing__subject")
    return [(recipient.split("@")[0], subject) for recipient, subject in rows]


def last_text() -> str:
    return Delivery.objects.order_by("pk").last().mailing.text


def steps(newsletter: Newsletter) -> list[str]:
    return list(newsletter.approval_steps.order_by("pk").values_list("kind", flat=True))
