"""How a form's words stand in a sentence."""

from __future__ import annotations

_STANDS_ALONE = frozenset(
    ["a", "an", "the", "your", "their", "what", "which", "who", "why", "when", "where", "how", "any", "one"]
)


def with_article(label: str) -> str:
    """What is asked for, as it stands after "Enter": "the title", but "your name" and "how you are involved"."""
    own = label.split()[0].lower() in _STANDS_ALONE
    return f"{'' if own else 'the '}{lower_first(label)}"


def lower_first(words: str) -> str:
    """The words as they stand in the middle of a sentence; an acronym keeps its capitals."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]
