"""Small and capital letters are the same to a search, whatever the alphabet and the database.

SQLite's own LIKE knows only the letters from A to Z (https://www.sqlite.org/lang_expr.html#like): ``łódź`` would not
find ``Łódź``, as it does on PostgreSQL. Its documentation says to replace the function where more is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any


def teach_sqlite(connection: Any, **_: Any) -> None:
    """Give a new connection to SQLite a LIKE that knows all letters. Called for each (``connection_created``)."""
    if connection.vendor == "sqlite":
        for arguments in (2, 3):
            connection.connection.create_function("like", arguments, like, deterministic=True)


def like(pattern: object, text: object, escape: str | None = None) -> bool | None:
    """What ``text LIKE pattern ESCAPE escape`` says: ``%`` stands for anything, ``_`` for one character."""
    if pattern is None or text is None:
        return None
    return _matcher(str(pattern), escape)(str(text))


@lru_cache(maxsize=500)
def _matcher(pattern: str, escape: str | None) -> Callable[[str], bool]:
    parts = re.findall(f"{re.escape(escape)}.|." if escape else ".", pattern, re.DOTALL)
    plain = [part[-1].lower() for part in parts if len(part) > 1 or part not in "%_"]
    words = "".join(plain)
    if len(plain) == len(parts):
        return lambda text: text.lower() == words
    if parts[0] == parts[-1] == "%" and len(parts) == len(plain) + 2:  # what Django's ``icontains`` asks
        return lambda text: words in text.lower()
    wild = {"%": ".*", "_": "."}
    found = re.compile(
        "".join(wild.get(part) or re.escape(part[-1]) for part in parts), re.IGNORECASE | re.DOTALL
    ).fullmatch
    return lambda text: found(text) is not None
