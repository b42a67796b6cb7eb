"""``make bench``: each main page's requests a second, beside a bare Django view that reads and renders as many rows.

One run, one gunicorn worker, one database, this machine only. Page and bare view take turns, so that whatever else the
machine does slows both. PostgreSQL where this machine has it, else SQLite; the first line says which.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from benchmarks.load import Target, requests_per_second  # noqa: E402
from scripts.processes import die_with_parent, free_port, stop_all  # noqa: E402
from scripts.services import PrivatePostgres  # noqa: E402

SIZES = (16, 1600)
#: The aim: a page with its layout, permissions and links at a third of a bare view's speed.
AIM = 1 / 3


@dataclass(frozen=True)
class Page:
    """A page, who asks for it (None: anybody) and what kind of rows it shows."""

    path: str
    kind: str
    person: str | None = None


PAGES = (
    Page("/", "themes"),
    Page("/studies/", "studies"),
    Page("/studies/manage/", "studies", "staff"),
    Page("/studies/{study}/", "studies"),
    Page("/communities/", "studies"),
    Page("/fellows/", "fellow-posts", "staff"),
    Page("/panels/", "studies", "staff"),
    Page("/reviews/", "studies", "scientist"),
)


def programme_of(size: int) -> dict[str, Any]:
    """The paper's programme file with its studies repeated, under other titles, until there are ``size``."""
    programme = json.loads((ROOT / "data/clahrc-ndl.json").read_text())
    paper = programme["studies"]
    programme["studies"] = []
    for number in range(size):
        study = copy.deepcopy(paper[number % len(paper)])
        if number >= len(paper):
            study["slug"] += f"-{number}"
            study["title"] += f" ({number})"
            study["acronym"] = ""
        programme["studies"].append(study)
    return programme


def manage(*words: str, **env: str) -> None:
    """Run a management command; its output only if it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"manage.py {words[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def load_studies(size: int, folder: Path) -> None:
    """Have ``size`` studies in the database, by the portal's own command."""
    path = folder / f"programme-{size}.json"
    path.write_text(json.dumps(programme_of(size)))
    manage("load_programme", str(path))


def cookie_of(person: str | None) -> str:
    """The session of a demonstration login."""
    if person is None:
        return ""
    from django.conf import settings
    from django.test import Client

    from people.models import User

    client = Client()
    client.force_login(User.objects.get(email=f"{person}@example.org"), "django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def rows_in(html: str) -> int:
    """How many rows a page shows: table rows, list items and cards, or, where that is more, things it links to."""
    main = re.sub(r"(?s)<nav\b.*?</nav>|<thead\b.*?</thead>", "", html.partition("<main")[2])
    shown = len(re.findall(r'<tr\b|<li\b|class="nhsuk-card[ "]|class="nhsuk-summary-list__row', main))
    links = {*re.findall(r'href="(/[a-z]+/[\w/-]+/)"', main)}
    return max(1, shown, len(links))


@contextmanager
def one_worker(folder: Path) -> Iterator[int]:
    """The portal and the bare views in one gunicorn worker; yields its port."""
    port = free_port()
    command = ["gunicorn", "clahrc.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "4"]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--no-control-socket"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if Target(port, "/healthz").fetch()[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        stop_all([process])


def measure(page: Page, port: int, study: str, seconds: float) -> str:
    """One line of the table."""
    target = Target(port, page.path.format(study=study), cookie_of(page.person))
    status, html = target.fetch()
    if status != 200:
        last = (Path(os.environ["VAR_DIR"]) / "web.log").read_text().strip().rpartition("\n")[2]
        return f"{page.path:<24}answered {status}, not measured: {last}"
    from benchmarks.views import KINDS

    rows = min(rows_in(html), KINDS[page.kind].count())
    bare = Target(port, f"/bare/{page.kind}/?rows={rows}", target.cookie)
    speeds: dict[Target, list[float]] = {target: [], bare: []}
    for each in speeds:  # warm: templates compiled, connections open
        requests_per_second(each, seconds=min(seconds, 0.5))
    for _turn in range(2):
        for each, measured in speeds.items():
            measured.append(requests_per_second(each, seconds=seconds))
    own, beside = sum(speeds[target]) / 2, sum(speeds[bare]) / 2
    verdict = "" if own >= beside * AIM else "  below a third"
    return f"{page.path:<24}{rows:>6}{own:>12.1f}{beside:>12.1f}{own / beside:>8.2f}{verdict}"


def main() -> None:
    """Fill a throw-away database, measure at each size, print as it goes."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=2.0, help="for each of two turns of each page and bare view")
    options.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="numbers of studies, growing")
    chosen = options.parse_args()

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clahrc-bench-")))
        for name in ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "EMAIL_URL"):
            os.environ.pop(name, None)
        os.environ.update(
            VAR_DIR=str(folder),
            SECRET_KEY="only-for-benchmarks",
            DEBUG="0",
            DEMO="1",
            SITE_URL="http://127.0.0.1",
            ALLOWED_HOSTS="127.0.0.1,testserver",
            LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="benchmarks.settings",
        )
        database = "SQLite"
        if PrivatePostgres.is_installed():
            os.environ["DATABASE_URL"] = f"{stack.enter_context(PrivatePostgres()).url}/postgres"
            database = "PostgreSQL"
        print(f"One gunicorn worker with 4 threads on {database}; requests a second on 4 connections.", flush=True)
        manage("migrate")
        manage("collectstatic", "--noinput")
        load_studies(16, folder)
        manage("load_demo", DEBUG="1")

        import django

        django.setup()
        from studies.models import Study

        for size in chosen.sizes:
            load_studies(size, folder)
            study = Study.objects.order_by("pk").values_list("slug", flat=True)[0]
            print(
                f"\n{Study.objects.count()} studies\n{'page':<24}{'rows':>6}{'portal':>12}{'bare':>12}{'ratio':>8}",
                flush=True,
            )
            with one_worker(folder) as port:
                for page in PAGES:
                    print(measure(page, port, study, chosen.seconds), flush=True)


if __name__ == "__main__":
    main()
