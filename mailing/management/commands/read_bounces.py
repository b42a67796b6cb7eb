"""Reads what mail servers have sent back."""

from __future__ import annotations

import logging
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, DataError

from mailing.bounces import services, sources

logger = logging.getLogger(__name__)

#: By which a mail server knows that it should try again (sysexits.h).
_TRY_AGAIN = 75


class Command(BaseCommand):
    """Reads delivery reports and complaints from a maildir, an mbox file or standard input."""

    help = "Read delivery reports from a mailbox: --maildir DIR, --mbox FILE, or - for one message on standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One of three places, and whom the message was for."""
        parser.add_argument("pipe", nargs="?", choices=["-"], help="one message on standard input")
        parser.add_argument("--maildir", type=Path, metavar="DIR", help="its unread messages, which are marked as read")
        parser.add_argument("--mbox", type=Path, metavar="FILE", help="all its messages; the file is left as it is")
        parser.add_argument("--to", default="", metavar="ADDRESS", help="with -: whom the mail server had it for")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read them and say what they were. Exit status 75 asks a mail server to hand the message over again."""
        counts: Counter[str] = Counter()
        try:
            for found in self._messages(options):
                counts[self._read(found, options)] += 1
        except FileNotFoundError as error:
            raise CommandError(f"There is no mailbox at {error.filename or error}") from error
        except DatabaseError as error:
            raise CommandError(f"It could not be written down: {error}", returncode=_TRY_AGAIN) from error
        self.stdout.write(f"{counts.total()} read" + "".join(f"\n{number} {what}" for what, number in counts.items()))

    def _read(self, found: sources.Found, options: dict[str, Any]) -> str:
        """What a message was. One that makes us stumble is put aside: it must not keep later runs from the others."""
        try:
            outcome = services.take_in(raw=found.raw, to=options["to"])
        except Exception as error:
            is_outage = isinstance(error, DatabaseError) and not isinstance(error, DataError)
            if is_outage or options["pipe"]:
                raise
            logger.exception("Message %s of the bounce mailbox can not be read", found.name)
            self.stderr.write(f"Message {found.name} can not be read ({error!r}); it is in {found.put_aside()}")
            return "could not be read, and were put aside"
        return outcome if isinstance(outcome, str) else outcome.get_kind_display().lower()

    def _messages(self, options: dict[str, Any]) -> Iterator[sources.Found]:
        chosen = [name for name in ("pipe", "maildir", "mbox") if options[name]]
        if len(chosen) != 1:
            raise CommandError("Say where to read from: --maildir DIR, --mbox FILE, or - for standard input.")
        if options["maildir"]:
            return sources.from_maildir(options["maildir"])
        if options["mbox"]:
            return sources.from_mbox(options["mbox"])
        return sources.from_pipe(sys.stdin.buffer)
