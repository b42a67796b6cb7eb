"""Whole messages read back by Python's own parser, against the standards that they must keep.

RFC 5322 (each header once, no line over 998, lines ended by CRLF), 2369 and 8058 (leaving a list), 2919 (its name).
"""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailing import services
from mailing.addresses import squeeze
from mailing.engine import Engine
from mailing.models import Attachment
from tests.mailing.test_mime import mailing, written

HEADERS = {
    "List-Unsubscribe": "<https://portal.example.org/communities/unsubscribe/{{token}}/?list=newsletters&community=hips>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
#: RFC 5322, section 3.6: those that there is one of, and those that there must be.
ONCE = {"date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject"}
NEEDED = {"date", "from", "to", "message-id", "subject", "mime-version", "content-type"}
LIST_ID = re.compile(r"<[a-z0-9-]+(?:\.[a-z0-9-]+)+>")
SUBJECTS = (
    "News", "N" * 500, "é" * 500, "=?utf-8?q?=0D=0ABcc:_eve@example.org?=", "Größen \u202e\U0001f600 für alle" * 9,
    " leading", 'Quotes " and <brackets>, commas; \\', "a " * 249,
)  # fmt: skip
NAMES = (
    "", "Ann", "O'Neil, \"Ann\" <x@y.org>", "Zoë 🙂", "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=", "a" * 150,
    "é" * 150, '"' * 150, "\\" * 150, "Ann\r\nBcc: eve@example.org", "Ann\x00\x1b\u2028Bcc: eve@example.org", "(Ann)",
    "Ann;:@,", ".", "  ", "\u202eannA", "Ann =", "a\tb",
)  # fmt: skip


def bulk(**fields):
    return mailing(list_key="newsletters/hips/", **fields)


def checked(raw: bytes) -> EmailMessage:
    """The message, once what every message must keep is seen to."""
    assert raw.endswith(b"\r\n")
    lines = raw.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert raw.isascii()
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(line.strip() for line in head)  # a line of nothing but spaces reads as the end of the headers
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    counts = Counter(name.lower() for name in message)
    assert {name for name in ONCE if counts[name] > 1} == set()
    assert NEEDED - set(counts) == set()
    assert max(counts.values()) == 1
    assert not message.defects
    assert not [defect for part in message.walk() for defect in part.defects]
    assert not [defect for name in message for defect in message[name].defects]
    assert re.fullmatch(r"<[0-9a-f.]+@[a-z.]+>", message["Message-ID"])
    assert message["Date"].datetime.tzinfo is not None
    assert len(message["From"].addresses) == 1
    return message


def checked_bulk(raw: bytes) -> EmailMessage:
    message = checked(raw)
    assert LIST_ID.fullmatch(message["List-Id"])
    assert len(message["List-Id"]) <= 257
    assert message["Precedence"] == "bulk"
    # RFC 2369, section 2, and RFC 8058, section 3.1: one address in angle brackets, by https, and the exact words.
    assert re.fullmatch(r"<https://[^\s<>]+>", message["List-Unsubscribe"])
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return message


@pytest.mark.parametrize(
    ("subject", "name"), [*((subject, "Zoë") for subject in SUBJECTS), *(("News", name) for name in NAMES)]
)
def test_newsletter_when_subject_and_name_are_hostile_then_keeps_every_standard(subject, name):
    subject = squeeze(subject)
    raw = written(bulk(subject=subject, headers={**HEADERS, "X-For": "{{name}}"}), name=name, for_wire=False)
    message = checked_bulk(raw)
    assert squeeze(message["Subject"]) == subject
    assert {"bcc", "x-mailing-topic"} & {header.lower() for header in message} == set()
    (to,) = message["To"].addresses
    assert to.addr_spec == "ann@example.org"
    # This parser puts a space between two encoded words, where RFC 2047, section 6.2, has none.
    assert to.display_name.replace(" ", "") == squeeze(name).replace(" ", "")
    assert message["X-For"].strip() == squeeze(name)
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == f"Dear {squeeze(name)}\n"


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    subject=st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=150),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=2000),
)
def test_message_when_made_of_anything_then_keeps_every_standard(subject, name, text):
    subject = squeeze(subject) or "x"
    raw = written(bulk(subject=subject, text=text, html=text, headers=HEADERS), name=name, for_wire=False)
    message = checked_bulk(raw)
    assert squeeze(message["Subject"]) == subject
    assert message["To"].addresses[0].addr_spec == "ann@example.org"


