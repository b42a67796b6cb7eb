"""Reports as servers write them, and what else comes into such a mailbox."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailing.bounces import reports, verp
from mailing.bounces.reports import Kind, Passed, Report
from tests.mailing.bounces import samples

STATUS = b"Content-Type: message/delivery-status\n"


@pytest.fixture
def address() -> str:
    return verp.sender_for(7, "")


def found(raw: bytes, **options) -> tuple[Kind, str] | Passed:
    result = reports.read(raw, **options)
    return (result.kind, result.status_code) if isinstance(result, Report) else result


@pytest.mark.parametrize("sample", [samples.postfix, samples.exim, samples.exchange])
def test_report_when_an_address_is_refused_then_hard(address, sample):
    report = reports.read(sample(address))
    assert isinstance(report, Report)
    assert (report.delivery_id, report.kind) == (7, Kind.HARD)
    assert report.diagnostic.startswith("550 ")
    assert report.status_code == {"postfix": "5.1.1", "exim": "5.0.0", "exchange": "5.1.10"}[sample.__name__]


@pytest.mark.parametrize(("status", "said", "kind", "code"), [
    ("5.1.1", "550 5.1.1 nobody", Kind.HARD, "5.1.1"),
    ("5.2.1", "550 5.2.1 closed", Kind.HARD, "5.2.1"),
    ("5.0.0", "550 5.4.4 no such host", Kind.HARD, "5.4.4"),
    ("5.2.2", "552 5.2.2 full", Kind.SOFT, "5.2.2"),
    ("5.0.0", "550 5.2.2 over quota", Kind.SOFT, "5.2.2"),
    ("5.3.4", "552 5.3.4 too large", Kind.SOFT, "5.3.4"),
    ("5.7.1", "550 5.7.1 on a list", Kind.BLOCKED, "5.7.1"),
    ("4.7.1", "451 4.7.1 come back later", Kind.BLOCKED, "4.7.1"),
    ("5.1.8", "550 5.1.8 sender's domain does not exist", Kind.BLOCKED, "5.1.8"),
    ("5.6.0", "554 5.6.0 no", Kind.BLOCKED, "5.6.0"),
    ("", "554 5.79.12.3 is listed by Spamhaus", Kind.BLOCKED, "5.0.0"),
    ("5.0.0", "550 rejected by local policy", Kind.BLOCKED, "5.0.0"),
    ("", "530 log in first", Kind.BLOCKED, "5.0.0"),
    ("4.4.7", "451 4.4.7 given up", Kind.SOFT, "4.4.7"),
    ("4.2.2", "452 full", Kind.SOFT, "4.2.2"),
    ("", "550 no such person", Kind.HARD, "5.0.0"),
    ("", "552 no room", Kind.SOFT, "5.2.2"),
    ("", "450 later", Kind.SOFT, "4.0.0"),
    ("2.0.0", "550 5.1.1 nobody", Kind.HARD, "5.1.1"),
])  # fmt: skip
def test_report_when_given_a_code_then_hard_only_where_it_condemns_the_address(address, status, said, kind, code):
    assert found(samples.postfix(address, status=status, said=said)) == (kind, code)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
def test_report_when_it_is_not_the_end_then_passed_over(address, action):
    assert found(samples.postfix(address, action=action, status="4.4.1")) is Passed.NOT_FINAL


def test_report_when_it_has_no_code_at_all_then_passed_over(address):
    assert found(samples.postfix(address, status="", said="")) is Passed.NOT_A_REPORT


def test_report_when_encoded_against_the_rules_then_read_all_the_same(address):
    fields = "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\n"
    raw = samples.postfix(address).decode()
    start, end = raw.index("Reporting-MTA"), raw.index("--4F2B1.1763888321/mx.example.net\nContent-Description: Undel")
    encoded = base64.encodebytes(fields.encode()).decode()
    raw = raw[: start - 1] + "Content-Transfer-Encoding: base64\n\n" + encoded + "\n" + raw[end:]
    assert found(raw.encode()) == (Kind.HARD, "5.1.1")


def test_complaint_when_read_then_names_its_delivery_by_the_signed_sender(address):
    assert found(samples.complaint(address)) == (Kind.COMPLAINT, "")
    for kind in ("not-spam", "auth-failure", "other", ""):
        assert found(samples.complaint(address, kind=kind)) is Passed.OTHER_FEEDBACK


@pytest.mark.parametrize("headers", [
    {"Auto_Submitted": "auto-replied"}, {"Auto_Submitted": "auto-generated; type=vacation"}, {"X_Autoreply": "yes"},
    {"Precedence": "auto_reply"}, {"X_Auto_Response_Suppress": "All"},
])  # fmt: skip
def test_message_when_an_automatic_reply_then_passed_over(address, headers):
    assert found(samples.out_of_office(address, **headers)) is Passed.AUTO_REPLY


def test_message_when_a_person_wrote_it_then_passed_over(address):
    assert found(samples.out_of_office(address, Auto_Submitted="no")) is Passed.NOT_A_REPORT
    assert found(b"") is Passed.NOT_A_REPORT


def test_report_when_forged_or_for_nobody_then_refused(address, settings):
    assert found(samples.postfix("bounces+7-aaaaaaaaaaaaaaaa@example.org")) is Passed.FORGED
    assert found(samples.postfix(address.replace("+7-", "+8-"))) is Passed.FORGED
    assert found(samples.complaint("bounces+7@example.org")) is Passed.FORGED
    assert found(samples.postfix("somebody@example.org")) is Passed.NO_ADDRESS
    settings.MAIL_BOUNCE_ADDRESS = ""
    assert found(samples.postfix(address)) is Passed.NO_ADDRESS


def test_report_when_its_own_headers_were_rewritten_then_the_pipe_or_the_original_names_it(address):
    assert found(samples.postfix("postmaster@example.org"), to=address) == (Kind.HARD, "5.1.1")
    original = f"Return-Path: <{address}>\nSubject: News\n"
    assert found(samples.postfix("postmaster@example.org", original=original)) == (Kind.HARD, "5.1.1")


@pytest.mark.parametrize("original", [
    "Return-Path: <>\nSubject: x\n",
    "Return-Path: <a@example.org>\nContent-Type: multipart/report; boundary=x\nSubject: x\n",
])  # fmt: skip
def test_report_when_about_a_report_then_a_loop(address, original):
    assert found(samples.postfix(address, original=original)) is Passed.LOOP


def test_report_when_it_went_round_for_long_then_a_loop(address):
    hops = b"Received: from a by b; Mon, 23 Nov 2026 09:12:02 +0000\n"
    assert found(hops * 40 + samples.postfix(address)) == (Kind.HARD, "5.1.1")
    assert found(hops * 60 + samples.postfix(address)) is Passed.LOOP


def test_report_when_a_report_within_a_returned_message_then_not_taken_for_the_report(address):
    inner = samples.postfix(address).decode()
    head = f"To: {address}\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n"
    assert found(f"{head}{inner}\n--o--\n".encode()) is Passed.NOT_A_REPORT


def test_report_when_ten_megabytes_then_read_from_its_head_in_no_time(address):
    raw = samples.exim(address).replace(b"Hello\n", b"Hello " + b"x" * 76 + b"\n" + (b"y" * 76 + b"\n") * 140_000)
    assert len(raw) > 10_000_000
    began = time.thread_time()
    assert found(raw) == (Kind.HARD, "5.0.0")
    assert time.thread_time() - began < 3


@pytest.mark.parametrize("raw", [
    b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 5000,
    b"Content-Type: multipart/mixed; " + b'a=";' * 100_000 + b"\n\n",
    b"Content-Type: message/rfc822\n\n" * 8000,
    b"To: " + b"(" * 300_000 + b"\nContent-Type: multipart/report; boundary=a\n\n--a\n" + STATUS + b"\n",
    b"X" * 600_000,
    b"\0" * 600_000,
])  # fmt: skip
def test_message_when_made_to_hold_us_up_then_passed_over_in_no_time(raw):
    began = time.thread_time()
    assert isinstance(reports.read(raw), Passed)
    assert time.thread_time() - began < 3


def test_report_when_in_broken_characters_then_words_that_can_be_stored(address):
    raw = samples.postfix(address, said="550 5.1.1 PLACE").replace(
        b"PLACE", b"\xff\xfe Benutzer\0\xe4 unbekannt \x1b[31m"
    )
    report = reports.read(raw)
    assert isinstance(report, Report)
    assert report.kind is Kind.HARD
    report.diagnostic.encode("utf-8")
    assert "unbekannt" in report.diagnostic
    assert not set(report.diagnostic) & {"\0", "\x1b", "\n"}


def test_report_when_read_twice_then_the_same_key_whatever_servers_put_on_top(address):
    first = reports.read(samples.postfix(address))
    again = reports.read(b"Received: from here by there; Mon, 23 Nov 2026 10:00:00 +0000\n" + samples.postfix(address))
    other = reports.read(samples.postfix(address, id="p2"))
    assert isinstance(first, Report)
    assert isinstance(again, Report)
    assert isinstance(other, Report)
    assert first.key == again.key != other.key


PIECES = [
    *(line + b"\n" for line in samples.postfix("bounces+7-aaaaaaaaaaaaaaaa@example.org").splitlines()),
    *(line + b"\n" for line in samples.complaint("bounces+7-aaaaaaaaaaaaaaaa@example.org").splitlines()),
    STATUS, b"Content-Transfer-Encoding: base64\n", b"\n", b"\r", b"=?utf-8?q?=ff?=\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=40), max_size=60), st.text(max_size=30))
@example([b"Content-Type: message/delivery-status; charset=\xff\n\n", b"Action: failed\n"], "bounces+@example.org")
def test_anything_when_read_then_never_raises(pieces, to):
    assert isinstance(reports.read(b"".join(pieces), to=to), Report | Passed)


@given(st.binary(max_size=300), st.integers(0, 1200))
def test_report_when_damaged_anywhere_then_never_raises(noise, place):
    raw = samples.postfix(verp.sender_for(7, ""))
    result = reports.read(raw[:place] + noise + raw[place:])
    assert isinstance(result, Report | Passed)
    if isinstance(result, Report):
        assert result.delivery_id == 7
        (result.diagnostic + result.status_code).encode()
        assert "\0" not in result.diagnostic
