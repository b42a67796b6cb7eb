"""The command, over each place that messages can be in."""

from __future__ import annotations

import io
import mailbox
import os
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from mailing.bounces import services
from mailing.models import Bounce, Delivery
from tests.mailing.bounces import samples

pytestmark = pytest.mark.django_db


def run(*args, **options) -> list[str]:
    out = io.StringIO()
    call_command("read_bounces", *args, stdout=out, **options)
    return out.getvalue().splitlines()


@pytest.fixture
def pipe(monkeypatch):
    def give(raw: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))

    return give


def test_maildir_when_read_then_each_message_once_and_marked_as_read(sent, back, tmp_path):
    box = mailbox.Maildir(tmp_path / "box")
    box.add(samples.postfix(back(sent())))
    box.add(samples.out_of_office("bounces@example.org"))
    seen = mailbox.MaildirMessage(samples.exim(back(sent()), id="seen"))
    seen.set_subdir("cur")
    seen.set_flags("S")
    box.add(seen)
    assert sorted(run(maildir=tmp_path / "box")) == ["1 an automatic reply", "1 refused for good", "2 read"]
    assert run(maildir=tmp_path / "box") == ["0 read"]
    assert {message.get_flags() for message in mailbox.Maildir(tmp_path / "box")} == {"S"}
    assert len(mailbox.Maildir(tmp_path / "box")) == 3
    assert Bounce.objects.count() == 1


def test_maildir_when_the_database_is_away_then_the_message_stays_unread(sent, back, tmp_path, monkeypatch):
    mailbox.Maildir(tmp_path / "box").add(samples.postfix(back(sent())))
    whole = services.take_in

    def away(**options):
        raise OperationalError("away")

    monkeypatch.setattr(services, "take_in", away)
    with pytest.raises(CommandError) as raised:
        run(maildir=tmp_path / "box")
    assert raised.value.returncode == 75
    assert len(os.listdir(tmp_path / "box/new")) == 1
    monkeypatch.setattr(services, "take_in", whole)
    assert run(maildir=tmp_path / "box") == ["1 read", "1 refused for good"]


def test_maildir_when_a_message_can_not_be_read_then_it_is_put_aside_and_the_others_are_read(
    sent, back, tmp_path, monkeypatch, capsys
):
    box = mailbox.Maildir(tmp_path / "box")
    box.add(samples.postfix(back(sent())))
    bad = box.add(b"Subject: odd\n\nodd\n")
    whole = services.take_in

    def stumble(*, raw, to):
        if b"odd" in raw:
            raise LookupError("unknown encoding: odd")
        return whole(raw=raw, to=to)

    monkeypatch.setattr(services, "take_in", stumble)
    said = sorted(run(maildir=tmp_path / "box"))
    assert said == ["1 could not be read, and were put aside", "1 refused for good", "2 read"]
    assert bad in capsys.readouterr().err
    assert run(maildir=tmp_path / "box") == ["0 read"]
    assert list(box.get_folder("unreadable").keys()) == [bad]
    assert (len(box), Bounce.objects.count()) == (1, 1)


def test_mbox_when_read_twice_then_written_once_and_the_file_is_left_alone(sent, back, tmp_path):
    box = mailbox.mbox(tmp_path / "box")
    box.add(samples.postfix(back(sent())))
    box.add(samples.complaint(back(sent())))
    box.close()
    before = (tmp_path / "box").read_bytes()
    assert run(mbox=tmp_path / "box") == ["2 read", "1 refused for good", "1 marked as spam"]
    assert run(mbox=tmp_path / "box") == ["2 read", "2 a report that was read before"]
    assert (tmp_path / "box").read_bytes() == before


def test_pipe_when_the_mail_server_says_whom_it_was_for_then_that_names_the_delivery(sent, back, pipe):
    delivery = sent()
    pipe(samples.postfix("postmaster@example.org"))
    assert run("-") == ["1 read", "1 no return address of ours"]
    pipe(samples.postfix("postmaster@example.org"))
    assert run("-", to=back(delivery)) == ["1 read", "1 refused for good"]


def test_pipe_when_ten_megabytes_then_all_taken_and_the_report_read(sent, back, pipe):
    raw = samples.exim(back(sent())).replace(b"Hello\n", b"x" * 70 + (b"\n" + b"y" * 76) * 140_000)
    pipe(raw)
    assert run("-") == ["1 read", "1 refused for good"]
    assert sys.stdin.buffer.read() == b""


@pytest.mark.parametrize("place", ["maildir", "mbox"])
def test_mailbox_when_a_report_has_ten_megabytes_then_it_and_the_next_are_read(sent, back, tmp_path, place):
    box = (mailbox.Maildir if place == "maildir" else mailbox.mbox)(tmp_path / "box")
    for number in range(2):
        raw = samples.exim(back(sent()), id=f"e{number}")
        box.add(raw.replace(b"Hello\n", b"x" * 70 + (b"\n" + b"y" * 76) * 140_000))
    box.close()
    assert run(**{place: tmp_path / "box"}) == ["2 read", "2 refused for good"]


def test_mailbox_when_full_of_what_machines_answer_then_nothing_is_written_and_nothing_is_sent_back(
    sent, back, tmp_path
):
    """Nothing that comes is ever answered, so no two machines can go on answering each other."""
    address = back(sent())
    box = mailbox.Maildir(tmp_path / "box")
    for raw in (
        samples.out_of_office(address),
        samples.out_of_office(address, Precedence="bulk"),
        samples.out_of_office(address, X_Autorespond="yes"),
        b"Received: by a\n" * 60 + samples.postfix(address, id="round"),
        samples.receipt(address),
    ):
        box.add(raw)
    before = list(Delivery.objects.order_by("pk").values())
    assert sorted(run(maildir=tmp_path / "box")) == [
        "1 a message that came round in a loop", "1 not a delivery report", "3 an automatic reply", "5 read",
    ]  # fmt: skip
    assert list(Delivery.objects.order_by("pk").values()) == before
    assert not Bounce.objects.exists()


@pytest.mark.parametrize("options", [{}, {"maildir": "a", "mbox": "b"}])
def test_command_when_not_told_one_place_then_says_what_to_give(options):
    with pytest.raises(CommandError, match="Say where to read from"):
        run(**options)


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_command_when_there_is_no_mailbox_then_says_so(tmp_path, kind):
    with pytest.raises(CommandError, match="There is no mailbox at"):
        run(**{kind: tmp_path / "none"})
