"""The bounce mailbox over IMAP, on a server within this process."""

from __future__ import annotations

import re
import socket
import threading

import pytest
from django.db import OperationalError

from mailing import tasks
from mailing.bounces import imap, services
from mailing.bounces.reports import MAX_BYTES
from mailing.models import Bounce
from tests.mailing.bounces import samples

pytestmark = pytest.mark.django_db


class Mailbox:
    """As much of RFC 3501 as reading a folder needs. ``messages`` by number; ``seen`` holds those marked as read."""

    def __init__(self) -> None:
        self.messages: dict[int, bytes] = {}
        self.seen: set[int] = set()
        self.said: list[str] = []
        self.refuse = ""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as wire:
                self.talk(wire)

    def talk(self, wire) -> None:
        wire.write(b"* OK ready\r\n")
        wire.flush()
        for line in wire:
            tag, _, command = line.decode().strip().partition(" ")
            self.said.append(command)
            if self.refuse and command.startswith(self.refuse):
                wire.write(f"{tag} NO not now\r\n".encode())
            else:
                wire.write(self.answer(command) + f"{tag} OK done\r\n".encode())
            wire.flush()
            if command == "LOGOUT":
                return

    def answer(self, command: str) -> bytes:
        if command == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n"
        if command.startswith("SELECT"):
            return f"* {len(self.messages)} EXISTS\r\n".encode()
        if command.startswith("UID SEARCH"):
            return f"* SEARCH {' '.join(str(n) for n in self.messages if n not in self.seen)}\r\n".encode()
        if found := re.match(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command):
            raw = self.messages[int(found[1])][: int(found[2])]
            return b"* 1 FETCH (UID %s BODY[]<0> {%d}\r\n%s)\r\n" % (found[1].encode(), len(raw), raw)
        if found := re.match(r"UID STORE (\d+) \+FLAGS\.SILENT \(\\Seen\)", command):
            self.seen.add(int(found[1]))
        return b""


@pytest.fixture
def box(settings):
    made = Mailbox()
    settings.BOUNCE_IMAP_URL = f"imap://me%40example.org:a%20word@127.0.0.1:{made.port}/Bounces"
    yield made
    made.listener.close()


def test_mailbox_when_polled_then_each_message_is_read_once(box, sent, back):
    box.messages = {1: samples.postfix(back(sent())), 2: samples.out_of_office("bounces@example.org"), 5: b"\xff"}
    assert tasks.read_bounces() == 3
    assert box.seen == {1, 2, 5}
    assert tasks.read_bounces() == 0
    assert Bounce.objects.count() == 1
    assert 'SELECT "Bounces"' in box.said
    assert any('"me@example.org" "a word"' in said or 'me@example.org "a word"' in said for said in box.said)


def test_mailbox_when_a_mark_is_lost_then_the_report_is_not_written_twice(box, sent, back):
    box.messages = {1: samples.postfix(back(sent()))}
    assert tasks.read_bounces() == 1
    box.seen.clear()
    assert tasks.read_bounces() == 1
    assert Bounce.objects.count() == 1


def test_message_when_it_can_not_be_written_down_then_stays_unread_and_the_others_are_read(
    box, sent, back, monkeypatch
):
    box.messages = {1: samples.postfix(back(sent()), id="one"), 2: samples.postfix(back(sent()), id="two")}
    whole = services.take_in

    def sometimes(*, raw, to=""):
        if b"<one@" in raw:
            raise OperationalError("away")
        return whole(raw=raw, to=to)

    monkeypatch.setattr(services, "take_in", sometimes)
    assert tasks.read_bounces() == 1
    assert box.seen == {2}
    monkeypatch.setattr(services, "take_in", whole)
    assert tasks.read_bounces() == 1
    assert box.seen == {1, 2}


def test_message_when_huge_then_only_its_head_is_fetched(box, sent, back):
    box.messages = {1: samples.exim(back(sent())).replace(b"Hello\n", (b"y" * 76 + b"\n") * 140_000)}
    assert tasks.read_bounces() == 1
    assert Bounce.objects.count() == 1
    assert f"UID FETCH 1 (BODY.PEEK[]<0.{MAX_BYTES}>)" in box.said


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH"])
def test_mailbox_when_it_refuses_then_nothing_is_marked_and_the_next_poll_does_it(box, sent, back, command):
    box.messages, box.refuse = {1: samples.postfix(back(sent()))}, command
    assert tasks.read_bounces() == 0
    assert box.seen == set()
    box.refuse = ""
    assert tasks.read_bounces() == 1
    assert Bounce.objects.count() == 1


def test_mailbox_when_nobody_answers_or_none_is_named_then_nothing_happens(settings):
    settings.BOUNCE_IMAP_URL = "imap://me:pw@127.0.0.1:9/INBOX"
    assert tasks.read_bounces() == 0
    settings.BOUNCE_IMAP_URL = ""
    assert tasks.read_bounces() == 0


@pytest.mark.parametrize(("url", "expected"), [
    ("imaps://me:p%3Aw@mail.example.org", imap.ImapAddress("mail.example.org", 993, "me", "p:w", "INBOX", "tls")),
    ("imap+tls://me:pw@m/Bounces", imap.ImapAddress("m", 143, "me", "pw", "Bounces", "starttls")),
    ("imap://me@m:1143/INBOX", imap.ImapAddress("m", 1143, "me", "", "INBOX", "")),
])  # fmt: skip
def test_address_when_read_then_its_parts(url, expected):
    assert imap.ImapAddress.from_url(url) == expected


@pytest.mark.parametrize("url", ["pop3://me:pw@m", "imaps://m", "imaps://", "nonsense"])
def test_address_when_it_makes_no_sense_then_refused(url):
    with pytest.raises(ValueError, match="must look like"):
        imap.ImapAddress.from_url(url)
