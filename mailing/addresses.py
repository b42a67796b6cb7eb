"""Names, addresses and header values, checked before they are written into a message.

A line break in any of them would let its author add headers of their own (RFC 5322, section 2.2): all are refused.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import Header
from email.utils import getaddresses, parseaddr
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

_BREAKS = re.compile(r"[\r\n\v\f\x00-\x08\x0e-\x1f\x7f\x85\u2028\u2029]")
_HEADER_NAME = re.compile(r"[!-9;-~]+\Z")
#: Headers that the door writes itself.
OURS = frozenset(
    {"bcc", "content-transfer-encoding", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"}
)
#: Where erased addresses point: nowhere, for good (RFC 2606 keeps ``.invalid`` from ever being a host).
ERASED_DOMAIN = "erased.invalid"
#: RFC 5322 allows no line longer than this, its end not counted.
LONGEST_LINE = 998
#: What a mail program posts to unsubscribe its reader (RFC 8058, section 3.1).
ONE_CLICK = "List-Unsubscribe=One-Click"
#: Bytes that make 60 characters of base64, and a word of 72: no longer than the 75 that are allowed (RFC 2047).
_LONGEST_WORD = 45
_WEB_LINK = re.compile(r"<https?://[^<>\s]+>")
_ATOM_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")


def one_line(value: str, what: str) -> str:
    """``value`` as it is, if it fits on one line; ValueError naming ``what`` if it has a line break or control code."""
    if _BREAKS.search(value):
        raise ValueError(f"The {what} may not contain a line break or a control character: {value[:60]!r}")
    return value


def squeeze(value: str) -> str:
    """``value`` on one line, with runs of white space as one space: for names out of old data, sent as they are."""
    return " ".join(_BREAKS.sub(" ", value).split())


def check_address(address: str) -> str:
    """``address`` without spaces around it; ValidationError if no mail server would take it."""
    address = address.strip()
    try:
        validate_email(one_line(address, "address"))
        ascii_address(address)
    except (ValueError, ValidationError) as error:
        raise ValidationError(
            "%(address)s is not an email address that we can send to.", code="address", params={"address": address[:80]}
        ) from error
    return address


@lru_cache(maxsize=256)
def ascii_address(address: str) -> str:
    """``address`` with its domain in ASCII (RFC 5890). ValueError if the part before the @ is not ASCII already."""
    local, at, domain = one_line(address, "address").rpartition("@")
    if not at or not local.isascii():
        raise ValueError(f"Not an address that every mail server takes: {address[:80]!r}")
    if not domain.isascii():
        domain = domain.encode("idna").decode()
    # RFC 5321, section 4.5.3.1: longer ones are refused by servers and must not reach the wire.
    if len(local) > 64 or len(domain) > 255 or any(c in address for c in " <>,;"):
        raise ValueError(f"Not an address that every mail server takes: {address[:80]!r}")
    return f"{local}@{domain}"


def split_addresses(values: list[str] | tuple[str, ...]) -> list[tuple[str, str]]:
    """Each address in a header's worth of them as (name, address); ValidationError for one that is none."""
    for value in values:
        one_line(str(value), "address")
    return [(squeeze(name), check_address(address)) for name, address in getaddresses([str(v) for v in values])]


def encoded_words(text: str) -> str:
    """``text`` as encoded words, folded (RFC 2047, section 2): for names, many times faster than the library's."""
    words = [text.encode()]
    if len(words[0]) > _LONGEST_WORD:
        words = [b""]
        for character in text:
            if len(words[-1]) + len(encoded := character.encode()) > _LONGEST_WORD:
                words.append(b"")
            words[-1] += encoded
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def format_address(name: str, address: str) -> str:
    """``Name <address>`` for a header, its name encoded where it is not plain ASCII (RFC 2047)."""
    address = ascii_address(address)
    name = squeeze(name)
    if not name:
        return address
    # Some readers look for encoded words within quotes too, where there are none.
    if not name.isascii() or "=?" in name:
        return f"{encoded_words(name)}\r\n <{address}>"
    if not _ATOM_PHRASE.match(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def format_sender(value: str) -> str:
    """A ``From`` value such as ``CLAHRC portal <portal@example.org>``, encoded for its header."""
    name, address = parseaddr(one_line(value, "sender"))
    return format_address(name, address)


def encode_header(name: str, value: str) -> bytes:
    """One header, folded and encoded, with its line end.

    Values in plain ASCII are folded at spaces and otherwise left alone (RFC 5322, section 2.2.3); others become encoded
    words (RFC 2047). ValueError for a line break or a name that is none.
    """
    if not _HEADER_NAME.match(name):
        raise ValueError(f"Not a header's name: {name[:60]!r}")
    one_line(value, f"header {name}")
    charset = None if value.isascii() and "=?" not in value else "utf-8"
    try:
        folded = Header(value, charset, header_name=name, maxlinelen=76).encode(linesep="\r\n")
    except HeaderParseError as error:
        raise ValueError(f"The header {name} can not be written: {value[:60]!r}") from error
    line = f"{name}: {folded}\r\n".encode("ascii")
    if max(map(len, line.split(b"\r\n"))) > LONGEST_LINE:
        raise ValueError(f"The header {name} is too long")
    return line


def check_unsubscribe(headers: Mapping[str, str]) -> None:
    """ValueError unless these headers let a reader unsubscribe by one press in their mail program (RFC 8058)."""
    given = {name.lower(): str(value).strip() for name, value in headers.items()}
    if not _WEB_LINK.search(given.get("list-unsubscribe", "")):
        raise ValueError("A bulk message needs a header List-Unsubscribe with a web address in <> (RFC 8058)")
    if given.get("list-unsubscribe-post") != ONE_CLICK:
        raise ValueError(f"A bulk message needs the header List-Unsubscribe-Post: {ONE_CLICK} (RFC 8058)")


def check_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Further headers for a message; ValueError for one that can not be written or that the door writes itself."""
    checked: dict[str, str] = {}
    for name, value in (headers or {}).items():
        if name.lower() in OURS:
            raise ValueError(f"The header {name} is written by the mailing app")
        if name.lower() in {other.lower() for other in checked}:
            raise ValueError(f"The header {name} is given twice")
        encode_header(name, str(value))
        checked[name] = str(value)
    return checked
