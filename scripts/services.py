"""PostgreSQL and Redis of our own: started on free ports in a throw-away folder, stopped by PID, gone afterwards.

Tests that restart a database or a broker need one that nobody else uses; so a private one is the first choice, and a
server that happens to be reachable the second. ``with PrivateRedis() as redis: ... redis.restart()``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.processes import die_with_parent, free_port

#: Seconds that a server may take to start or to stop, on a machine that is busy with much else.
PATIENCE = 180


class ServiceError(RuntimeError):
    """A server could not be started; the text says which, and shows the end of its log."""


def postgres_bin() -> Path | None:
    """The folder of the newest PostgreSQL server here. Debian keeps it off PATH."""
    found = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda path: float(path.parent.name),
    )
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


class PrivateService(ABC):
    """A server process in a folder of its own under the system's temporary folder.

    Not under ``var/``: PostgreSQL refuses to run as root, and its own user may not look into a root's home.
    """

    name: str
    stop_signal: int = signal.SIGTERM

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"clahrc-{self.name}-"))
        self.log = self.folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """How a client reaches it."""

    @abstractmethod
    def command(self) -> list[str]:
        """What runs it."""

    def user(self) -> str | None:
        """The system user to run it as, where that is not us."""
        return None

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
                user=self.user(),
                group=self.user(),
                extra_groups=None if self.user() is None else [],
            )
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise ServiceError(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    @abstractmethod
    def answers(self) -> bool:
        """Whether it, and not somebody else who has its port, takes connections."""

    def stop(self) -> None:
        """Stop it in good order; its data stay until ``__exit__``."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it in the middle of whatever it does (SIGKILL)."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """Stop it and start it again on the same port with the same data."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        """Start it; where that fails leave nothing behind."""
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class PrivateRedis(PrivateService):
    """A Redis that writes every command to disk, as a broker must."""

    name = "redis"
    #: More than the usual 16, so that every process of a parallel test run has its own.
    databases = 64

    @staticmethod
    def is_installed() -> bool:
        """Whether this machine has the server."""
        return shutil.which("redis-server") is not None

    @property
    def url(self) -> str:
        """The server without a database number."""
        return f"redis://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Loopback only; append-only file, no snapshots."""
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "databases": self.databases}
        pairs = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        own = ["--unixsocket", str(self.folder / "own")]
        return ["redis-server", *pairs, *own, "--appendonly", "yes", "--save", ""]

    def answers(self) -> bool:
        """Asked at the socket in its own folder, which it opens last."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(1)
            asking.connect(str(self.folder / "own"))
            asking.sendall(b"PING\r\n")
            return asking.recv(16).startswith(b"+PONG")
        return False


class PrivatePostgres(PrivateService):
    """A PostgreSQL cluster that trusts anybody on this machine and does not wait for its disk."""

    name = "postgres"
    stop_signal = signal.SIGINT  # PostgreSQL's "fast" shutdown: does not wait for clients to leave

    @staticmethod
    def is_installed() -> bool:
        """Whether this machine has the server."""
        return postgres_bin() is not None

    @property
    def url(self) -> str:
        """The server without a database's name."""
        return f"postgres://postgres@127.0.0.1:{self.port}"

    def user(self) -> str | None:
        """Debian's ``postgres`` where we are root: the server refuses to run as root."""
        return "postgres" if os.geteuid() == 0 else None

    def command(self) -> list[str]:
        """Loopback only; no fsync, since the data are thrown away."""
        options = {
            "listen_addresses": "127.0.0.1",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        words = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        data = str(self.folder / "data")
        return [f"{postgres_bin()}/postgres", "-D", data, "-p", str(self.port), "-k", str(self.folder), *words]

    def start(self) -> None:
        """Make the cluster the first time, then start it."""
        if not (self.folder / "data").exists():
            if user := self.user():
                shutil.chown(self.folder, user, user)
            done = subprocess.run(
                [
                    *[
                        f"{postgres_bin()}/initdb",
                        "-D",
                        str(self.folder / "data"),
                        "--username=postgres",
                        "--auth=trust",
                    ],
                    *["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
                ],
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
                user=self.user(),
                group=self.user(),
                extra_groups=None if self.user() is None else [],
            )
            if done.returncode:
                raise ServiceError(f"initdb failed:\n{done.stderr[-2000:]}")
        super().start()

    def answers(self) -> bool:
        """Whether it takes queries, asked at the socket in its own folder: it opens its port some time before."""
        done = subprocess.run(
            [f"{postgres_bin()}/pg_isready", "-q", "-h", str(self.folder), "-p", str(self.port)],
            check=False,
            capture_output=True,
        )
        return done.returncode == 0
