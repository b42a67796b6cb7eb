"""A machine's clock that a test puts back while the portal's processes run on it: wall time only, as by a real one."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import time_machine

#: The file that says by how many seconds; named to the processes of a test that wants such a clock.
VARIABLE = "FAULT_CLOCK"


def watch() -> None:
    """Follow the file in this process and in those that it forks."""
    if VARIABLE in os.environ:
        _start()
        os.register_at_fork(after_in_child=_start)


def _start() -> None:
    threading.Thread(target=_follow, args=(Path(os.environ[VARIABLE]),), daemon=True).start()


def _follow(file: Path) -> None:
    while not file.exists():
        time.sleep(0.02)
    time_machine.travel(time.time() - float(file.read_text()), tick=True).start()
