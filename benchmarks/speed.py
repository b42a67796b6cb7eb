"""How fast a newsletter goes: one worker beside plain smtplib, two workers beside one, one beside django-newsletter.

All push the same message of about 20 kB, filled in for each person, to the same mail server, and take turns. A
worker's time is that of a Celery worker process with one thread and one connection, from the call that queues the
newsletter until the database says of every delivery that it was sent.
"""

from __future__ import annotations

import json
import os
import smtplib
import statistics
import subprocess
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.stage import ROOT, Stage, cores, wait_until
from benchmarks.table import Row

if TYPE_CHECKING:
    from mailing.models import Mailing

HALF = 0.5
#: How much faster than django-newsletter.
FIVE = 5
#: Of two workers beside one, where there are cores for both, the database and the mail server.
TWO = 1.6
_CORES_FOR_TWO = 4
_RIVAL = "1.2.1"
_PINS = [f"django-newsletter=={_RIVAL}", "Django==5.2.*", "psycopg2-binary==2.9.*", "sorl-thumbnail==12.*"]
_WORDS = "Partners in health research and care work side by side in every study of the programme. "
_STOP = "\n\n[Stop these emails]\nhttp://127.0.0.1/communities/unsubscribe/{{token}}/\n"
#: About 20 kB as a whole message, HTML and headers included.
TEXT = "Dear {{name}},\n\n" + "\n\n".join([_WORDS * 4] * 14) + _STOP


