"""The mail server that everything is sent to: as quick as may be, so that what is measured is who sends, not who takes.

Run as ``python -m benchmarks.sink LOG``. It prints its port, then appends each recipient to LOG as it takes a message.
It knows what the senders say and refuses nothing; ``tests/faults/sink.py`` is the one that misbehaves.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import cast

_END = b"\r\n.\r\n"
_ANSWERS = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"HELO": b"250 sink\r\n",
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"NOOP": b"250 2.0.0 ok\r\n",
}


class Conversation(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, log: int) -> None:
        """``log`` is an open file's number."""
        self._log = log
        self._buffer = bytearray()
        self._in_message = False
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 sink ready\r\n")

    def data_received(self, data: bytes) -> None:
        """Take what has come, and answer whatever of it is whole."""
        searched = max(0, len(self._buffer) - len(_END))
        self._buffer += data
        answers = []
        while True:
            end = self._buffer.find(_END if self._in_message else b"\r\n", searched)
            searched = 0
            if end < 0:
                break
            if self._in_message:
                del self._buffer[: end + len(_END)]
                self._in_message = False
                os.write(self._log, self._recipient + b"\n")
                answers.append(b"250 2.0.0 kept\r\n")
                continue
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 2]
            verb = line[:4].upper()
            if verb == b"QUIT":
                self._transport.write(b"".join([*answers, b"221 2.0.0 bye\r\n"]))
                self._transport.close()
                return
            if verb == b"RCPT":
                self._recipient = line.partition(b"<")[2].partition(b">")[0]
            self._in_message = verb == b"DATA"
            answers.append(_ANSWERS.get(verb, b"500 5.5.1 what?\r\n"))
        if answers:
            self._transport.write(b"".join(answers))


async def main(path: str) -> None:
    """Serve until killed."""
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    server = await asyncio.get_running_loop().create_server(lambda: Conversation(log), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
