"""Checks of what people type that a database field cannot make."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

_LOCAL_MAX = 64  # RFC 5321, 4.5.3.1.1


def clean_address(text: str) -> str:
    """An email address as it is kept: the domain in small letters and in ASCII, the part before the @ as typed.

    Raises ``ValidationError`` in words that say what to change.
    """
    address = text.strip()
    if any(unicodedata.category(character) == "Cc" for character in address):
        raise ValidationError("Enter one email address, without line breaks.", code="control")
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise ValidationError("Enter an email address in the correct format, like name@example.com.", code="invalid")
    if not local.isascii():
        raise ValidationError(
            "We cannot send email to addresses with accents or other special letters before the @. Enter another "
            "address.",
            code="local_part",
        )
    if len(local) > _LOCAL_MAX:
        raise ValidationError(
            f"The part before the @ is {len(local)} characters long, and email allows {_LOCAL_MAX}. Check it for a "
            "slip.",
            code="long",
        )
    address = f"{local}@{_ascii_domain(domain)}"
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError(
            "Enter an email address in the correct format, like name@example.com.", code="invalid"
        ) from error
    return address


def _ascii_domain(domain: str) -> str:
    """The domain as mail servers know it (``exämple.org`` is ``xn--exmple-cua.org``)."""
    if "." not in domain.strip(".") or domain.startswith("["):
        raise ValidationError(
            "Enter the whole email address. What follows the @ has a full stop in it, like example.com.", code="domain"
        )
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValidationError("Check what follows the @ in your email address for a slip.", code="domain") from error


def validate_plain_subject(text: str) -> None:
    """Refuse line breaks and invisible characters in what becomes the subject of an email or a line of a calendar."""
    if any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in text):
        raise ValidationError("Use letters, numbers and ordinary punctuation on one line.", code="control")


def validate_plain_line(text: str) -> None:
    """Refuse what could turn one line of an email into something else: line breaks, invisible characters, links.

    A name goes into messages to whoever owns the address, so that it must not carry an advertisement there.
    """
    validate_plain_subject(text)
    if re.search(r"://|www\.|[<>{}]", text, re.IGNORECASE):
        raise ValidationError("Leave out web addresses and the characters < > { }.", code="link")


def validate_no_placeholder(text: str) -> None:
    """Refuse ``{{`` and ``}}``: the mailing fills such marks in for each recipient."""
    if "{{" in text or "}}" in text:
        raise ValidationError(
            "Take out {{ and }}. We use them to fill in each person's own link, so they cannot stand in a text.",
            code="placeholder",
        )
