"""``make run``: start web, Celery worker and beat together; stop them all on Ctrl-C.

Everything is kept under ``VAR_DIR`` (``var/``): the database, the secret, and a log for each process. The web runs as
it does in production (``DEBUG`` off, gunicorn), on the loopback address only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

import environ

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from people.demo import DEMO_LOGINS
from scripts.processes import die_with_parent, port_is_free, stop_all

ROOT = Path(__file__).resolve().parent.parent
#: Seconds that the portal may take from its start to its first answer, on a machine that is busy with much else.
PATIENCE = 180
LOG_MAX_BYTES = 5_000_000


@dataclass
class Child:
    """One of the processes that make the portal, and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


def give_up(line: str) -> NoReturn:
    """Say in one line what is wrong and what to do, and stop."""
    print(line, file=sys.stderr, flush=True)
    sys.exit(1)


def chosen_port() -> int:
    """The port asked for by ``PORT``, if it is one and nobody has it."""
    asked = os.environ.get("PORT") or "8000"
    if not asked.isdecimal() or not 1 <= int(asked) <= 65535:
        give_up(f"PORT={asked} is not a port. Give a number from 1024 to 65535: make run PORT=8001")
    port = int(asked)
    if not port_is_free(port):
        other = port + 1 if port < 65535 else 8001
        give_up(f"Port {port} is taken. Stop what listens there, or choose another: make run PORT={other}")
    return port


def lock(var: Path) -> IO[str]:
    """Hold ``var/run.lock`` while we run: two sets of processes on one database and one broker would share work."""
    held = (var / "run.lock").open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.seek(0)
        give_up(f"The portal is already running from this folder, at {held.read().strip()}. Stop that one first.")
    return held


def secret_key(var: Path) -> str:
    """The secret kept in ``var/secret_key``, made the first time and readable by its owner only."""
    path = var / "secret_key"
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().strip() or give_up(f"{path} is empty. Delete it, and the next start makes a new one.")


def fill_environment(var: Path, port: int) -> None:
    """Set what the portal's processes need and nobody has set (docs/running.md lists them)."""
    if not os.environ.get("SECRET_KEY"):
        os.environ["SECRET_KEY"] = secret_key(var)
    os.environ.setdefault("DEMO", "1")
    os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
    os.environ.update(DEBUG="0", DJANGO_SETTINGS_MODULE="clahrc.settings", PYTHONUNBUFFERED="1")


def start(name: str, command: list[str], var: Path) -> Child:
    """Start one process in a session of its own, so that Ctrl-C reaches it only through us; log to ``var/log``."""
    log = var / "log" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    return Child(name, process, log)


def commands(port: int) -> dict[str, list[str]]:
    """What each process runs. One worker with threads is plenty for one machine, and SQLite likes it."""
    celery = ["celery", "-A", "clahrc"]
    return {
        "web": [
            *["gunicorn", "clahrc.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "8"],
            *["--graceful-timeout", "3", "--no-control-socket"],
        ],
        # Threads: sending mail is waiting for somebody else's server (docs/decisions/0003).
        "worker": [
            *[*celery, "worker", "--pool", "threads", "--concurrency", "4"],
            *["--without-gossip", "--without-mingle", "--loglevel", "INFO"],
        ],
        "beat": [*celery, "beat", "--loglevel", "INFO"],
    }


def check_alive(children: list[Child]) -> None:
    """Give up if any process has stopped by itself, and say which log tells why."""
    for child in children:
        if child.process.poll() is not None:
            give_up(f"The {child.name} process stopped by itself. Its log says why: {child.log}")


def wait_until_ready(port: int, children: list[Child]) -> None:
    """Return when ``/readyz`` says that database, broker and migrations are ready."""
    last = "no answer yet"
    deadline = time.monotonic() + PATIENCE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        check_alive(children)
        try:
            with opener.open(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except urllib.error.HTTPError as error:
            last = error.read(500).decode(errors="replace").strip()
        except OSError:
            pass
        time.sleep(0.1)
    give_up(f"The portal did not get ready in {PATIENCE} seconds ({last}). See {children[0].log}")


def is_on(name: str) -> bool:
    """Whether a switch of the environment is on, as the settings read it."""
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on", "y", "ok"}


def greet(port: int) -> None:
    """Print the address and, in a demonstration, who can log in."""
    say(f"\nThe portal is at http://127.0.0.1:{port}/\n")
    if is_on("DEMO"):
        say("This is a demonstration. Log in as any of these:")
        for name, who in DEMO_LOGINS:
            say(f"  {name + '@example.org':<28}{who}")
        if is_on("NEWSLETTERS_NEED_APPROVAL"):
            colleague = json.loads((ROOT / "data/demo.json").read_text(encoding="utf-8"))["colleague"]
            say(f"  {colleague['login'] + '@example.org':<28}Programme staff, to approve what the first has written")
        say(f"The password of each is: {os.environ.get('DEMO_PASSWORD') or 'demo-password'}\n")
    say("Press Ctrl-C to stop.")


def stop_on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave by way of the ``finally`` that stops the children; further signals wait for it."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(0 if number == signal.SIGINT else 128 + number)


def main() -> None:
    """Prepare, start, watch, stop."""
    if "MAKELEVEL" in os.environ:
        die_with_parent()
    environ.Env.read_env(ROOT / ".env")
    os.umask(0o077)  # the database holds personal data: nobody else on this machine reads it
    var = Path(os.environ.get("VAR_DIR") or ROOT / "var")
    var.mkdir(parents=True, exist_ok=True)
    # The lock first: where we run already, the port is taken too, and that would be the lesser half of the answer.
    held = lock(var)
    port = chosen_port()
    fill_environment(var, port)
    held.truncate(0)
    held.write(f"http://127.0.0.1:{port}/\n")
    held.flush()

    children: list[Child] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_on_signal)
    try:
        done = subprocess.run([sys.executable, str(ROOT / "scripts/prepare.py")], cwd=ROOT, check=False)
        if done.returncode:
            give_up("The database could not be made ready: the reason is above.")
        for name, command in commands(port).items():
            children.append(start(name, command, var))
        wait_until_ready(port, children)
        greet(port)
        while True:
            time.sleep(0.5)
            check_alive(children)
    finally:
        stop_all([child.process for child in children])
        if children:
            say("\nStopped.")


if __name__ == "__main__":
    main()
