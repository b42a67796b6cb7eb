"""A mail server that keeps what it got, and misbehaves as it is told. Run as ``python -m tests.faults.sink LOG``.

It prints its port, then appends a line for each message that it accepted: recipient, Message-ID, and a digest of the body. How it
misbehaves is read afresh from ``LOG.mode`` (JSON) at each message, so that a test can change it midway.
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


class Sink:
    def __init__(self, log: Path) -> None:
        self.log = log
        self.out = log.open("ab", buffering=0)
        self.mode_file = Path(f"{log}.mode")
        self.seen: dict[str, int] = {}
        self.mode: dict[str, object] = {}
        self.mode_stamp = -1.0
        self.extensions = os.environ.get("SINK_EXTENSIONS", "PIPELINING 8BITMIME").split()

    def behave(self) -> dict[str, object]:
        try:
            stamp = self.mode_file.stat().st_mtime_ns
        except OSError:
            return {}
        if stamp != self.mode_stamp:
            try:
                self.mode, self.mode_stamp = json.loads(self.mode_file.read_text()), stamp
            except ValueError:
                pass
        return self.mode

    def fate(self, recipient: str) -> str:
        """What is to happen to this attempt: chosen by a hash of the recipient, so that a run can be repeated."""
        mode = self.behave()
        seen = self.seen[recipient] = self.seen.get(recipient, 0) + 1
        share = int(hashlib.sha256(recipient.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        low = 0.0
        for name in ("permanent", "temporary", "drop_before", "drop_after", "hang", "unanswered"):
            low += float(mode.get(name, 0))  # type: ignore[arg-type]
            if share < low:
                # Whatever is not for good happens at the first attempt only.
                return name if seen == 1 or name == "permanent" or mode.get("always") else "accept"
        return "accept"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 sink ready")
        recipient = ""
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            if verb == b"EHLO":
                for extension in self.extensions:
                    say(f"250-{extension}")
                say("250 sink")
            elif verb == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
                fate = self.fate(recipient)
                if fate == "permanent":
                    say("550 5.1.1 no such person")
                    recipient = ""
                elif fate == "temporary":
                    say("451 4.2.0 come back later")
                    recipient = ""
                elif fate == "hang":
                    await asyncio.sleep(3600)
                else:
                    say("250 ok")
            elif verb == b"DATA":
                if not recipient:
                    say("503 nobody to send to")
                    continue
                say("354 go on")
                await writer.drain()
                data = await reader.readuntil(b"\r\n.\r\n")
                if fate == "drop_before":
                    writer.transport.abort()
                    return
                delay = float(self.behave().get("delay", 0))  # type: ignore[arg-type]
                if delay:
                    await asyncio.sleep(delay)
                self.keep(recipient, data)
                if fate == "unanswered":
                    writer.transport.abort()
                    return
                say("250 2.0.0 kept")
                if fate == "drop_after":
                    await writer.drain()
                    return
                recipient = ""
            elif verb == b"QUIT":
                say("221 bye")
                await writer.drain()
                return
            else:
                say("250 ok")
            await writer.drain()

    def keep(self, recipient: str, data: bytes) -> None:
        found = _MESSAGE_ID.search(data)
        message_id = found.group(1).decode() if found else "-"
        self.out.write(f"{recipient}\t{message_id}\t{hashlib.sha256(data).hexdigest()[:12]}\n".encode())
        folder = os.environ.get("SINK_KEEP")
        if folder:
            (Path(folder) / hashlib.sha256(message_id.encode()).hexdigest()[:16]).write_bytes(data)


async def main(log: Path, port: int) -> None:
    server = await asyncio.start_server(Sink(log).talk, "127.0.0.1", port, limit=64 * 1024 * 1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
