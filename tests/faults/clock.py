"""A machine's clock that a test puts back while the portal's processes run on it: wall time only, as by a real one."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import time_machine

#: The file that says by how many seconds; named to the processes of a test that wants such a clock.
VARIABLE = "FAULT_CLOCK"

_is_back = False


def watch() -> None:
    """Follow the file in this process and in those that it forks."""
    if VARIABLE in os.environ:
        _start()
        os.register_at_fork(after_in_child=_start)


def mark(file: Path, pid: int) -> Path:
    """What lies beside ``file`` for as long as process ``pid`` follows it and has not put its clock back."""
    return file.with_name(f"{file.name}.{pid}.waits")


def _start() -> None:
    if _is_back:  # in a process forked from one whose clock was put back
        return
    file = Path(os.environ[VARIABLE])
    mark(file, os.getpid()).touch()
    threading.Thread(target=_follow, args=(file,), daemon=True).start()


def _follow(file: Path) -> None:
    global _is_back
    while not file.exists():
        time.sleep(0.02)
    time_machine.travel(time.time() - float(file.read_text()), tick=True).start()
    _is_back = True
    mark(file, os.getpid()).unlink()
