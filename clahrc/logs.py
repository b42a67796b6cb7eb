"""How a line is logged: without what lets its reader in."""

from __future__ import annotations

import logging
import re

#: Our signed links and invitations, login and password links: long, and with a full stop, colon or hyphen within.
_KEY = re.compile(
    r"(?<=/)(?:[A-Za-z0-9_~-]+[.:][A-Za-z0-9_-]+[.:][A-Za-z0-9_-]{16,}|[0-9A-Za-z]+-[0-9a-z]+-[0-9a-f]{20,})"
)


class Formatter(logging.Formatter):
    """Leaves out the keys in addresses. Django logs the address of every page that could not be shown."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with ``[key]`` for each key."""
        return _KEY.sub("[key]", super().format(record))


def line() -> Formatter:
    """What the settings ask for: time, level, who says it, and what."""
    return Formatter("{asctime} {levelname} {name}: {message}", style="{")
