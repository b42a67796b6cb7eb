import email
import email.policy
import re

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailing import tokens
from mailing.mime import Blueprint, Recipient
from mailing.models import Attachment, Mailing


def mailing(**fields) -> Mailing:
    values = {
        "kind": "bulk", "subject": "News", "text": "Dear {{name}}\n", "html": "", "headers": {},
        "from_email": "Portal <portal@example.org>",
    }  # fmt: skip
    return Mailing(**{**values, **fields})


def written(
    written: Mailing, *, name="Ann", attachments=(), subject_id="7", address="ann@example.org", **options
) -> bytes:
    recipient = Recipient(12, address, name, subject_id, timezone.now())
    return Blueprint(written, attachments, **options).bytes_for(recipient, now=timezone.now())


def read(raw: bytes):
    return email.message_from_bytes(raw, policy=email.policy.default)


def body(message, subtype: str) -> str:
    return message.get_body((subtype,)).get_content().replace("\r\n", "\n")


def test_what_is_filled_in_reads_as_if_it_had_been_written_there():
    raw = written(
        mailing(
            text="Dear {{name}}, stop: http://x/{{token}}/ now\n.dot\n", html="<p>{{name}} <a href='http://x/{{token}}/'>stop</a>",
            headers={"List-Unsubscribe": "<http://x/{{token}}/>, <mailto:stop@example.org>"},
        ),
        name="Zoë <& Co>",
    )  # fmt: skip
    message = read(raw)
    token = re.search(r"http://x/(.*)/", message["List-Unsubscribe"]).group(1)
    assert tokens.read("recipient", token) == "7"
    assert body(message, "plain").replace("..dot", ".dot") == f"Dear Zoë <& Co>, stop: http://x/{token}/ now\n.dot\n"
    assert body(message, "html") == f"<p>Zoë &lt;&amp; Co&gt; <a href='http://x/{token}/'>stop</a>\n"
    assert message["To"].addresses[0].display_name == "Zoë <& Co>"
    assert message["Message-ID"].endswith(".12@example.org>")
    assert message["Precedence"] == "bulk"


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], include_characters="\n. ="), max_size=300),
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=150),
)
def test_any_text_and_name_come_back_whole_in_short_lines(text, name):
    text = text.replace("{", "(")
    raw = written(mailing(text=f"{text}{{{{name}}}}{text}"), name=name)
    lines = raw.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    in_body = raw.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert max(map(len, in_body)) <= 77  # 76 and a doubled dot
    assert all(not line.startswith(b".") or line.startswith(b"..") for line in in_body)
    undotted = b"\r\n".join(line[1:] if line.startswith(b"..") else line for line in lines)
    from mailing.addresses import squeeze

    expected = "\n".join(f"{text}\0{text}".splitlines()).replace("\0", squeeze(name))
    assert body(read(undotted), "plain").rstrip("\n") == expected.rstrip("\n")


def test_a_transactional_text_is_sent_as_it_stands():
    raw = written(mailing(kind="transactional", text="Write {{name}} to fill in a name\n"))
    assert body(read(raw), "plain") == "Write {{name}} to fill in a name\n"
    assert read(raw)["Auto-Submitted"] == "auto-generated"


def test_a_name_can_not_add_a_header():
    message = read(written(mailing(headers={"X-For": "{{name}}"}), name="Ann\r\nBcc: eve@example.org"))
    assert message["Bcc"] is None
    assert message["X-For"] == "Ann Bcc: eve@example.org"
    assert message["To"].addresses[0].addr_spec == "ann@example.org"


@pytest.mark.parametrize(
    "address", ["a b@example.org", "a@example.org\r\nRCPT TO:<x@y.org>", "é@example.org", "none", "a>b@example.org"]
)
def test_an_address_that_could_break_out_is_refused(address):
    with pytest.raises(ValueError):
        written(mailing(), address=address)


def test_an_international_domain_is_written_in_ascii():
    assert read(written(mailing(), address="a@bücher.example"))["To"].addresses[0].domain == "xn--bcher-kva.example"


def test_attachments_of_every_kind_come_back_whole():
    parts = [
        Attachment(
            role="file", filename="Plän.ics", content_type="text/calendar; method=REQUEST", content=b"BEGIN\r\n" * 20
        ),
        Attachment(role="alternative", content_type="text/calendar", content="Größe".encode()),
        Attachment(
            role="file", filename="m.eml", content_type="message/rfc822", content=b"Subject: in\r\n\r\n.dot\r\n"
        ),
        Attachment(role="part", content_type="image/png", content=b"Content-Type: image/png\n\n.x\n"),
    ]
    message = read(written(mailing(html="<p>x</p>"), attachments=parts, for_wire=False))
    assert message.get_content_type() == "multipart/mixed"
    files = list(message.iter_attachments())
    assert [part.get_content_type() for part in files] == ["text/calendar", "message/rfc822", "image/png"]
    assert files[0].get_filename() == "Plän.ics"
    assert files[0].get_payload(decode=True) == b"BEGIN\r\n" * 20
    forms = [part.get_content_type() for part in message.get_payload()[0].get_payload()]
    assert forms == ["text/plain", "text/html", "text/calendar"]


def test_long_and_foreign_subjects_are_folded_and_come_back():
    subject = "Neue Größen für jede Gemeinschaft " * 10
    raw = written(mailing(subject=subject.strip()))
    assert read(raw)["Subject"] == subject.strip()
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("newsletters/home-visits/", "<home-visits.newsletters.example.org>"),
        ("newsletter:3", "<newsletter-3.example.org>"),
        ("newsletters/~12/", "<newsletters.example.org>"),
        ("events/Ünter uns/", "<nter-uns.events.example.org>"),
    ],
)
def test_a_bulk_message_names_its_list(key, expected):
    assert read(written(mailing(list_key=key)))["List-Id"] == expected


def test_a_message_to_one_person_names_no_list():
    assert read(written(mailing(kind="transactional", list_key="x")))["List-Id"] is None


def test_a_bulk_message_read_back_keeps_to_the_rules_of_its_headers():
    token = tokens.sign("recipient", "7")
    raw = written(
        mailing(
            list_key="newsletters/home-visits/", subject="Ünïcode –" * 20, html="<p>{{name}}</p>", text="x" * 3000,
            headers={
                "List-Unsubscribe": "<https://portal.example.org/communities/unsubscribe/{{token}}/?list=newsletters>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        ),
        name="Zoë \"Q\" O’Neil",
    )  # fmt: skip
    # RFC 5322, 2.1.1 and 2.3: lines end in CRLF and stay within 998 characters, headers are ASCII.
    assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    message = read(raw)
    # RFC 5322, 3.6: each of these once.
    for name in ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "List-Id", "Precedence"):
        assert len(message.get_all(name)) == 1, name
    assert message["To"].addresses[0].addr_spec == "ann@example.org"
    assert message["Subject"] == "Ünïcode –" * 20
    # RFC 2369 and RFC 8058: one https address, and the words that mail programs post to it.
    link = message["List-Unsubscribe"]
    assert re.fullmatch(r"<https://portal\.example\.org/communities/unsubscribe/[^/<>\s]+/\?list=newsletters>", link)
    assert tokens.read("recipient", link.split("/")[5]) == tokens.read("recipient", token) == "7"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.defects == []
