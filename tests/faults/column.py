"""One column of DESIGN's table as real processes: database, broker, workers, a mail server, and a driver."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scripts.processes import die_with_parent, fast_folder
from scripts.services import PrivatePostgres, PrivateRedis
from tests.faults import clock

ROOT = Path(__file__).resolve().parents[2]
#: Seconds, on a machine that is busy with much else. Nothing waits longer than it must.
PATIENCE = 300.0

SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.faults.settings", "DEBUG": "0", "DEMO": "0", "SITE_URL": "http://testserver",
    "SECRET_KEY": "only-for-tests-" + "x" * 50, "LOG_LEVEL": "WARNING", "PYTHONWARNINGS": "ignore",
    # Time-outs as in production: none runs out because a process had to wait for a core. A worker killed here is known
    # to be dead at once; a test that wants a time-out to run out says so.
    "MAIL_TIMEOUT": "30", "MAIL_LEASE_SECONDS": "180", "MAIL_TASK_SECONDS": "3", "MAIL_BATCH": "50",
}  # fmt: skip

_PRELUDE = """
from django.db import connection
from django.db.models import Count, F, Value, CharField
from django.utils import timezone
from mailing import services, sweeping
from mailing.models import Delivery, Lease, Mailing, Suppression
from people.models import User
def newsletter(count, start=0):
    User.objects.bulk_create(
        User(email=f"p{i:05}@example.org", full_name=f"Person {i}") for i in range(start, start + count)
    )
    people = User.objects.values("email", name=F("full_name"), subject_id=F("pk"))
    return services.queue_bulk(
        topic="newsletter", list_key="newsletter:1", subject="News", audience=people,
        text="Dear {{name}}\\n\\nhttp://testserver/{{token}}/\\n",
        headers={
            "List-Unsubscribe": "<http://testserver/{{token}}/>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    ).pk
def code(address):
    return services.send_template(to=address, template="faults/code", topic="reminder", context={"code": "1"}).pk
def counts():
    return dict(Delivery.objects.order_by().values_list("status").annotate(Count("pk")))
"""


def lives(group: int) -> bool:
    """Whether any process of a group is there and is more than a zombie."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, its_group = stat.read_bytes().rpartition(b")")[2].split()[:3]
            if int(its_group) == group and state not in {b"Z", b"X"}:
                return True
    return False


class Servers:
    """What is started and migrated once, and given to each test afresh."""

    def __init__(self, *, servers: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="clahrc-fault-", dir=fast_folder()))
        self.names = (f"run{number}" for number in itertools.count())
        self.stack = ExitStack()
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.postgres = self.stack.enter_context(PrivatePostgres()) if servers else None
        self.redis = self.stack.enter_context(PrivateRedis()) if servers else None
        (self.folder / "assets").mkdir()
        if self.postgres:
            self.execute("CREATE DATABASE template_faults")
        env = {
            **os.environ,
            **SETTINGS,
            "VAR_DIR": str(self.folder),
            "EMAIL_URL": "outbox:",
            **self.variables("template"),
        }
        done = subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def variables(self, name: str) -> dict[str, str]:
        if self.postgres is None or self.redis is None:
            return {"DATABASE_URL": f"sqlite:///{self.folder}/{name}.sqlite3", "CELERY_BROKER_URL": "filesystem://"}
        return {
            "DATABASE_URL": f"{self.postgres.url}/{name}_faults", "CELERY_BROKER_URL": f"{self.redis.url}/0",
        }  # fmt: skip

    def fresh(self) -> dict[str, str]:
        """An empty, migrated database and an empty broker; the variables that name them."""
        name = next(self.names)
        if self.postgres is None or self.redis is None:
            shutil.copy(self.folder / "template.sqlite3", self.folder / f"{name}.sqlite3")
        else:
            self.execute(f"CREATE DATABASE {name}_faults TEMPLATE template_faults")
            import redis

            redis.Redis.from_url(self.redis.url).flushall()
        return self.variables(name)

    def execute(self, sql: str) -> None:
        import psycopg2

        connection = psycopg2.connect(f"{self.postgres.url}/postgres")  # type: ignore[union-attr]
        connection.autocommit = True
        connection.cursor().execute(sql)
        connection.close()


