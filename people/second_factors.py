"""Second factors as they stand in the database: secrets under a key that the database does not hold.

Whoever reads a copy of the database must not be able to make somebody's codes (decision 13). The secrets of
authenticator apps and the seeds of recovery codes are sealed by a key derived from ``SECRET_KEY``; those of
``SECRET_KEY_FALLBACKS`` open what was sealed before. Of a passkey only the public half is kept, which needs no seal.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

from people.models import User
from people.rules import needs_second_factor

logger = logging.getLogger(__name__)

#: What a sealed secret begins with. Neither an app's secret (base 32) nor a seed (hexadecimal) can.
SEALED = "sealed:"
#: Where in ``Authenticator.data`` allauth keeps what lets its reader in.
_SECRETS = ("secret", "seed")


class UnreadableSecretError(Exception):
    """A secret was sealed by a key that this host does not have, or was altered."""


class Sealing(NamedTuple):
    """What ``seal_rows`` found: how many it sealed anew, and how many it could not read."""

    sealed: int
    unreadable: int


def seal(text: str) -> str:
    """``text`` under the present key. Never the same twice."""
    return SEALED + _fernet(settings.SECRET_KEY).encrypt(text.encode()).decode()


def unseal(kept: str) -> str:
    """What was sealed; a secret that is not sealed, from before, as it is.

    Raises ``UnreadableSecretError``, and says in the log what to do, where no key opens it.
    """
    if not kept.startswith(SEALED):
        return kept
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    try:
        return _fernet(*keys).decrypt(kept.removeprefix(SEALED).encode()).decode()
    except InvalidToken as error:
        logger.error(
            "A second factor cannot be read: neither SECRET_KEY nor SECRET_KEY_FALLBACKS sealed it. Put the key of "
            "before into SECRET_KEY_FALLBACKS, or remove the person's second factor (docs/running.md)."
        )
        raise UnreadableSecretError from error


def seal_rows(rows: Any = None) -> Sealing:
    """Put every secret under the present key: those in clear, and those under a key of before.

    What cannot be read stays. ``rows`` are a migration's own; all that there are, if left out. A second call seals
    nothing, ``SECRET_KEY`` being the same.
    """
    present = _fernet(settings.SECRET_KEY)

    def sealed_now(kept: str) -> str:
        if kept.startswith(SEALED):
            try:
                present.decrypt(kept.removeprefix(SEALED).encode())
            except InvalidToken:
                return seal(unseal(kept))
            return kept
        return seal(kept)

    return _rewrite(Authenticator.objects.all() if rows is None else rows, sealed_now)


def unseal_rows(rows: Any) -> Sealing:
    """Put every secret back in clear, for a version of the portal that knows no seal. What cannot be read stays."""
    return _rewrite(rows, unseal)


def is_readable(authenticator: Authenticator) -> bool:
    """Whether its codes can be checked here."""
    try:
        for name in _SECRETS:
            unseal(authenticator.data.get(name, ""))
    except UnreadableSecretError:
        return False
    return True


def has_one_to_spare(user: User) -> bool:
    """Whether this person may do without one of their second factors: programme staff keep the last that works."""
    if not needs_second_factor(user):
        return True
    factors = list(Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES))
    return len(factors) != 1 or not is_readable(factors[0])


@transaction.atomic
def _rewrite(rows: Any, change: Callable[[str], str]) -> Sealing:
    changed = unreadable = 0
    # One that is used meanwhile counts its recovery codes in the same field: the lock keeps both.
    for row in rows.select_for_update().exclude(type="webauthn"):
        before = {name: row.data[name] for name in _SECRETS if name in row.data}
        try:
            after = {name: change(kept) for name, kept in before.items()}
        except UnreadableSecretError:
            unreadable += 1
            continue
        if after != before:
            row.data |= after
            row.save(update_fields=["data"])
            changed += 1
    return Sealing(changed, unreadable)


@lru_cache(maxsize=16)
def _fernet(*keys: str) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    """A key for this purpose alone: nothing that Django signs with ``SECRET_KEY`` tells anything about it."""
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"people.second_factors").derive(key.encode())
    return base64.urlsafe_b64encode(made)
