"""Messages out of files: a maildir, an mbox, or one that a mail server hands over. Never more of one than is read."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mailing.bounces.reports import MAX_BYTES


def from_maildir(folder: Path) -> Iterator[bytes]:
    """The messages of a maildir that nobody has read; each is marked as read when the next one is asked for.

    So whoever stops in the middle reads the last one again. Raises ``FileNotFoundError`` where there is no maildir.
    """
    unread = [*sorted((folder / "new").iterdir())]
    unread += [path for path in sorted((folder / "cur").iterdir()) if "S" not in path.name.partition(":2,")[2]]
    for path in unread:
        if not path.is_file():
            continue
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES)
        yield raw
        name, _, flags = path.name.partition(":2,")
        path.rename(folder / "cur" / f"{name}:2,{''.join(sorted({*flags, 'S'}))}")


def from_mbox(file: Path) -> Iterator[bytes]:
    """The messages of an mbox file, which is left as it is. Raises ``FileNotFoundError`` where there is none."""
    if not file.is_file():
        raise FileNotFoundError(file)
    box = mailbox.mbox(file, create=False)
    try:
        for key in box.iterkeys():
            with box.get_file(key) as message:
                yield message.read(MAX_BYTES)
    finally:
        box.close()


def from_pipe(stream: BinaryIO) -> Iterator[bytes]:
    """The one message that a mail server hands over; the rest of a long one is taken and dropped."""
    raw = stream.read(MAX_BYTES)
    while stream.read(MAX_BYTES):
        pass
    yield raw
