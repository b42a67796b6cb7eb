"""Who a worker is, and whether one on this machine is dead: then nobody need wait for its lease to run out."""

from __future__ import annotations

import os
import socket
import threading
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")


def name() -> str:
    """What this worker is called: host and process namespace, process, when that process started, and thread."""
    return f"{_place()}/{os.getpid()}/{_started(os.getpid())}/{threading.get_ident():x}"[-120:]


def is_dead(worker: str) -> bool:
    """Whether ``worker`` ran on this machine and is gone. False wherever that can not be told."""
    place, _, rest = worker.rpartition("/")[0].rpartition("/")[0].rpartition("/")
    started = worker.rpartition("/")[0].rpartition("/")[2]
    if place != _place() or not rest.isdigit() or not started:
        return False
    return _started(int(rest)) != started


@lru_cache(maxsize=1)
def _place() -> str:
    # The same host name may be given to several containers, and the same process number to a process in each.
    try:
        return f"{socket.gethostname()[:40]}.{boot()[:8]}.{os.stat(_PROC / 'self/ns/pid').st_ino}"
    except OSError:
        return f"{socket.gethostname()[:40]}.?"


@lru_cache(maxsize=1)
def boot() -> str:
    """Differs after each start of this machine; empty where that can not be told."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began, in ticks since the machine started; empty if it is not there or that can not be told."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""
    # The name in brackets may hold anything; state is the next field, and a zombie is dead.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
