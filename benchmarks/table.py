"""One readable table of what was measured: name, measured, aim, met."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

_NAME, _MEASURED, _AIM = 62, 26, 16


@dataclass(frozen=True)
class Row:
    """One aim. ``met`` is None where it is not judged; ``aim`` then says why, or nothing."""

    name: str
    measured: str
    aim: str = ""
    met: bool | None = None

    def lines(self) -> Iterable[str]:
        """As it is printed."""
        verdict = {True: "yes", False: "NO", None: "-"}[self.met]
        parts = [textwrap.wrap(text, width) or [""] for text, width in self._cells()]
        for number in range(max(map(len, parts))):
            name, measured, aim = (part[number] if number < len(part) else "" for part in parts)
            last = verdict if number == 0 else ""
            yield f"{name:<{_NAME}}  {measured:<{_MEASURED}}  {aim:<{_AIM}}  {last}".rstrip()

    def _cells(self) -> tuple[tuple[str, int], ...]:
        return (self.name, _NAME), (self.measured, _MEASURED), (self.aim, _AIM)


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Hand rows on to another process."""
    path.write_text(json.dumps([asdict(row) for row in rows]))


def read_rows(path: Path) -> list[Row]:
    """What ``write_rows`` wrote."""
    return [Row(**row) for row in json.loads(path.read_text())]


def show(rows: Iterable[Row]) -> bool:
    """Print the table; False if an aim was missed."""
    found = list(rows)
    head = f"{'what':<{_NAME}}  {'measured':<{_MEASURED}}  {'aim':<{_AIM}}  met"
    print(f"\n{head}\n{'-' * len(head)}")
    for row in found:
        print("\n".join(row.lines()))
    judged = [row for row in found if row.met is not None]
    missed = [row for row in judged if not row.met]
    print(f"\n{len(missed)} of {len(judged)} aims missed." if missed else "\nEvery aim is met.")
    return not missed
