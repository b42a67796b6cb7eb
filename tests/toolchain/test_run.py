"""``scripts/run.py`` as people meet it: started for real, on folders and ports of its own."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.processes import free_port

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent
SLOW = 400  # seconds, on a machine that is busy with other tests


def environment(var: Path, **more: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**inherited, "VAR_DIR": str(var), "DEMO": "0", "DATABASE_URL": f"sqlite:///{var}/portal.sqlite3", **more}


class Portal:
    """A started ``scripts/run.py`` whose output is read as it comes."""

    def __init__(self, var: Path, port: int) -> None:
        self.port = port
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "scripts/run.py"],
            cwd=ROOT,
            env=environment(var, PORT=str(port)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self.reader.start()

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + SLOW
        while not any(words in line for line in self.lines):
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.05)

    def children(self) -> dict[int, str]:
        found = {}
        for path in Path("/proc").glob("[0-9]*/status"):
            try:
                # Of whatever runs here besides, in whatever letters.
                status, words = (each.read_text(errors="replace") for each in (path, path.with_name("cmdline")))
            except OSError:
                continue
            if f"PPid:\t{self.process.pid}\n" in status:
                found[int(path.parent.name)] = words.replace("\0", " ")
        return found

    def end(self) -> tuple[int, str]:
        code = self.process.wait(SLOW)
        self.reader.join(SLOW)
        self.process.stdout.close()
        return code, "".join(self.lines)


@pytest.fixture(scope="module")
def var(tmp_path_factory) -> Path:
    """A folder with the static files collected, as ``make run`` leaves it."""
    folder = tmp_path_factory.mktemp("var")
    env = environment(folder, SECRET_KEY="only-to-collect-the-static-files")
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run([*command, "--ignore=components", "--ignore=core"], cwd=ROOT, env=env, check=True)
    return folder


@pytest.fixture
def portal(var) -> Iterator[Portal]:
    started = Portal(var, free_port())
    yield started
    if started.process.poll() is None:
        started.process.terminate()
        started.end()


def run_and_fail(var: Path, **more: str) -> str:
    """Start it where it cannot; what it says."""
    done = subprocess.run(
        [sys.executable, "scripts/run.py"],
        cwd=ROOT,
        env=environment(var, **more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr


@pytest.mark.fault
def test_run_when_started_then_answers_on_loopback_and_stops_everything_on_ctrl_c(portal, var):
    portal.wait_for(f"The portal is at http://127.0.0.1:{portal.port}/")
    with urllib.request.urlopen(f"http://127.0.0.1:{portal.port}/readyz", timeout=SLOW) as answer:
        assert json.load(answer)["ready"] is True
    # The pages find the static files by their production names.
    with urllib.request.urlopen(f"http://127.0.0.1:{portal.port}/", timeout=SLOW) as answer:
        assert answer.status == 200
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", portal.port), timeout=2):
        pass
    assert stat.S_IMODE((var / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE((var / "portal.sqlite3").stat().st_mode) == 0o600
    children = portal.children()
    assert len(children) == 3
    secret = (var / "secret_key").read_text()

    # A second one on the same data would share the first one's work.
    assert run_and_fail(var, PORT=str(free_port())) == (
        f"The portal is already running from this folder, at http://127.0.0.1:{portal.port}/. Stop that one first.\n"
    )

    portal.process.send_signal(signal.SIGINT)
    code, output = portal.end()
    assert code == 0
    assert output.endswith("Stopped.\n")
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]

    again = Portal(var, portal.port)
    again.wait_for("The portal is at")
    assert not any("Loading the programme" in line for line in again.lines)
    assert (var / "secret_key").read_text() == secret
    again.process.terminate()
    assert again.end()[0] == 128 + signal.SIGTERM


@pytest.mark.fault
@pytest.mark.parametrize(
    ("name", "words"), [("web", "gunicorn"), ("worker", "celery -A clahrc worker"), ("beat", "clahrc beat")]
)
def test_run_when_a_process_dies_then_names_its_log_and_stops_the_others(portal, var, name, words):
    portal.wait_for("The portal is at")
    children = portal.children()
    [victim] = [pid for pid, command in children.items() if words in command]
    os.kill(victim, signal.SIGKILL)
    code, output = portal.end()
    assert code == 1
    assert f"The {name} process stopped by itself. Its log says why: {var / 'log' / name}.log" in output
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_run_when_the_port_is_taken_then_one_line_says_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = run_and_fail(tmp_path, PORT=str(port))
    assert said == (f"Port {port} is taken. Stop what listens there, or choose another: make run PORT={port + 1}\n")


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1", "80 80"])
def test_run_when_the_port_is_none_then_one_line_says_so(tmp_path, port):
    said = run_and_fail(tmp_path, PORT=port)
    assert said == f"PORT={port} is not a port. Give a number from 1024 to 65535: make run PORT=8001\n"


def test_run_when_the_database_cannot_be_reached_then_stops_and_says_so(tmp_path):
    said = run_and_fail(tmp_path, PORT=str(free_port()), DATABASE_URL=f"sqlite:///{tmp_path}/no/such/folder.sqlite3")
    assert said.endswith("The database could not be made ready: the reason is above.\n")