def test_header_when_the_author_gives_it_then_it_is_not_given_twice():
    message = checked(written(mailing(headers={"precedence": "list", "LIST-ID": "<a.example.org>"}), for_wire=False))
    assert (message["Precedence"], message["List-Id"]) == ("list", "<a.example.org>")
    with pytest.raises(ValueError, match="given twice"):
        services.write_mailing(
            kind="bulk", topic="x", subject="x", text="x", headers={"Reply-To": "a@x.org", "reply-to": "b@x.org"}
        )


@pytest.mark.parametrize("filename", ["ü" * 200, "a" * 200, 'a"b\\c.ics', "a\r\nBcc: eve@example.org", "😀.ics", ""])
def test_attachment_when_its_name_is_odd_then_short_lines_and_the_name_comes_back(filename):
    file = Attachment(role="file", filename=filename, content_type="text/calendar", content=b"x" * 5000)
    message = checked(written(mailing(), attachments=[file], for_wire=False))
    (part,) = message.iter_attachments()
    assert part.get_filename() == (squeeze(filename) or "attachment")
    assert part.get_payload(decode=True) == b"x" * 5000


def test_attached_message_when_its_lines_are_too_long_then_it_comes_whole_as_a_file():
    content = b"Subject: in\r\n\r\n" + b"x" * 2000 + b"\r\n"
    file = Attachment(role="file", filename="m.eml", content_type="message/rfc822", content=content)
    (part,) = checked(written(mailing(), attachments=[file], for_wire=False)).iter_attachments()
    assert part.get_payload(decode=True) == content


def test_message_when_a_line_can_not_be_shortened_then_refused_rather_than_sent():
    part = Attachment(role="part", content_type="text/plain", content=b"Content-Type: text/plain\n\n" + b"x" * 999)
    with pytest.raises(ValueError, match="998"):
        written(mailing(), attachments=[part])
    with pytest.raises(ValueError, match="too long"):
        written(mailing(headers={"X-For": "{{name}}" * 5}))


@pytest.mark.django_db
def test_what_reaches_the_wire_keeps_every_standard_and_its_message_id_at_each_attempt(smtp, newsletter):
    smtp.script = {"MESSAGE": "451 later"}
    bulk = newsletter(headers=HEADERS)
    services.send_template(
        to="zoe@example.org", name="Zoë", template="mailing/paused", topic="x", context={"mailing": bulk, "reason": "r"}
    )
    for _ in range(2):
        Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)
        smtp.script = {}
        bulk.deliveries.model.objects.filter(status="deferred").update(due_at=bulk.created_at)
    ids: dict[str, list[str]] = {}
    for raw in smtp.messages:
        raw = re.sub(rb"(?m)^\.\.", b".", raw.removesuffix(b".\r\n"))
        is_bulk = b"\r\nPrecedence:" in raw
        message = checked_bulk(raw) if is_bulk else checked(raw)
        assert is_bulk or (message["Auto-Submitted"], message["List-Id"]) == ("auto-generated", None)
        ids.setdefault(message["To"].addresses[0].addr_spec, []).append(message["Message-ID"])
    assert {address: len(found) for address, found in ids.items()} == dict.fromkeys(
        ["ann@example.org", "bob@example.org", "cat@example.org", "zoe@example.org"], 2
    )
    assert [len(set(found)) for found in ids.values()] == [1] * 4
