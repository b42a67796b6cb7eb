"""Reading one message out of the bounce mailbox: what it reports, or why it is passed over.

It understands delivery reports (RFC 3464) and spam complaints (RFC 5965). Anybody may write to the mailbox, so nothing
is believed but the signed return address (``mailing.bounces.verp``), and nothing that comes may hold us up: only the
first half megabyte is looked at, which has all but the end of the returned message, and the worst that a message can do
is to be passed over.
"""

from __future__ import annotations

import email
import enum
import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from mailing.addresses import squeeze
from mailing.bounces import verp

logger = logging.getLogger(__name__)

#: How much of a message is read, in bytes.
MAX_BYTES = 512 * 1024
_MOST_HOPS = 50
_MOST_PARTS = 100
_LONGEST_VALUE = 2000
_LONGEST_CONTENT_TYPE = 4000

_PART = re.compile(rb"(?i)multipart/|message/")
_CONTENT_TYPE = re.compile(rb"(?im)^content-type:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")
#: And no piece of an IP address, which blocks often name.
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_SMTP_CODE = re.compile(r"(?:^|[\s;])([45])(\d\d)\b")
_RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
_COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
#: Mailbox full, and a message too large for it: the address is good, and takes the next one.
_SOFT_STATUSES = frozenset({"5.2.2", "5.2.3", "5.3.4"})
#: Of policy and of content (RFC 3463, sections 3.8 and 3.7), and those of the sender's own address.
_ABOUT_US = re.compile(r"[45]\.(?:7|6|1\.[78])(?:\.|\Z)")
#: How servers without enhanced codes say the same; and what they answer to commands (RFC 5321, 4.2.4; RFC 4954, 6).
_ABOUT_US_WORDS = re.compile(
    r"(?i)\b(?:spam\w*|black-?list\w*|block-?list\w*|dnsbl|rbl|reputation|policy|relay\w*|spf|dkim|dmarc|authenticat\w*)\b"
)
_ABOUT_US_CODES = re.compile(r"\s*(?:50[0-4]|53[0458])\b")


class Kind(enum.Enum):
    """What a report says."""

    HARD = "hard"
    SOFT = "soft"
    BLOCKED = "blocked"
    COMPLAINT = "complaint"


class Passed(enum.Enum):
    """Why a message is passed over; the value is for people to read."""

    AUTO_REPLY = "an automatic reply"
    NOT_A_REPORT = "not a delivery report"
    NOT_FINAL = "a report that the message is still being tried, or arrived"
    OTHER_FEEDBACK = "feedback that is no complaint"
    LOOP = "a message that came round in a loop"
    FORGED = "a return address that is not ours"
    NO_ADDRESS = "no return address of ours"
    UNREADABLE = "not readable as a message"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one delivery. ``key`` is the same whenever the same report is read again."""

    delivery_id: int
    kind: Kind
    status_code: str
    diagnostic: str
    key: str


def read(raw: bytes, *, to: str = "") -> Report | Passed:
    """What the message ``raw`` reports. ``to`` is whom the mail server had it for, where it says so. Never raises."""
    raw = raw[:MAX_BYTES]
    if len(_PART.findall(raw)) > _MOST_PARTS or any(
        len(found[0]) > _LONGEST_CONTENT_TYPE for found in _CONTENT_TYPE.finditer(raw)
    ):
        return Passed.UNREADABLE
    try:
        return _read(email.message_from_bytes(raw), raw, to)
    except Exception:  # whatever the parser makes of hostile input, the messages after it must be read
        logger.info("A message in the bounce mailbox could not be read", exc_info=True)
        return Passed.UNREADABLE


def _read(message: Message, raw: bytes, to: str) -> Report | Passed:
    parts = list(_parts(message))
    feedback = _first(parts, "message/feedback-report")
    status = _first(parts, "message/delivery-status")
    original = _original(parts)
    if status is None and feedback is None:
        return Passed.AUTO_REPLY if _is_automatic(message) else Passed.NOT_A_REPORT
    if _is_loop(message, original):
        return Passed.LOOP
    if feedback is not None:
        fields = _blocks(feedback)
        found = _complaint(fields)
        places = [to, *_recipients(message), *(_value(block, "Original-Mail-From") for block in fields)]
    else:
        found = _outcome(_blocks(status)) if status is not None else Passed.NOT_A_REPORT
        places = [to, *_recipients(message)]
    if isinstance(found, Passed):
        return found
    if original is not None:
        places.append(_value(original, "Return-Path"))
    delivery_id = _delivery(places)
    if isinstance(delivery_id, Passed):
        return delivery_id
    kind, status_code, diagnostic = found
    # Copies of one report differ in the lines that servers put on top; its Message-ID stays.
    name = _value(message, "Message-ID").encode() or raw
    key = hashlib.sha256(b"%d %s %s" % (delivery_id, kind.value.encode(), name)).hexdigest()
    return Report(delivery_id, kind, status_code, diagnostic[:500], key)


# --- the parts ---


def _parts(message: Message) -> Iterator[Message]:
    """The message's own parts, without those of messages that it returns."""
    if message.get_content_maintype() != "multipart" or not message.is_multipart():
        yield message
        return
    for part in message.get_payload():
        if isinstance(part, Message):
            yield from _parts(part)


def _first(parts: list[Message], content_type: str) -> Message | None:
    return next((part for part in parts if part.get_content_type() == content_type), None)