class Column:
    """Start it as a context manager; it ends every process that it started."""

    def __init__(self, *, servers: Servers, **settings: str) -> None:
        self.postgres, self.redis = servers.postgres, servers.redis
        self.folder = Path(tempfile.mkdtemp(prefix="run-", dir=servers.folder))
        (self.folder / "assets").mkdir()
        self.log = self.folder / "sink.log"
        self.log.touch()
        self.stack = ExitStack()
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("MAIL_", "CACHE_"))},
            **SETTINGS, **servers.fresh(), "VAR_DIR": str(self.folder),
        }  # fmt: skip
        try:
            sink = self._popen([sys.executable, "-m", "tests.faults.sink", str(self.log)], pipes=True)
            self.env["EMAIL_URL"] = f"smtp://127.0.0.1:{int(sink.stdout.readline())}"  # type: ignore[union-attr]
            self.env |= {clock.VARIABLE: str(self.folder / "clock"), **settings}
            self.driver = self._popen([sys.executable, "-m", "tests.faults.driver"], pipes=True)
            self.driver.stdin.write(json.dumps(_PRELUDE).encode() + b"\n")  # type: ignore[union-attr]
            self.driver.stdin.flush()  # type: ignore[union-attr]
            self.ready = False
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Column:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what a test does with it ---

    def _popen(self, command: list[str], *, pipes: bool = False) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE if pipes else None
        with (self.folder / "processes.log").open("ab") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdin=pipe or subprocess.DEVNULL, stdout=pipe or output, stderr=output,
                start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip
        self.stack.callback(self.kill, process)
        return process

    def run(self, code: str) -> Any:
        """Run Python beside the portal; what it leaves in ``result``."""
        if not self.ready:
            # The driver starts while the workers do; its first answer is the prelude's.
            self.ready = True
            assert "error" not in self.driver.stdout.readline().decode(), self.said()  # type: ignore[union-attr]
        self.driver.stdin.write(json.dumps(code).encode() + b"\n")  # type: ignore[union-attr]
        self.driver.stdin.flush()  # type: ignore[union-attr]
        line = self.driver.stdout.readline()  # type: ignore[union-attr]
        assert line, self.said()
        reply = json.loads(line)
        assert "error" not in reply, reply["error"]
        return reply["result"]

    def counts(self) -> dict[str, int]:
        return dict(self.run("result = counts()"))

    def leases(self) -> int:
        """How many workers hold something."""
        return int(self.run("result = Lease.objects.count()"))

    def sweep(self) -> None:
        """What beat asks a worker for every ten seconds."""
        self.run("sweeping.sweep()")

    def start_worker(self) -> subprocess.Popen[bytes]:
        # As `make run` has it on the file-system broker: there a pool of processes shares one pipe, and one that is
        # killed while it waits at the pipe leaves it locked. With Redis each process has its own.
        pool = "threads" if self.redis is None else "prefork"
        command = [sys.executable, "-m", "celery", "-q", "-A", "clahrc", "worker", "--pool", pool, "--concurrency", "1"]
        quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        return self._popen([*command, "-n", f"w{random.random()}@here", *quiet])

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL, to it and all its children, as a machine that loses power would; none of them lives afterwards."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + PATIENCE
        while lives(process.pid):
            assert time.monotonic() < deadline, f"a child of {process.args} lives on"
            time.sleep(0.01)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def kill_sender(self, worker: subprocess.Popen[bytes]) -> bool:
        """SIGKILL to the process that sends; the worker makes another."""
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        return bool(children)

    def misbehave(self, **mode: float) -> None:
        """How the mail server behaves from now on; nothing given: well."""
        whole = Path(f"{self.log}.mode")
        part = Path(f"{self.log}.part")
        part.write_text(json.dumps(mode))
        part.rename(whole)

    def put_clock_back(self, *, seconds: float) -> None:
        """Put the clock of the workers and the driver back, all of them by the time that this returns."""
        whole, part = self.folder / "clock", self.folder / "clock.part"
        part.write_text(str(seconds))
        part.rename(whole)
        deadline = time.monotonic() + PATIENCE
        while any(Path(f"/proc/{mark.name.split('.')[1]}").exists() for mark in self.folder.glob("clock.*.waits")):
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.01)

    def taken(self) -> list[list[str]]:
        """What the mail server took, in that order: recipient, Message-ID, digest, what happened to it."""
        # The last line may be half written.
        return [line.split("\t") for line in self.log.read_text().split("\n")[:-1]]

    def order(self) -> list[str]:
        """The recipients of what the mail server took, in that order."""
        return [row[0] for row in self.taken()]

    def got(self) -> Counter[str]:
        """How often the mail server took a message for each recipient."""
        return Counter(self.order())

    def swallowed(self) -> set[str]:
        """Whose message the mail server took without ever saying so."""
        return {row[0] for row in self.taken() if row[3] == "swallow"}

    def message_ids(self, recipient: str) -> set[str]:
        return {row[1] for row in self.taken() if row[0] == recipient}

    def until(
        self, done: Callable[[], bool], *, sweeping: bool = True, patience: float = PATIENCE, pause: float = 0.1
    ) -> None:
        deadline = time.monotonic() + patience
        swept = time.monotonic()
        while not done():
            assert time.monotonic() < deadline, f"{self.said()}\n{self.counts()}"
            if sweeping and time.monotonic() - swept > 0.5:
                self.sweep()
                swept = time.monotonic()
            time.sleep(pause)

    def until_settled(self, *, patience: float = PATIENCE) -> None:
        """Until nothing waits or is on its way and no worker holds any; what is put off is asked for at once."""

        def settled() -> bool:
            self.run("Delivery.objects.filter(status='deferred').update(due_at=F('created_at'))")
            # A worker notes what came of its last message before it lets go of the batch.
            return not {"queued", "deferred", "sending"} & set(self.counts()) and not self.leases()

        self.until(settled, patience=patience)

    def said(self) -> str:
        return (self.folder / "processes.log").read_text()[-6000:]

    def assert_nobody_lost_or_doubled(self, *, most_unknown: int) -> None:
        """Everybody got the newsletter once, or is known to have failed, or is marked unknown."""
        states = dict(
            self.run("result = list(Delivery.objects.filter(urgent=False).values_list('recipient', 'status'))")
        )
        got = self.got()
        twice = {recipient for recipient in states if got[recipient] > 1}
        assert twice == set()
        not_sent = {recipient for recipient, status in states.items() if status == "sent" and not got[recipient]}
        assert not_sent == set()
        lost = {r for r, status in states.items() if status not in {"sent", "failed", "unknown", "skipped"}}
        assert lost == set()
        silent = {r for r, status in states.items() if status in {"failed", "skipped"} and got[r]}
        assert silent == set()
        assert Counter(states.values())["unknown"] <= most_unknown
        assert self.leases() == 0
