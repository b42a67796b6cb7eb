"""The numbers by which registries know a study: how each is written, and what of it can be checked.

None of the four study schemes has a check digit, so a slip that keeps the form cannot be caught here; the page links
to the registry's record so that a person can. (ORCID iDs of people do have one: ``people.validators.validate_orcid``.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from django.core.exceptions import ValidationError

#: Characters that word processors put where nobody sees them: soft hyphen, zero-width spaces, directions, BOM.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\u202a-\u202e\ufeff]")
_DASHES = re.compile("[\u2010-\u2015\u2212]")


def _tidy(value: str) -> str:
    """Without invisible characters, with plain hyphens and single spaces."""
    return re.sub(r"\s+", " ", _DASHES.sub("-", _INVISIBLE.sub("", value))).strip()


def isrctn(value: str) -> str:
    """An ISRCTN as the registry writes it: ``ISRCTN`` and 8 digits, with no space between.

    The registry's own notes say that the digits are drawn at random ("a randomly generated, 8-digit number"), and
    they ask that no space be put between. There is no check digit: only the form is checked. Takes the bare digits,
    spaces, small letters, a DOI of the record (``10.1186/ISRCTN…``) or its address.
    """
    text = re.sub(
        r"^(https?://)?(www\.)?(isrctn\.com|controlled-trials\.com|(dx\.)?doi\.org/10\.1186)/", "", value, flags=re.I
    )
    text = re.sub(r"^(doi:)?10\.1186/", "", text, flags=re.I)
    text = re.sub(r"[\s:.-]", "", text).upper().removeprefix("ISRCTN")
    if not re.fullmatch(r"[0-9]{8}", text):
        raise ValidationError("An ISRCTN is 8 digits, such as ISRCTN12345678. Check it on the registry.", code="isrctn")
    return f"ISRCTN{text}"


def _number(value: str, prefix: str, name: str, example: str, shortest: int, longest: int) -> str:
    """A serial number, without what people write before it."""
    text = re.sub(rf"^{prefix}[\s:#.-]*", "", value, flags=re.I)
    text = re.sub(r"[\s,]", "", text).lstrip("0")
    if not re.fullmatch(rf"[0-9]{{{shortest},{longest}}}", text):
        raise ValidationError(
            f"{name} is a number of {shortest} to {longest} digits, such as {example}. Leave out any letters.",
            code="number",
        )
    return text


def iras(value: str) -> str:
    """An IRAS project ID: the serial number that the Integrated Research Application System gave the project.

    No length or check digit is published; numbers in use have grown from four digits to seven. Only the form is
    checked.
    """
    return _number(value, r"IRAS(\s*(project)?\s*(ID|number|no))?", "An IRAS project ID", "123456", 4, 7)


def cpms(value: str) -> str:
    """A CPMS ID: the serial number of a study in the Central Portfolio Management System (before that, UKCRN ID).

    No length or check digit is published; numbers in use have up to six digits. Only the form is checked.
    """
    return _number(value, r"(CPMS|UKCRN)(\s*(study)?\s*(ID|number|no))?", "A CPMS ID", "12345", 2, 6)


def doi(value: str) -> str:
    """A DOI without the resolver's address, in small letters (DOIs are the same in capitals: DOI Handbook 2.4).

    The syntax is ``10.``, a registrant's number of four to nine digits with parts that dots divide, a slash, and a
    suffix of printing characters (DOI Handbook 2.2; Crossref's advice on matching DOIs). There is no check digit:
    only the form is checked. A full stop, comma or bracket carried over from the end of a sentence is left off.
    """
    text = re.sub(r"^(https?://)?((dx|www)\.)?doi\.org/|^doi:?\s*", "", value, flags=re.I)
    if "%" in text:
        text = unquote(text)
    text = text.rstrip(".,;:").lower()
    while text.endswith(")") and text.count("(") < text.count(")"):
        text = text[:-1]
    if not re.fullmatch(r"10\.[0-9]{4,9}(\.[0-9]+)*/[^\s\x00-\x1f\x7f-\x9f]+", text):
        raise ValidationError("A DOI begins with 10. and has a slash, such as 10.1186/1748-5908-7-40.", code="doi")
    return text


@dataclass(frozen=True)
class Scheme:
    """How to tidy and check a number of one registry, and where its record is; ``address`` may be empty."""

    read: Callable[[str], str]
    address: str = ""

    def url(self, value: str) -> str:
        """The registry's record of this number, where anyone may see it."""
        return self.address + quote(value, safe="/().;:-_") if self.address else ""


SCHEMES = {
    "isrctn": Scheme(isrctn, "https://www.isrctn.com/"),
    "iras": Scheme(iras),
    "cpms": Scheme(cpms),
    "doi": Scheme(doi, "https://doi.org/"),
}


def read_identifier(scheme: str, value: str) -> str:
    """The number as its registry writes it. Raises ``ValidationError``, saying how to mend it, where it cannot be one
    of that scheme's, and ``KeyError`` for a scheme that is not in ``SCHEMES``.

    Reading what this returns gives the same again.
    """
    return SCHEMES[scheme].read(_tidy(value))
