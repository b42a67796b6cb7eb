"""Messages out of files: a maildir, an mbox, or one that a mail server hands over. Never more of one than is read."""

from __future__ import annotations

import mailbox
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from mailing.bounces.reports import MAX_BYTES

#: The folder within a maildir for what can not be read; mail programs show it beside the inbox.
_ASIDE = ".unreadable"


@dataclass(frozen=True, slots=True)
class Found:
    """A message, what it is called where it was found, and how it is put where it stops no later run (says where)."""

    raw: bytes
    name: str
    put_aside: Callable[[], str]


def from_maildir(folder: Path) -> Iterator[Found]:
    """The messages of a maildir that nobody has read; each is marked as read when the next one is asked for.

    So whoever stops in the middle reads the last one again, unless it was put aside. Raises ``FileNotFoundError`` where
    there is no maildir.
    """
    unread = [*sorted((folder / "new").iterdir())]
    unread += [path for path in sorted((folder / "cur").iterdir()) if "S" not in path.name.partition(":2,")[2]]
    for path in unread:
        if not path.is_file():
            continue
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES)
        yield Found(raw, path.name, partial(_put_aside, folder, path))
        if path.exists():
            name, _, flags = path.name.partition(":2,")
            path.rename(folder / "cur" / f"{name}:2,{''.join(sorted({*flags, 'S'}))}")


def _put_aside(folder: Path, path: Path) -> str:
    for name in ("tmp", "new", "cur"):
        (folder / _ASIDE / name).mkdir(parents=True, exist_ok=True)
    return str(path.rename(folder / _ASIDE / "cur" / path.name))


def from_mbox(file: Path) -> Iterator[Found]:
    """The messages of an mbox file, which is left as it is. Raises ``FileNotFoundError`` where there is none."""
    if not file.is_file():
        raise FileNotFoundError(file)
    box = mailbox.mbox(file, create=False)
    try:
        for key in box.iterkeys():
            with box.get_file(key) as message:
                yield Found(message.read(MAX_BYTES), f"number {key}", lambda: f"{file}, where it was")
    finally:
        box.close()


def from_pipe(stream: BinaryIO) -> Iterator[Found]:
    """The one message that a mail server hands over; the rest of a long one is taken and dropped."""
    raw = stream.read(MAX_BYTES)
    while stream.read(MAX_BYTES):
        pass
    yield Found(raw, "on standard input", lambda: "the mail server's hands")
