"""``make test``: the whole suite on SQLite, then on PostgreSQL with Redis, with journeys in headless Chromium.

Everything that has to run beside the tests is started here and stopped again (scripts/services.py). What this machine
lacks is installed from Debian's packages where we may; where we may not, the run says exactly what it left out, and
with ``CI=true`` it fails instead. Arguments go to every pytest: ``.venv/bin/python scripts/test.py -k outbox``.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scripts.services import PrivatePostgres, PrivateRedis, ServiceError

ROOT = Path(__file__).resolve().parent.parent
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
CLOSING_LINE = re.compile(r"^=* ?(\d+ .*|no tests ran) in [\d.]+s")
NOTHING_COLLECTED = 5
#: Variables of the developer's own that would turn a run into something else than its title says.
NOT_OURS = ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "EMAIL_URL", "TEST_REDIS_URLS")


@dataclass
class Report:
    """What ran and how it ended; what could not run and why."""

    closing_lines: list[str] = field(default_factory=list)
    failed: bool = False
    left_out: list[str] = field(default_factory=list)


def processes() -> int:
    """How many tests run at once: one for each core that we may use."""
    return max(2, min(8, len(os.sched_getaffinity(0))))


def may_install() -> list[str] | None:
    """The words that go before apt-get to run it here, or None where we may not."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def install(packages: list[str]) -> None:
    """Install Debian packages if we may; whoever needs them looks afterwards whether they are there."""
    before = may_install()
    if not packages or before is None:
        return
    print(f"Installing from Debian's packages: {' '.join(packages)}", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        command = [*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *words]
        subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=env)


def chromium() -> str | None:
    """The browser that journeys drive."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)


def reachable_postgres() -> str | None:
    """A PostgreSQL that we may make databases in: ``DATABASE_URL``, else the usual port; without a database's name."""
    import psycopg2

    given = os.environ.get("DATABASE_URL", "")
    url = given if given.startswith("postgres") else "postgres://postgres@127.0.0.1:5432/postgres"
    try:
        connection = psycopg2.connect(url, connect_timeout=2)
    except psycopg2.OperationalError:
        return None
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        row = cursor.fetchone()
    connection.close()
    return urlsplit(url)._replace(path="").geturl() if row and row[0] else None


def reachable_redis_databases(needed: int) -> list[str]:
    """Empty databases of a reachable Redis: what is put into an empty one is ours, and may be flushed."""
    import redis

    given = os.environ.get("CELERY_BROKER_URL", "")
    server = (
        given.rsplit("/", 1)[0] if given.startswith("redis://") and given.count("/") > 2 else "redis://127.0.0.1:6379"
    )
    try:
        empty = [url for number in range(1, 16) if redis.Redis.from_url(url := f"{server}/{number}").dbsize() == 0]
    except redis.RedisError:
        return []
    return empty[:needed] if len(empty) >= needed else []


def server_environment(stack: ExitStack, report: Report) -> dict[str, str] | None:
    """Start (or find) PostgreSQL and Redis; the variables that name them to the tests, or None where one is missing."""
    needed = 2 * processes()  # for each test process a cache and a broker
    missing = []
    try:
        if PrivatePostgres.is_installed():
            postgres = stack.enter_context(PrivatePostgres()).url
        else:
            postgres = reachable_postgres() or ""
        if PrivateRedis.is_installed():
            server = stack.enter_context(PrivateRedis()).url
            redis_urls = [f"{server}/{number}" for number in range(needed)]
        else:
            redis_urls = reachable_redis_databases(needed)
    except ServiceError as error:
        report.left_out.append(f"everything on PostgreSQL with Redis: {error}")
        return None
    if not postgres:
        missing.append("PostgreSQL (install the package postgresql)")
    if not redis_urls:
        missing.append("Redis (install the package redis-server)")
    if missing:
        report.left_out.append(f"everything on PostgreSQL with Redis: this machine has no {' and no '.join(missing)}")
        return None
    return {
        "DATABASE_URL": f"{postgres}/clahrc_{os.getpid()}",
        "TEST_REDIS_URLS": " ".join(redis_urls),
        "CELERY_BROKER_URL": redis_urls[0],
        "CACHE_URL": redis_urls[1],
    }


def pytest(title: str, marks: str, env: dict[str, str], report: Report, extra: list[str]) -> None:
    """Run the tests of these marks in parallel, in random order; show their output, and keep the closing line."""
    print(f"\n{'-' * 20} {title} {'-' * 20}", flush=True)
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    command = [sys.executable, "-m", "pytest", "-n", str(processes()), "--dist", "worksteal", "-q", "-m", marks, *extra]
    started = time.monotonic()
    closing = ""
    with subprocess.Popen(
        command, cwd=ROOT, env={**inherited, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as run:
        for line in run.stdout or ():
            print(line, end="", flush=True)
            if CLOSING_LINE.match(line):
                closing = line.strip("= \n")
    if run.returncode not in {0, NOTHING_COLLECTED}:
        report.failed = True
    report.closing_lines.append(f"{title}: {closing or 'no closing line'} ({time.monotonic() - started:.0f} s)")


def stop_on_signal(number: int, _frame: object) -> None:
    """Leave by way of what stops the services."""
    raise SystemExit(128 + number)


def main(extra: list[str]) -> int:
    """Run both columns and the journeys; 0 if everything passed and, with ``CI=true``, nothing was left out."""
    signal.signal(signal.SIGTERM, stop_on_signal)
    wanted = {
        "postgresql": PrivatePostgres.is_installed() or reachable_postgres() is not None,
        "redis-server": PrivateRedis.is_installed() or bool(reachable_redis_databases(2 * processes())),
        "chromium": chromium() is not None,
    }
    install([package for package, is_here in wanted.items() if not is_here])

    report = Report()
    browser = {"CHROMIUM": chromium() or ""}
    if not browser["CHROMIUM"]:
        report.left_out.append("every journey: this machine has no Chromium (install the package chromium)")
    journeys = ["--nomigrations", *extra]  # the suite before has migrated; tables made at once save half a minute
    pytest("SQLite", "not journey", {}, report, extra)
    if browser["CHROMIUM"]:
        # A browser sees no difference between the databases, so each way of making a journey, and the walk past every
        # page, is gone once.
        pytest("SQLite, journeys", "journey and not walk", {**browser, "JOURNEY_WAYS": "desk"}, report, journeys)
    with ExitStack() as stack:
        servers = server_environment(stack, report)
        if servers is not None:
            pytest("PostgreSQL and Redis", "not journey and not once", servers, report, extra)
            if browser["CHROMIUM"]:
                ways = {"JOURNEY_WAYS": "without-javascript phone"}
                marks = "journey and not once"
                pytest("PostgreSQL and Redis, journeys", marks, {**servers, **browser, **ways}, report, journeys)

    print("\nIn short:")
    for line in report.closing_lines:
        print(f"  {line}")
    for line in report.left_out:
        print(f"  NOT RUN: {line}")
    return int(report.failed or (bool(report.left_out) and os.environ.get("CI") == "true"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
