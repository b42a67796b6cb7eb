"""Signed tokens for links in emails: who the link is for, readable by anybody, changeable by nobody.

A token holds its subject and when it was signed, under an HMAC whose key differs by purpose: a token made for one kind
of link opens no other. ``SECRET_KEY_FALLBACKS`` are honoured, so a key can be changed without breaking sent links.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
import re
from functools import lru_cache

from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes

_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z")
#: How far ahead of this machine's clock the signing machine's may have been.
_SKEW = dt.timedelta(minutes=5)


class BadToken(ValueError):  # noqa: N818 - reads as what it is where other apps catch it
    """The token is not one that we signed for this purpose."""


class ExpiredToken(BadToken):
    """We signed it, but too long ago."""


def sign(purpose: str, subject_id: str | int, *, at: dt.datetime | None = None) -> str:
    """A token that names ``subject_id`` for ``purpose``; safe to put in a URL's path as it is.

    ``at`` is when it counts as signed (now, if left out): the same time gives the same token.
    """
    subject = str(subject_id)
    if not _PLAIN.match(subject):
        subject = "~" + base64.urlsafe_b64encode(subject.encode()).decode().rstrip("=")
    seconds = signing.b62_encode(int((at or timezone.now()).timestamp()))
    return _signer(purpose, settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS)).sign(f"{subject}.{seconds}")


def read(purpose: str, token: str, max_age: dt.timedelta | float | None = None) -> str:
    """The subject that ``token`` names.

    ``max_age`` is a timedelta or seconds. Raises ``ExpiredToken`` if it was signed longer ago than that, ``BadToken``
    if it was altered, cut short, or signed for another purpose.
    """
    signer = _signer(purpose, settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))
    try:
        subject, _, seconds = signer.unsign(token).rpartition(".")
        signed_at = dt.datetime.fromtimestamp(signing.b62_decode(seconds), dt.UTC)
        if subject.startswith("~"):
            encoded = subject[1:]
            subject = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (signing.BadSignature, ValueError, OverflowError, binascii.Error) as error:
        raise BadToken("This link is not one of ours.") from error
    if max_age is not None:
        oldest = max_age if isinstance(max_age, dt.timedelta) else dt.timedelta(seconds=max_age)
        age = timezone.now() - signed_at
        if age > oldest or age < -_SKEW:
            raise ExpiredToken("This link has expired.")
    return subject


class _Signer(signing.Signer):
    """Django's own, which keeps what it derives from a key: a newsletter takes a signature for each person."""

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        """As Django makes it."""
        made = _keyed(str(self.salt) + "signer", key or self.key).copy()
        made.update(force_bytes(value))
        return signing.b64_encode(made.digest()).decode()


@lru_cache(maxsize=64)
def _keyed(salt: str, key: str | bytes) -> hmac.HMAC:
    return salted_hmac(salt, b"", key, algorithm="sha256")


@lru_cache(maxsize=64)
def _signer(purpose: str, key: str, fallbacks: tuple[str, ...]) -> signing.Signer:
    # The keys are arguments so that a changed setting makes a new signer.
    return _Signer(key=key, fallback_keys=list(fallbacks), sep=".", salt=f"mailing.tokens.{purpose}")
