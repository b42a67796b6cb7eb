"""How fast the mail is, and that it stays so with a million people: the second half of ``make bench``.

One run, one PostgreSQL, one Redis, one mail server (this project's own), this machine only; what is compared takes
turns. Run it alone with ``.venv/bin/python benchmarks/mail.py``. It ends with 1 where an aim is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks import million, speed, waiting
from benchmarks.stage import Stage, cores
from benchmarks.table import show, write_rows
from scripts.services import PrivatePostgres, PrivateRedis

PARTS = ("speed", "waiting", "million")


def main() -> None:
    """Set up a throw-away stage, measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=3000, help="whom the newsletter of the race goes to")
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--waiting", type=int, default=100_000, help="deliveries that wait while codes are asked for")
    options.add_argument("--many", type=int, default=1_000_000, help="the largest audience")
    options.add_argument("--sent", type=int, default=15_000, help="how many of the largest audience are sent")
    options.add_argument("--only", choices=PARTS, nargs="*", default=PARTS)
    options.add_argument("--rows", type=Path, help="write the table to this file instead, and judge nothing")
    chosen = options.parse_args()
    if not (PrivatePostgres.is_installed() and PrivateRedis.is_installed()):
        raise SystemExit("The mail is measured on PostgreSQL and Redis: install postgresql and redis-server.")
    print(f"The mail, on PostgreSQL and Redis, {cores()} cores.", flush=True)
    rows = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clahrc-bench-")))
        stage = Stage(stack, folder)
        if "speed" in chosen.only:
            rows += speed.measure(stage, people=chosen.people, turns=chosen.turns)
        if "waiting" in chosen.only:
            rows.append(waiting.measure(stage, waiting=chosen.waiting))
        if "million" in chosen.only:
            rows += million.measure(stage, people=chosen.many, sent=chosen.sent)
    if chosen.rows:
        write_rows(chosen.rows, rows)
    elif not show(rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
