"""A mailing as the bytes that go over the wire, built once and then only filled in for each recipient.

Bodies are quoted-printable, cut at each ``{{name}}`` and ``{{token}}``. A soft line break (RFC 2045, section 6.7)
stands before and after each cut, so that whatever is filled in begins a line of its own, needs no knowledge of what
surrounds it, and keeps every line within 76 characters; a reader's mail program takes the soft breaks out again.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from email.utils import format_datetime, getaddresses
from typing import TypeAlias
from urllib.parse import quote

from django.utils import timezone
from django.utils.html import escape

from mailing import tokens
from mailing.addresses import (
    LONGEST_LINE,
    encode_header,
    encoded_words,
    format_address,
    format_sender,
    one_line,
    squeeze,
)
from mailing.models import Attachment, Mailing

_PLACEHOLDER = re.compile(r"\{\{\s*(name|token)\s*\}\}")
_LINE_START_DOT = re.compile(rb"(?m)^\.")
_ADDRESS_HEADERS = frozenset({"to", "cc", "reply-to", "sender"})
_CRLF = b"\r\n"
#: Room on a header's line for each name or token that is filled in.
_LONGEST_FILL = 200
_SOFT_BREAK = b"=\r\n"

# What is filled in for each recipient.
_TO, _MESSAGE_ID, _DATE, _TOKEN, _NAME, _NAME_HTML, _NAME_HEADER, _TOKEN_HEADER = range(8)
_IN_TEXT = {"name": _NAME, "token": _TOKEN}
_IN_HTML = {"name": _NAME_HTML, "token": _TOKEN}
_IN_HEADER = {"name": _NAME_HEADER, "token": _TOKEN_HEADER}

#: Bytes as they are, or the number of what is filled in.
Piece: TypeAlias = bytes | int


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom one copy goes to."""

    pk: int
    address: str
    name: str
    subject_id: str
    created_at: dt.datetime


