"""What the mail is measured on: a PostgreSQL that waits for its disk, a Redis, a mail server that keeps a line for
each message, and real Celery workers, all of them processes of this machine that end with the run.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.load import Target
from scripts.processes import die_with_parent, free_port, stop_all
from scripts.run import commands
from scripts.services import PrivatePostgres, PrivateRedis

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 60  # seconds that a process may take to be ready


class DurablePostgres(PrivatePostgres):
    """One that waits for its disk."""

    def command(self) -> list[str]:
        """As the tests', with what they turn off turned on."""
        return [word.replace("=off", "=on") for word in super().command()]


class Stage:
    """The servers, and the folder for what they write. Django is set up once it is made."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        """Start the servers and migrate."""
        self._stack, self._folder = stack, folder
        self._number = 0
        self.postgres = stack.enter_context(DurablePostgres()).url
        redis = stack.enter_context(PrivateRedis()).url
        self.sink = Sink(stack, folder)
        os.environ.update(
            DATABASE_URL=f"{self.postgres}/postgres",
            CELERY_BROKER_URL=f"{redis}/0",
            CACHE_URL=f"{redis}/1",
            EMAIL_URL=f"smtp://127.0.0.1:{self.sink.port}",
            VAR_DIR=str(folder),
            SECRET_KEY=secrets.token_urlsafe(50),
            DEBUG="0",
            DEMO="0",
            SITE_URL="http://127.0.0.1",
            ALLOWED_HOSTS="127.0.0.1,testserver",
            STAFF_SECOND_FACTOR="0",
            LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="clahrc.settings",
        )
        for name in ("MAIL_LANES", "MAIL_BATCH", "MAIL_RATES", "MAIL_RATE_PER_SECOND", "MAIL_BOUNCE_ADDRESS"):
            os.environ.pop(name, None)
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", "--noinput", verbosity=0)

    def clear(self) -> None:
        """Forget every message."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE mailing_mailing, mailing_lease CASCADE")

    @contextmanager
    def worker(self, *, threads: int = 1) -> Iterator[subprocess.Popen[bytes]]:
        """A Celery worker process of so many threads, all of its queues, ready to work."""
        words = commands(0)["worker"]
        words[words.index("--concurrency") + 1] = str(threads)
        with self.process(words, env={"LOG_LEVEL": "INFO"}) as (process, log):
            wait_until(lambda: b" ready." in log.read_bytes(), what="a Celery worker")
            yield process

    @contextmanager
    def web(self) -> Iterator[int]:
        """The portal's web process as ``make run`` starts it; yields its port."""
        port = free_port()
        with self.process(commands(port)["web"]):
            wait_until(lambda: _answers(port), what="the web process")
            yield port

    @contextmanager
    def process(
        self, words: list[str], env: dict[str, str] | None = None
    ) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        """A Python module run in a process of its own until the end of the block, and where it writes."""
        self._number += 1
        log = self._folder / f"{words[0]}-{self._number}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        try:
            yield process, log
        finally:
            stop_all([process])


class Sink:
    """The mail server (``benchmarks.sink``) in a process by itself, and whom it has had messages for."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._log = folder / "sink.log"
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.sink", str(self._log)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                preexec_fn=die_with_parent,
            )
        )
        stack.callback(process.kill)
        self.port = int(process.stdout.readline())  # type: ignore[union-attr]
        self._read = 0

    def fresh(self) -> list[str]:
        """The recipients of what has come since the last call."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        return whole.decode().splitlines()

    def wait_for(self, number: int, *, seconds: float = 300) -> None:
        """Return when so many more messages have come. Raises TimeoutError."""
        left = number
        deadline = time.monotonic() + seconds
        while (left := left - len(self.fresh())) > 0:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{left} of {number} messages did not come within {seconds} seconds")
            time.sleep(0.02)

    def wait_for_recipient(self, address: str, *, seconds: float = 60) -> None:
        """Return when a message to ``address`` has come. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while address not in self.fresh():
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing came for {address} within {seconds} seconds")
            time.sleep(0.002)


def wait_until(true: Callable[[], bool], *, what: str, seconds: float = _PATIENCE, every: float = 0.05) -> None:
    """Return when ``true`` says so. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not there within {seconds:.0f} seconds")
        time.sleep(every)


def peak_memory(process: subprocess.Popen[bytes]) -> float:
    """The most memory (resident) that a process has used, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def cores() -> int:
    """The processors that we may use."""
    return len(os.sched_getaffinity(0))


def _answers(port: int) -> bool:
    try:
        return Target(port, "/healthz").fetch()[0] == 200
    except OSError:
        return False
