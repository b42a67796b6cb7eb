"""A mail server that keeps what it got, and misbehaves as it is told. Run as ``python -m tests.faults.sink LOG``.

It prints its port, then appends a line for each message that it accepted: recipient, Message-ID, a digest of the body,
and what happened to it. How it misbehaves is read afresh from ``LOG.mode`` (JSON) at each message, so that a test can
change it midway: shares of the recipients for each fault, ``delay`` (seconds that it takes over a message), ``brake``
(after so many messages it takes a second over each, so that a slow test still finds itself in the middle), ``most``
(how many it swallows in all).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import sys
from pathlib import Path

_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(\S+)")


def place(recipient: str) -> float:
    """Where a recipient stands between 0 and 1: the same in every run, so that a test knows whose turn a fault is."""
    return int(hashlib.sha256(recipient.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


class Sink:
    def __init__(self, log: Path) -> None:
        self.log = log
        self.out = log.open("ab", buffering=0)
        self.mode_file = Path(f"{log}.mode")
        self.seen: dict[str, int] = {}
        self.mode: dict[str, object] = {}
        self.mode_stamp = (0, 0)
        self.kept = self.swallowed = 0
        self.extensions = os.environ.get("SINK_EXTENSIONS", "PIPELINING 8BITMIME").split()

    def behave(self) -> dict[str, object]:
        try:
            found = self.mode_file.stat()
        except OSError:
            return {}
        # Two that were written within one tick of the clock are two files all the same.
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self.mode_stamp:
            self.mode, self.mode_stamp = json.loads(self.mode_file.read_text()), stamp
        return self.mode

    def fate(self, recipient: str) -> str:
        """What is to happen to this attempt: chosen by a hash of the recipient, so that a run can be repeated."""
        mode = self.behave()
        seen = self.seen[recipient] = self.seen.get(recipient, 0) + 1
        low = 0.0
        for name in ("permanent", "temporary", "drop_before", "drop_after", "hang", "unanswered", "swallow"):
            low += float(mode.get(name, 0))  # type: ignore[arg-type]
            if place(recipient) < low:
                if name == "swallow" and self.swallowed >= float(mode.get("most", "inf")):  # type: ignore[arg-type]
                    return "accept"
                # Whatever is not for good happens at the first attempt only.
                return name if seen == 1 or name == "permanent" or mode.get("always") else "accept"
        return "accept"

    def seconds(self) -> float:
        """How long it takes over the message that it has just got."""
        mode = self.behave()
        delay = float(mode.get("delay", 0))  # type: ignore[arg-type]
        return max(delay, 1.0) if self.kept >= float(mode.get("brake", "inf")) else delay  # type: ignore[arg-type]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(self, reader, writer)
        try:
            await self._hear(conversation, reader, writer)
        finally:
            if conversation.announced:
                # Announced along with the message before, and never sent: that was no attempt.
                self.seen[conversation.announced] -= 1

    async def _hear(
        self, conversation: Conversation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        conversation.say("220 sink ready")
        while line := await reader.readline():
            await conversation.answer(line)
            await writer.drain()
            if conversation.over:
                return

    def keep(self, recipient: str, data: bytes, fate: str) -> None:
        found = _MESSAGE_ID.search(data)
        message_id = found.group(1).decode() if found else "-"
        self.kept += 1
        self.out.write(f"{recipient}\t{message_id}\t{hashlib.sha256(data).hexdigest()[:12]}\t{fate}\n".encode())
        folder = os.environ.get("SINK_KEEP")
        if folder:
            (Path(folder) / hashlib.sha256(message_id.encode()).hexdigest()[:16]).write_bytes(data)


class Conversation:
    """One client's commands; ``fate`` is what the sink has in store for the recipient it named last."""

    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sink, self.reader, self.writer = sink, reader, writer
        self.recipient = self.fate = ""
        self.announced = ""
        self.over = False

    def say(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")

    async def answer(self, line: bytes) -> None:
        verb = line[:4].upper().strip().decode()
        if verb != "DATA":
            self.announced = ""  # it has heard what became of the one before
        special = {"EHLO": self.ehlo, "RCPT": self.rcpt, "DATA": self.data, "QUIT": self.quit}.get(verb)
        if special is None:
            self.say("250 ok")
        else:
            await special(line)

    async def ehlo(self, line: bytes) -> None:
        for extension in self.sink.extensions:
            self.say(f"250-{extension}")
        self.say("250 sink")

    async def rcpt(self, line: bytes) -> None:
        recipient = line.decode().partition("<")[2].partition(">")[0]
        self.fate = self.sink.fate(recipient)
        self.announced = recipient
        if self.fate == "hang":
            await asyncio.sleep(3600)
        refusals = {"permanent": "550 5.1.1 no such person", "temporary": "451 4.2.0 come back later"}
        self.recipient = "" if self.fate in refusals else recipient
        self.say(refusals.get(self.fate, "250 ok"))

    async def data(self, line: bytes) -> None:
        if not self.recipient:
            self.say("503 nobody to send to")
            return
        self.say("354 go on")
        await self.writer.drain()
        message = await self.reader.readuntil(b"\r\n.\r\n")
        self.announced = ""
        if seconds := self.sink.seconds():
            await asyncio.sleep(seconds)
        if self.fate == "swallow":
            self.sink.swallowed += 1
        if self.fate != "drop_before":
            self.sink.keep(self.recipient, message, self.fate)
        if self.fate == "swallow":
            await asyncio.sleep(3600)
        if self.fate in {"drop_before", "unanswered"}:
            self.writer.transport.abort()
            self.over = True
            return
        self.say("250 2.0.0 kept")
        self.over = self.fate == "drop_after"
        self.recipient = ""

    async def quit(self, line: bytes) -> None:
        self.say("221 bye")
        self.over = True


async def main(log: Path, port: int) -> None:
    server = await asyncio.start_server(Sink(log).talk, "127.0.0.1", port, limit=64 * 1024 * 1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