class Blueprint:
    """One mailing's message with gaps in it."""

    def __init__(self, mailing: Mailing, attachments: Iterable[Attachment], *, for_wire: bool = True) -> None:
        """Build all that recipients share. ``for_wire`` doubles dots at line starts, as SMTP wants (RFC 5321, 4.5.2).

        Raises ``ValueError`` where the mailing can not be written as a message.
        """
        self._fills = mailing.is_bulk
        self._stuffs = for_wire
        self._id_head = f"<{mailing.uid.hex}.".encode()
        self._id_tail = f"@{mailing.domain}>".encode("ascii")
        self._own_to = mailing.headers.get("To")
        self._date = (0, b"")
        pieces = [*self._head(mailing), *self._body(mailing, list(attachments))]
        self._pieces = _joined(pieces)
        self._wants = frozenset(piece for piece in pieces if isinstance(piece, int))
        for piece in self._pieces:
            if isinstance(piece, bytes) and max(map(len, piece.split(_CRLF))) > LONGEST_LINE:
                raise ValueError(
                    f"It has a line of more than {LONGEST_LINE} characters, which no mail server need take"
                )

    def bytes_for(self, recipient: Recipient, *, now: dt.datetime) -> bytes:
        """The whole message to one recipient. ``ValueError`` where their address can not be written."""
        values = self._values(recipient, now)
        return b"".join([piece if type(piece) is bytes else values[piece] for piece in self._pieces])  # type: ignore[index]

    def _values(self, recipient: Recipient, now: dt.datetime) -> list[bytes]:
        values = [b""] * 8
        if self._own_to is None:
            values[_TO] = format_address(recipient.name, recipient.address).encode("ascii")
        values[_MESSAGE_ID] = b"%s%d%s" % (self._id_head, recipient.pk, self._id_tail)
        second = int(now.timestamp())
        if second != self._date[0]:
            self._date = (second, format_datetime(timezone.localtime(now)).encode())
        values[_DATE] = self._date[1]
        wants = self._wants
        if _TOKEN in wants or _TOKEN_HEADER in wants:
            # Signed as of the delivery's making: the same link at every attempt, and when staff look at it.
            token = tokens.sign("recipient", recipient.subject_id, at=recipient.created_at)
            values[_TOKEN] = self._encoded(token)
            values[_TOKEN_HEADER] = token.encode()
        if _NAME in wants or _NAME_HTML in wants or _NAME_HEADER in wants:
            name = squeeze(recipient.name)
            values[_NAME] = self._encoded(name)
            escaped = escape(name)
            values[_NAME_HTML] = values[_NAME] if escaped == name else self._encoded(escaped)
            if _NAME_HEADER in wants:
                values[_NAME_HEADER] = _in_header(name).encode()
        return values

    def _encoded(self, value: str) -> bytes:
        return self._stuffed(quoted_printable(value))

    def _stuffed(self, lines: bytes) -> bytes:
        return _LINE_START_DOT.sub(b"..", lines) if self._stuffs and b"." in lines else lines

    # --- what recipients share ---

    def _head(self, mailing: Mailing) -> list[Piece]:
        given = {"Auto-Submitted": "auto-generated"} if not mailing.is_bulk else {"Precedence": "bulk"}
        if mailing.is_bulk:
            given["List-Id"] = list_id(mailing)
        theirs = {name.lower() for name in mailing.headers}
        given = {name: value for name, value in given.items() if name.lower() not in theirs}
        given |= {name: value for name, value in mailing.headers.items() if name != "To"}
        pieces: list[Piece] = [f"From: {format_sender(mailing.from_email)}\r\nTo: ".encode("ascii")]
        pieces += [_addresses(self._own_to) if self._own_to is not None else _TO]
        pieces += [b"\r\nMessage-ID: ", _MESSAGE_ID, b"\r\nDate: ", _DATE, _CRLF]
        pieces += [encode_header("Subject", mailing.subject)]
        for name, value in given.items():
            pieces += self._header(name, value)
        return [*pieces, b"MIME-Version: 1.0\r\n"]

    def _header(self, name: str, value: str) -> list[Piece]:
        if self._fills and _PLACEHOLDER.search(value):
            longest = len(name) + 2 + len(value) + _LONGEST_FILL * len(_PLACEHOLDER.findall(value))
            if not value.isascii() or longest > LONGEST_LINE:
                raise ValueError(f"The header {name} is too long or not ASCII, and has a placeholder in it")
            folded = one_line(value, f"header {name}").replace(", ", ",\n ")
            return [f"{name}: ".encode(), *_cut(folded, _IN_HEADER, lambda s: s.replace("\n", "\r\n").encode()), _CRLF]
        if name.lower() in _ADDRESS_HEADERS:
            return [f"{name}: ".encode(), _addresses(value), _CRLF]
        return [encode_header(name, value)]

    def _body(self, mailing: Mailing, attachments: list[Attachment]) -> list[Piece]:
        forms = [self._text_part("plain", mailing.text, _IN_TEXT)]
        if mailing.html:
            forms.append(self._text_part("html", mailing.html, _IN_HTML))
        others = [a for a in attachments if a.role == Attachment.Role.ALTERNATIVE]
        forms += [[self._stuffed(_encoded_part(other))] for other in others]
        files = [a for a in attachments if a.role != Attachment.Role.ALTERNATIVE]
        body = forms[0] if len(forms) == 1 else _multipart("alternative", mailing.uid.hex, forms)
        if files:
            parts: list[list[Piece]] = [body]
            parts += [[self._stuffed(_encoded_part(file))] for file in files]
            body = _multipart("mixed", mailing.uid.hex, parts)
        return body

    def _text_part(self, subtype: str, text: str, gaps: dict[str, int]) -> list[Piece]:
        head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        text = "\r\n".join(text.splitlines())
        if not self._fills:
            return [head.encode(), self._stuffed(quoted_printable(text)), _CRLF]
        pieces: list[Piece] = []
        for piece in _cut(text, gaps, lambda s: self._stuffed(quoted_printable(s))):
            pieces += [piece, _SOFT_BREAK]
        return [head.encode(), *pieces[:-1], _CRLF]


