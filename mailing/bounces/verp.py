"""A return address for each delivery (variable envelope return path), by which a report says what it is about.

``bounces@example.org`` becomes ``bounces+<delivery>-<signature>@example.org``. Servers on the way may write the part
before the @ in lower case and cut it at 64 characters, so the id is short and knows no capitals. Its 80 bits of
signature are enough against somebody who would have to try them on us one message at a time.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "mailing.bounces.verp"
_TOKEN = re.compile(r"(?P<pk>[1-9][0-9]{0,18})-(?P<signature>[a-z2-7]{16})\Z")
#: The longest part before the @ that servers must take (RFC 5321, section 4.5.3.1.1).
LONGEST_LOCAL = 64
#: "+", a primary key, "-" and the signature.
_TOKEN_LENGTH = 1 + 19 + 1 + 16


class ForgedAddressError(ValueError):
    """It looks like one of our return addresses, and we did not sign it."""


def is_on() -> bool:
    """Whether messages leave with a return address of their own."""
    return bool(settings.MAIL_VERP and settings.MAIL_BOUNCE_ADDRESS)


def sender_for(pk: int, sender: str) -> str:
    """The envelope sender of delivery ``pk``: its own return address where ``MAIL_VERP`` is on, else ``sender``."""
    if not is_on():
        return sender
    local, _, domain = settings.MAIL_BOUNCE_ADDRESS.rpartition("@")
    return f"{local}+{pk}-{_sign(str(pk), settings.SECRET_KEY)}@{domain}"


def find(text: str) -> int | None:
    """The delivery that a return address in ``text`` (a header's value) was made for; None if there is no such address.

    Raises ``ForgedAddressError`` where there are some and none of them is ours.
    """
    if not settings.MAIL_BOUNCE_ADDRESS:
        return None
    forged = ""
    for found in _pattern(settings.MAIL_BOUNCE_ADDRESS).finditer(text):
        token = _TOKEN.match(found["token"].lower())
        if token and _is_ours(token["pk"], token["signature"]) and int(token["pk"]) < 2**63:
            return int(token["pk"])
        forged = found[0]
    if forged:
        raise ForgedAddressError(forged)
    return None


def is_too_long(address: str) -> bool:
    """Whether a return address made from ``address`` could be longer than servers must take."""
    return len(address.rpartition("@")[0]) + _TOKEN_LENGTH > LONGEST_LOCAL


@lru_cache(maxsize=4)
def _pattern(address: str) -> re.Pattern[str]:
    local, _, domain = address.rpartition("@")
    return re.compile(
        rf"(?<![\w.+-]){re.escape(local)}\+(?P<token>[^\s@<>]{{1,64}})@{re.escape(domain)}(?!\.?[\w-])", re.I
    )


def _is_ours(pk: str, signature: str) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(_sign(pk, key), signature) for key in keys)


def _sign(pk: str, key: str) -> str:
    digest = salted_hmac(_SALT, pk, secret=key, algorithm="sha256").digest()
    return base64.b32encode(digest[:10]).decode().lower()
