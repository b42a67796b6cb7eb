"""Child processes that never outlive the script that started them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_FIRST_PORT = 20_000
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Ask Linux to send this process SIGTERM when its parent dies, however it dies; elsewhere do nothing."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port of the loopback address on which nothing listens now.

    Where there are such, one that the system gives to nobody by itself: whoever asked may be slow to listen, and
    meanwhile every connection that anybody opens takes a port from the system's range.
    """
    with contextlib.suppress(OSError):
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        ours = range(min(_FIRST_PORT, first), first)
        # Not by the seed of a test run, which its processes share.
        for port in random.SystemRandom().sample(ours, k=min(100, len(ours))):
            if port_is_free(port):
                return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fast_folder() -> str | None:
    """A folder in memory for what a test throws away; None, for the usual one, where there is none or it is small, as
    in many a container.
    """
    try:
        is_large = shutil.disk_usage("/dev/shm").free > 1_000_000_000
    except OSError:
        return None
    return "/dev/shm" if is_large and os.access("/dev/shm", os.W_OK) else None


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a child and to whatever it started; the child must lead a session of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def stop_all(processes: Iterable[subprocess.Popen[bytes]], *, seconds: float = 8) -> None:
    """Ask every child to stop, all at once; kill those still there after ``seconds``, with their children."""
    started = list(processes)
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    for process in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in started:
        signal_group(process, signal.SIGKILL)
        process.wait()