def list_id(mailing: Mailing) -> str:
    """The name by which mail programs know a bulk mailing's list (RFC 2919), the same for each of its mailings:
    ``<home-visits.newsletters.example.org>`` for the key ``newsletters/home-visits/``. A part that begins with ``~``
    stands for one issue alone, so it is no part of the list's name.
    """
    key = mailing.list_key or mailing.topic
    labels = [re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in key.split("/") if part[:1] != "~"]
    return f"<{'.'.join([*reversed([label for label in labels if label]), mailing.domain])}>"


def _in_header(name: str) -> str:
    """A recipient's name within a header; encoded also where a reader could take it for an encoded word."""
    return name if name.isascii() and "=?" not in name else encoded_words(name)


def quoted_printable(text: str) -> bytes:
    """``text``, whose lines end in CRLF, in lines of at most 76 characters (RFC 2045, section 6.7)."""
    encoded = binascii.b2a_qp(text.encode(), istext=True)
    return encoded if b"\n" not in encoded else encoded.replace(_CRLF, b"\n").replace(b"\n", _CRLF)


def _cut(text: str, gaps: dict[str, int], encode: Callable[[str], bytes]) -> list[Piece]:
    """``text`` as encoded bytes with the number of what goes in at each placeholder; ends and begins with bytes."""
    pieces: list[Piece] = []
    for position, piece in enumerate(_PLACEHOLDER.split(text)):
        pieces.append(gaps[piece] if position % 2 else encode(piece))
    return pieces


def _joined(pieces: list[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _multipart(subtype: str, seed: str, parts: list[list[Piece]]) -> list[Piece]:
    # "=_" never occurs in quoted-printable or base64.
    boundary = f"=_{subtype[:3]}_{seed}"
    pieces: list[Piece] = [f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()]
    for part in parts:
        pieces += [f"--{boundary}\r\n".encode(), *part, _CRLF]
    return [*pieces, f"--{boundary}--\r\n".encode()]


def _addresses(value: str) -> bytes:
    if value.endswith(":;"):
        return value.encode("ascii")
    return ",\r\n ".join(format_address(name, address) for name, address in getaddresses([value])).encode("ascii")


def _encoded_part(attachment: Attachment) -> bytes:
    content = bytes(attachment.content)
    if attachment.role == Attachment.Role.PART:
        return _CRLF.join(content.splitlines()) + _CRLF
    part = Message()
    media_type = attachment.content_type
    # RFC 2046, section 5.2.1: a message within a message is not encoded.
    embedded = media_type.lower().startswith("message/") and content.isascii()
    embedded = embedded and max(map(len, content.splitlines()), default=0) <= LONGEST_LINE
    if media_type.lower().startswith(("message/", "multipart/")) and not embedded:
        media_type = "application/octet-stream"
    part["Content-Type"] = media_type
    part["Content-Transfer-Encoding"] = "7bit" if embedded else "base64"
    if attachment.role == Attachment.Role.FILE:
        part["Content-Disposition"] = "attachment" + _file_name(squeeze(attachment.filename) or "attachment")
    head = "".join(f"{name}: {value}\r\n" for name, value in part.items()).encode("ascii") + _CRLF
    if embedded:
        return head + _CRLF.join(content.splitlines()) + _CRLF
    return head + base64.encodebytes(content).replace(b"\n", _CRLF)


def _file_name(name: str) -> str:
    """The parameter by which a part says what it is called: quoted, or in pieces of short lines (RFC 2231)."""
    if name.isascii() and len(name) <= 60:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n filename="{quoted}"'
    encoded = "utf-8''" + quote(name, safe="")
    # Cut between characters, not within "%C3".
    pieces = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,20}", encoded)
    return "".join(f";\r\n filename*{number}*={piece}" for number, piece in enumerate(pieces))
