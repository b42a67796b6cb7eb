"""A record as text: what it says, and what can be wrong with any."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST_STRING = 255


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be, and how to mend it. Mail is refused or forged while it ``is_fault``."""

    is_fault: bool
    what: str
    mend: str


def fault(what: str, mend: str) -> Finding:
    """What must be mended."""
    return Finding(True, what, mend)


def advice(what: str, mend: str) -> Finding:
    """What would be better."""
    return Finding(False, what, mend)


def joined(record: str) -> str:
    """A record as servers see it: quoted strings, as DNS files and ``dig`` write them, without what quotes them."""
    quoted = re.findall(r'"([^"]*)"', record)
    return ("".join(quoted) if quoted else record.replace('"', "")).replace("\\;", ";").strip()


def strings(record: str) -> list[Finding]:
    """What is wrong with how a record is cut into strings."""
    found = [
        fault(
            f"A string of it has {len(string)} characters, and DNS takes {_LONGEST_STRING}.",
            'Cut it into several strings in quotation marks, side by side: "…" "…".',
        )
        for string in re.findall(r'"([^"]*)"', record)
        if len(string) > _LONGEST_STRING
    ]
    if record.count('"') % 2:
        found.append(fault("A quotation mark has no partner.", "Put each string between two, or take all out."))
    return found


def tags_of(record: str) -> tuple[dict[str, str], list[Finding]]:
    """The tags of a record in order, and what is wrong with how they are written."""
    tags: dict[str, str] = {}
    found = strings(record)
    for part in joined(record).split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not name and not equals:
            continue
        if not equals:
            found.append(fault(f"“{name}” has no value.", "Write name=value, with a semicolon between two."))
        elif name.lower() in tags:
            found.append(fault(f"{name}= comes twice.", "Keep one of them."))
        else:
            tags[name.lower()] = value
    return tags, found
