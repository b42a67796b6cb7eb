"""Words for addresses."""

from __future__ import annotations

from django.utils.text import slugify

#: Letters that are no other letter with an accent, so that ``slugify`` would leave them out, as people write them in
#: English.
_LETTERS = str.maketrans(
    {
        "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "ß": "ss", "ẞ": "SS", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l",
        "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th", "ı": "i", "Ħ": "H", "ħ": "h",
    }
)  # fmt: skip


def slug_of(words: str) -> str:
    """Words as part of an address: letters from a to z, digits and hyphens. Empty where nothing of them is left."""
    return slugify(words.translate(_LETTERS))
