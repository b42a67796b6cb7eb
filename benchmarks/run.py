"""``make bench``: each main page's requests a second, beside a bare Django view that reads and renders as many rows.

One run, one gunicorn worker, one database, this machine only. Page and bare view take short turns, so that whatever
else the machine does slows both; the table shows the median turn of each, and of the turns' ratios. PostgreSQL where
this machine has it, else SQLite; the first line says which. ``benchmarks/views.py`` says what bare means. Last comes
the mail (``benchmarks/mail.py``), unless ``--pages-only``. Then every aim stands in one table, and the run ends with
1 where one is missed.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import re
import secrets
import statistics
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
from benchmarks.stage import cores  # noqa: E402
from benchmarks.table import Row, read_rows, show  # noqa: E402
from scripts.processes import die_with_parent, free_port, stop_all  # noqa: E402
from scripts.services import PrivatePostgres  # noqa: E402

SIZES = (16, 1600)
#: The aim: a page with its layout, permissions and links at a third of a bare view's speed.
AIM = 1 / 3
_AIM_IN_WORDS = "at least a third"
#: How often page and bare view take turns.
TURNS = 5


@dataclass(frozen=True)
class Page:
    """A page, what the bare view lists in its place, how a row of it begins in the page's HTML, how many things each
    row says, and who asks (None: anybody).
    """

    path: str
    kind: str
    row: str
    columns: int
    person: str | None = None


PAGES = (
    Page("/", "posts", r"<li\b|<dt\b|<article\b", 2),
    Page("/studies/", "studies", r'class="app-table-1__title"', 3),
    Page("/studies/manage/", "studies", r"<tr\b", 8, "staff"),
    Page("/studies/{study}/", "studies", r"<dt\b|<li\b", 2),
    Page("/communities/", "communities", r'class="nhsuk-card[ "]', 3),
    Page("/fellows/", "posts", r"<tr\b", 7, "staff"),
    Page("/panels/", "panels", r'class="nhsuk-card[ "]', 3, "staff"),
    Page("/reviews/", "reviews", r'<tr\b|class="nhsuk-card[ "]', 4, "scientist"),
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


def rows_in(html: str, row: str) -> int:
    """How many rows a page shows between its header and its footer, without its navigation and tables' headings."""
    body = html.partition("</header>")[2].partition("<footer")[0]
    return max(1, len(re.findall(row, re.sub(r"(?s)<nav\b.*?</nav>|<thead\b.*?</thead>", "", body))))


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


def measure(page: Page, port: int, study: str, seconds: float, size: int) -> Row:
    """Measure one page and print its line; its row of the last table."""
    target = Target(port, page.path.format(study=study), cookie_of(page.person))
    status, html = target.fetch()
    if status != 200:
        last = (Path(os.environ["VAR_DIR"]) / "web.log").read_text().strip().rpartition("\n")[2]
        print(f"{page.path:<22}answered {status}, not measured: {last}", flush=True)
        return Row(f"{page.path} at {size:,} studies", f"answered {status}", _AIM_IN_WORDS, met=False)
    from benchmarks.views import KINDS

    rows = min(rows_in(html, page.row), KINDS[page.kind][0].count())
    bare = Target(port, f"/bare/{page.kind}/{page.columns}/{rows}/", target.cookie)
    for each in (target, bare):  # warm: templates compiled, connections open
        requests_per_second(each, seconds=min(seconds, 0.5))
    turns = [
        (requests_per_second(target, seconds=seconds), requests_per_second(bare, seconds=seconds)) for _ in range(TURNS)
    ]
    own, beside = (statistics.median(speeds) for speeds in zip(*turns, strict=True))
    ratio = statistics.median(ours / theirs for ours, theirs in turns)
    verdict = "" if ratio >= AIM else "  below a third"
    print(f"{page.path:<22}{rows:>6} x{page.columns:>2}{own:>10.1f}{beside:>10.1f}{ratio:>8.2f}{verdict}", flush=True)
    name = f"{page.path} at {size:,} studies, beside a bare view of as many rows"
    return Row(name, f"{ratio:.2f}", _AIM_IN_WORDS, ratio >= AIM)


def fill_environment(folder: Path) -> None:
    """Set what the portal's processes need, whatever the developer's own environment says."""
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "EMAIL_URL"):
        os.environ.pop(name, None)
    os.environ.update(
        VAR_DIR=str(folder),
        SECRET_KEY=secrets.token_urlsafe(50),
        DEBUG="0",
        DEMO="1",
        SITE_URL="http://127.0.0.1",
        ALLOWED_HOSTS="127.0.0.1,testserver",
        LOG_LEVEL="WARNING",
        DJANGO_SETTINGS_MODULE="benchmarks.settings",
    )


def main() -> None:
    """Fill a throw-away database, measure at each size, print as it goes."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=0.7, help="for each turn of each page and bare view")
    options.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="numbers of studies, growing")
    options.add_argument("--pages-only", action="store_true", help="leave the mail out")
    chosen = options.parse_args()
    rows: list[Row] = []

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clahrc-bench-")))
        fill_environment(folder)
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
                f"\n{Study.objects.count():,} studies\n{'page':<22}{'rows':>10}{'portal':>10}{'bare':>10}{'ratio':>8}",
                flush=True,
            )
            with one_worker(folder) as port:
                rows += [measure(page, port, study, chosen.seconds, size) for page in PAGES]
    if not chosen.pages_only:
        print(flush=True)
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            subprocess.run([sys.executable, "benchmarks/mail.py", "--rows", file.name], cwd=ROOT, check=True)
            rows += read_rows(Path(file.name))
    print(f"\n{cores()} cores.")
    if not show(rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
