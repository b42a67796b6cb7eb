"""Numbers in what people send: parts of addresses, of links and of forms, which may hold anything at all."""

from __future__ import annotations

#: Digits that every database takes for a key.
_LONGEST = 18


def whole_number(text: str) -> int | None:
    """The number that a text is, in plain digits and small enough for a key; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else None
