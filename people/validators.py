"""Checks of names, and of identifiers for people and organisations."""

import re

from django.core.exceptions import ValidationError
from stdnum import isni
from stdnum.exceptions import ValidationError as NumberError

_ROR_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o or u


def read_name(value: str) -> str:
    """A person's name on one line. Refuses one that would carry a link into other people's email."""
    name = " ".join(value.split())
    if "://" in name or "@" in name:
        raise ValidationError("Enter a name, without any address.", code="full_name")
    return name


def validate_ods_code(value: str) -> None:
    """Refuse what cannot be an Organisation Data Service code: 3 to 10 capital letters and digits.

    ODS codes carry no check digit (NHS Data Dictionary, *organisation code*), so only the form can be checked.
    """
    if not re.fullmatch(r"[A-Z0-9]{3,10}", value):
        raise ValidationError(
            "An ODS code is 3 to 10 capital letters and digits, such as RX1. Check %(value)s.",
            params={"value": value},
            code="ods_code",
        )


def validate_ror_id(value: str) -> None:
    """Refuse an id of the Research Organization Registry whose last two digits do not check.

    An id is ``0``, six characters of Crockford's base 32 and two check digits by ISO/IEC 7064 MOD 97-10
    (ROR's documentation, *ROR identifier pattern*).
    """
    if not re.fullmatch(rf"0[{_ROR_ALPHABET}]{{6}}[0-9]{{2}}", value):
        raise ValidationError(
            "A ROR id is 9 characters that begin with 0, such as 01ee9ar58. Leave out https://ror.org/.", code="ror_id"
        )
    number = 0
    for character in value[:7]:
        number = number * 32 + _ROR_ALPHABET.index(character)
    if 98 - (number * 100) % 97 != int(value[7:]):
        raise ValidationError(
            "The last two digits of this ROR id do not fit the rest. Check it for a slip.", code="ror_id"
        )


def validate_orcid(value: str) -> None:
    """Refuse an ORCID iD whose check digit is wrong (ISO/IEC 7064 MOD 11-2, four groups of four)."""
    if not re.fullmatch(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", value):
        raise ValidationError("An ORCID iD has four groups of four, such as 0000-0002-1825-0097.", code="orcid")
    try:
        isni.validate(value)
    except NumberError as error:
        raise ValidationError(
            "The last digit of this ORCID iD does not fit the rest. Check it for a slip.", code="orcid"
        ) from error