def _original(parts: list[Message]) -> Message | None:
    """The returned message, or its head."""
    for part in parts:
        if part.get_content_type() in {"message/rfc822", "message/global"}:
            inner = part.get_payload()
            return inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Message) else None
        if part.get_content_type() == "text/rfc822-headers":
            return email.message_from_string(_text(part).lstrip("\r\n"))
    return None


def _blocks(part: Message) -> list[Message]:
    """The groups of fields in a report's machine-readable part."""
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [block for block in payload if isinstance(block, Message)]
        if _value(part, "Content-Transfer-Encoding").lower() not in {"base64", "quoted-printable"}:
            return blocks
        # Not allowed, and done all the same.
        text = _decoded(part, "\n\n".join(block.as_string() for block in blocks))
    else:
        text = _text(part)
    groups = re.split(r"(?:\r?\n){2,}", text.strip())
    return [email.message_from_string(group) for group in groups[:_MOST_PARTS]]


def _decoded(part: Message, text: str) -> str:
    shell = Message()
    shell["Content-Transfer-Encoding"] = _value(part, "Content-Transfer-Encoding")
    shell.set_payload(re.sub(r"\n+", "\n", text).strip())
    return _text(shell)


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


def _value(message: Message, name: str) -> str:
    """A header on one line, without what can not be stored; empty where it is missing."""
    return _clean(message.get(name, ""))


def _clean(value: object) -> str:
    return squeeze(str(value)[:_LONGEST_VALUE].encode("utf-8", "replace").decode())


# --- what they say ---


def _is_automatic(message: Message) -> bool:
    submitted = _value(message, "Auto-Submitted").lower()
    return (
        (submitted not in {"", "no"})
        or _value(message, "Precedence").lower() in {"auto_reply", "bulk", "junk"}
        or any(message.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"))
    )


def _is_loop(message: Message, original: Message | None) -> bool:
    """A report about a report, or a message that has gone round."""
    if len(message.get_all("Received", [])) > _MOST_HOPS:
        return True
    if original is None:
        return False
    return original.get_content_type() == "multipart/report" or _value(original, "Return-Path") == "<>"


def _complaint(blocks: list[Message]) -> tuple[Kind, str, str] | Passed:
    kind = next((value.lower() for block in blocks if (value := _value(block, "Feedback-Type"))), "")
    if kind not in _COMPLAINTS:
        return Passed.OTHER_FEEDBACK
    by = next((value for block in blocks if (value := _value(block, "User-Agent"))), "")
    return Kind.COMPLAINT, "", f"Reported as {kind}" + (f" by way of {by}" if by else "")


def _outcome(blocks: list[Message]) -> tuple[Kind, str, str] | Passed:
    for block in blocks:
        if _value(block, "Action").lower() != "failed":
            continue
        diagnostic = _value(block, "Diagnostic-Code")
        status_code = _status(_value(block, "Status"), diagnostic)
        if not status_code:
            return Passed.NOT_A_REPORT
        words = re.sub(r"(?i)^(?:smtp|x-[\w-]+)\s*;\s*", "", diagnostic) or f"Status {status_code}"
        kind = classify_words(words)[0] if status_code.endswith(".0.0") else classify(status_code)
        return kind, status_code, words
    return Passed.NOT_FINAL


def classify(status_code: str) -> Kind:
    """Whether an enhanced status code (RFC 3463) condemns the address.

    X.7 is about policy: the server does not take *this* message from *us*, because of a list or a record of ours, and
    says nothing against the address. So it is with what it minds in the text or in our own address.
    """
    if _ABOUT_US.match(status_code):
        return Kind.BLOCKED
    return Kind.HARD if status_code.startswith("5") and status_code not in _SOFT_STATUSES else Kind.SOFT


def classify_words(words: str) -> tuple[Kind, str]:
    """What a server's refusal says, and its enhanced status code; one like 5.0.0 where the server only says 550."""
    status_code = status_in(words)
    if status_code.endswith(".0.0") and (_ABOUT_US_WORDS.search(words) or _ABOUT_US_CODES.match(words)):
        return Kind.BLOCKED, status_code
    return classify(status_code), status_code


def status_in(words: str) -> str:
    """The enhanced status code in a server's words, if they say that it refused; otherwise empty."""
    return _status("", words[:_LONGEST_VALUE])


def _status(status: str, diagnostic: str) -> str:
    """The most telling code: of the field, or of the server's words where the field only says "x.0.0" or nothing."""
    given, said = _STATUS.search(status), _STATUS.search(diagnostic)
    if given and given[1] != "2" and not given[0].endswith(".0.0"):
        return given[0]
    if said and said[1] != "2":
        return said[0]
    if given and given[1] != "2":
        return given[0]
    reply = _SMTP_CODE.search(diagnostic)
    if reply is None:
        return ""
    # 552 is how servers without enhanced codes say that a mailbox is full (RFC 5321, section 4.2.3).
    return "5.2.2" if reply[1] + reply[2] == "552" else f"{reply[1]}.0.0"


# --- which delivery it is about ---


def _recipients(message: Message) -> list[str]:
    return [_clean(value) for name in _RECIPIENT_HEADERS for value in message.get_all(name, [])[:10]]


def _delivery(places: list[str]) -> int | Passed:
    forged = False
    for place in places:
        try:
            found = verp.find(place)
        except verp.ForgedAddressError as error:
            logger.warning("A report names a return address that is not ours: %s", error)
            forged = True
            continue
        if found is not None:
            return found
    return Passed.FORGED if forged else Passed.NO_ADDRESS
