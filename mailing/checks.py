"""What can be wrong with the settings of mail, said when the portal starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks

from mailing import rates
from mailing.bounces import imap, verp


def register() -> None:
    """Have Django run these checks with its own."""
    checks.register(check_bounces)
    checks.register(check_hooks)
    checks.register(check_rates)


def check_bounces(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Whether return addresses can be made and the bounce mailbox's address can be read."""
    found: list[checks.CheckMessage] = []
    if settings.MAIL_VERP and not settings.MAIL_BOUNCE_ADDRESS:
        found.append(
            checks.Error(
                "MAIL_VERP is on, but MAIL_BOUNCE_ADDRESS is empty.",
                hint="Name the mailbox that reports are to come back to, such as bounces@example.org.",
                id="mailing.E001",
            )
        )
    elif settings.MAIL_VERP and verp.is_too_long(settings.MAIL_BOUNCE_ADDRESS):
        found.append(
            checks.Error(
                "MAIL_BOUNCE_ADDRESS is too long to add each message's id to it.",
                hint="Servers take 64 characters before the @: choose a name of 27 or fewer.",
                id="mailing.E002",
            )
        )
    if settings.BOUNCE_IMAP_URL:
        try:
            imap.ImapAddress.from_url(settings.BOUNCE_IMAP_URL)
        except ValueError as error:
            found.append(checks.Error(f"BOUNCE_IMAP_URL can not be read: {error}", id="mailing.E003"))
    return found


def check_hooks(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Whether the secret of the webhooks is one that a provider can send."""
    secret = settings.ANYMAIL.get("WEBHOOK_SECRET", "")
    if not secret or (":" in secret.strip(":") and len(secret) > 16):
        return []
    return [
        checks.Error(
            "ANYMAIL_WEBHOOK_SECRET must be a name, a colon and a long password.",
            hint="Make one with: python3 -c 'import secrets; print(\"portal:\" + secrets.token_urlsafe(24))'",
            id="mailing.E004",
        )
    ]


def check_rates(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Whether the providers' limits can be read."""
    try:
        rates.limits()
    except ValueError as error:
        return [checks.Error(f"MAIL_RATES can not be read: {error}.", id="mailing.E005")]
    return []
