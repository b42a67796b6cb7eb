"""Settings that the portal does not start with, since whoever set them cannot have meant it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

#: Shorter ones can be guessed offline by whoever holds one signed link.
SHORTEST_SECRET = 32
_HOW_TO_MAKE = (
    "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(50))' "
    "and put it in the environment or in .env (see .env.example)."
)


def refuse_weak_secret(secret: str) -> None:
    """Raise ``ImproperlyConfigured`` for a key that is missing, shorter than 32 characters, or one that is repeated."""
    if not secret:
        raise ImproperlyConfigured(f"SECRET_KEY is not set. {_HOW_TO_MAKE}")
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < 8:
        raise ImproperlyConfigured(f"SECRET_KEY is too easy to guess. {_HOW_TO_MAKE}")


def refuse_strangers(*, switch: str, site_url: str, allowed_hosts: Iterable[str]) -> None:
    """Raise ``ImproperlyConfigured`` where the portal answers to more than this machine though ``switch`` is on.

    ``switch``: DEBUG, which shows the code, or DEMO, whose logins are published.
    """
    hosts = [urlsplit(site_url).hostname or site_url, *allowed_hosts]
    others = [host for host in hosts if not _is_this_machine(host)]
    if others:
        raise ImproperlyConfigured(
            f"{switch} is on, and SITE_URL or ALLOWED_HOSTS names {others[0]}: strangers could come in. Set "
            f"{switch}=0, or name this machine only (127.0.0.1, localhost)."
        )


def _is_this_machine(host: str) -> bool:
    return host in ("localhost", "[::1]", "::1", "testserver") or host.endswith(".localhost") or host.startswith("127.")