def newsletter(people: int) -> Mailing:
    """Queue one newsletter to ``people``."""
    from django.db.models import F

    from mailing.services import queue_bulk
    from people.models import User

    first = User.objects.order_by("pk").values("pk")[:people]
    return queue_bulk(
        topic="newsletter",
        list_key="newsletter:1",
        subject="What is new in the programme",
        text=TEXT,
        headers={
            "List-Unsubscribe": "<http://127.0.0.1/communities/unsubscribe/{{token}}/>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        audience=User.objects.filter(pk__in=first).values("email", name=F("full_name"), subject_id=F("pk")),
    )


def make_people(number: int) -> None:
    """Have at least ``number`` people."""
    from benchmarks.rows import copy
    from people.models import User

    one = User.objects.first() or User.objects.create(email="p0@example.org", full_name="Zoë Person 0", password="!")
    have = range(User.objects.count(), number)
    copy(one, have, email="'p' || n || '@example.org'", full_name="'Zoë Person ' || n")


def ready_bytes(mailing: Mailing) -> bytes:
    """One whole message of ``mailing``."""
    from django.utils import timezone

    from mailing.mime import Blueprint, Recipient

    recipient = Recipient(1, "p1@example.org", "Zoë Person 1", "1", timezone.now())
    return Blueprint(mailing, [], for_wire=False).bytes_for(recipient, now=timezone.now())


def our_rate(stage: Stage, people: int) -> float:
    """Deliveries a second, queued, sent and settled by whatever workers run now."""
    from mailing.models import Delivery

    stage.sink.fresh()
    started = time.perf_counter()
    mailing = newsletter(people)
    stage.sink.wait_for(people)
    deliveries = Delivery.objects.filter(mailing=mailing)
    unsettled = deliveries.exclude(status=Delivery.Status.SENT)
    wait_until(lambda: not unsettled.exists(), what="the last settled delivery", every=0.01)
    took = time.perf_counter() - started
    if deliveries.count() != people:
        raise RuntimeError(f"{deliveries.count()} of {people} were queued")
    return people / took


def smtplib_rate(stage: Stage, people: int, message: bytes) -> float:
    """Messages a second that smtplib pushes down one connection."""
    with smtplib.SMTP("127.0.0.1", stage.sink.port) as smtp:
        started = time.perf_counter()
        for number in range(people):
            smtp.sendmail("portal@example.org", [f"p{number}@example.org"], message)
        return people / (time.perf_counter() - started)


class Rival:
    """django-newsletter in an environment and a database of its own, with the same text, HTML and people."""

    def __init__(self, stage: Stage, mailing: Mailing, people: int) -> None:
        """Install it under ``var/``, unless that is done; it alone is never a part of the portal."""
        self._stage, self._people = stage, people
        self._python = _install()
        self._message = Path(os.environ["VAR_DIR"]) / "rival.json"
        self._message.write_text(
            json.dumps({"subject": mailing.subject, "text": mailing.text, "html": mailing.html, "people": people})
        )
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            "DJANGO_SETTINGS_MODULE": "benchmarks.rival.settings",
            "RIVAL_POSTGRES": stage.postgres,
            "RIVAL_SINK": str(stage.sink.port),
            "RIVAL_MESSAGE": str(self._message),
        }
        self._run("prepare")

    def rate(self, *, delay: str) -> float:
        """Messages a second of its ``submit_queue``. ``delay`` is its setting in seconds, empty for not set."""
        self._stage.sink.fresh()
        took = float(self._run("send", RIVAL_DELAY=delay))
        self._stage.sink.wait_for(self._people)
        return self._people / took

    def _run(self, what: str, **env: str) -> str:
        done = subprocess.run(
            [self._python, "-m", "benchmarks.rival.run", what],
            cwd=ROOT,
            env={**self._env, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"django-newsletter could not {what}:\n{done.stderr[-3000:]}")
        return done.stdout.strip()


def _install() -> str:
    folder = ROOT / "var" / f"django-newsletter-{_RIVAL}"
    python, made = folder / "bin" / "python", folder / ".made"
    if not made.exists() or made.read_text().split() != _PINS:
        print(f"Installing django-newsletter {_RIVAL} into {folder.relative_to(ROOT)}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *_PINS], check=True)
        made.write_text("\n".join(_PINS))
    return str(python)


def measure(stage: Stage, *, people: int, turns: int) -> list[Row]:
    """The rows on speed."""
    make_people(people)
    with stage.worker():
        our_rate(stage, 400)  # warm, and the database knows how large its tables are
        mailing = newsletter(1)
        stage.sink.wait_for(1)
    message = ready_bytes(mailing)
    few = max(1, people // 10)
    rival = Rival(stage, mailing, few)
    print(f"A newsletter of {len(message) / 1000:.0f} kB to {people:,} people; messages a second.", flush=True)
    columns = ("smtplib", "one worker", "two workers", "django-newsletter", "the same, delays 0")
    print("  ".join(f"{column:>18}" for column in columns))
    found: list[tuple[float, ...]] = []
    with stage.worker():
        for _ in range(turns):
            plain = smtplib_rate(stage, people, message)
            one = our_rate(stage, people)
            as_it_comes, without_delays = rival.rate(delay=""), rival.rate(delay="0")
            with stage.worker():
                two = our_rate(stage, people)
            found.append((plain, one, two, as_it_comes, without_delays))
            print("  ".join(f"{rate:>18,.0f}" for rate in found[-1]), flush=True)
    plains, ones, twos, theirs, theirs_at_zero = zip(*found, strict=True)
    half, two, five, five_at_zero = (
        statistics.median(mine / other for mine, other in zip(ours, others, strict=True))
        for ours, others in ((ones, plains), (twos, ones), (ones, theirs), (ones, theirs_at_zero))
    )
    judged = cores() >= _CORES_FOR_TWO
    return [
        Row(
            f"One Celery worker (one thread, one connection), {people:,} people, queued to settled, beside smtplib",
            f"{half:.2f} of smtplib",
            f"at least {HALF}",
            half >= HALF,
        ),
        Row(
            f"The same beside django-newsletter {_RIVAL} as it comes, which sets no delay",
            f"{five:.1f} times",
        ),
        Row(
            f"The same beside django-newsletter {_RIVAL} with its delays set to 0",
            f"{five_at_zero:.1f} times",
            f"at least {FIVE} times",
            five_at_zero >= FIVE,
        ),
        Row(
            "Two Celery workers beside one",
            f"{two:.2f} times",
            f"at least {TWO} times" if judged else f"not judged: {cores()} cores",
            two >= TWO if judged else None,
        ),
    ]
