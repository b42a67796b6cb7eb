"""How fast one worker sends a personalised newsletter, beside plain smtplib pushing ready bytes down one connection.

One run, one sink (this project's own, a process by itself), one database, this machine only; the two take turns. The
database waits for its disk as it would in production. Run with ``.venv/bin/python benchmarks/mailing.py``.
"""

from __future__ import annotations

import argparse
import os
import resource
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from scripts.processes import die_with_parent  # noqa: E402
from scripts.services import PrivatePostgres  # noqa: E402

if TYPE_CHECKING:
    from mailing.models import Mailing

#: The aim: every delivery settled in the database, at half the speed of bytes that need nothing.
AIM = 0.5
_WORDS = "Partners in health research and care work side by side in every study of the programme. "
_STOP = "\n\n[Stop these emails]\nhttp://127.0.0.1/communities/unsubscribe/{{token}}/\n"
#: About 20 kB as a whole message.
_TEXT = "Dear {{name}},\n\n" + "\n\n".join([_WORDS * 4] * 14) + _STOP


class DurablePostgres(PrivatePostgres):
    """One that waits for its disk."""

    def command(self) -> list[str]:
        """As the tests', with what they turn off turned on."""
        return [word.replace("=off", "=on") for word in super().command()]


def start_sink(stack: ExitStack, folder: Path) -> int:
    """Start a mail server that keeps a line for each message; returns its port."""
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sink", str(folder / "sink.log")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
    )
    stack.callback(process.kill)
    return int(process.stdout.readline())  # type: ignore[union-attr]


def newsletter(people: int) -> Mailing:
    """Queue one newsletter to ``people``."""
    from django.db.models import F

    from mailing.services import queue_bulk
    from people.models import User

    have = User.objects.count()
    User.objects.bulk_create(
        (User(email=f"p{number}@example.org", full_name=f"Zoë Person {number}") for number in range(have, people)),
        batch_size=2000,
    )
    first = User.objects.order_by("pk").values("pk")[:people]
    return queue_bulk(
        topic="newsletter",
        list_key="newsletter:1",
        subject="What is new in the programme",
        text=_TEXT,
        headers={
            "List-Unsubscribe": "<http://127.0.0.1/communities/unsubscribe/{{token}}/>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        audience=User.objects.filter(pk__in=first).values("email", name=F("full_name"), subject_id=F("pk")),
    )


def engine_rate(people: int) -> float:
    """Deliveries a second that one worker sends and settles."""
    from mailing.engine import Engine
    from mailing.models import Delivery

    mailing = newsletter(people)
    engine = Engine(stopping=lambda: False)
    started = time.perf_counter()
    engine.run(urgent_only=False, seconds=3600)
    took = time.perf_counter() - started
    settled = Delivery.objects.filter(mailing=mailing, status="sent").count()
    if settled != people:
        raise RuntimeError(f"{settled} of {people} were settled")
    return people / took


def smtplib_rate(people: int, port: int, message: bytes) -> float:
    """Messages a second that smtplib pushes down one connection."""
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        started = time.perf_counter()
        for number in range(people):
            smtp.sendmail("portal@example.org", [f"p{number}@example.org"], message)
        return people / (time.perf_counter() - started)


def ready_bytes(mailing: Mailing) -> bytes:
    """One whole message of ``mailing``."""
    from django.utils import timezone

    from mailing.mime import Blueprint, Recipient

    recipient = Recipient(1, "p1@example.org", "Zoë Person 1", "1", timezone.now())
    return Blueprint(mailing, [], for_wire=False).bytes_for(recipient, now=timezone.now())


def peak_memory() -> float:
    """The most memory this process has used, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Set up a throw-away database and a sink, measure in turns, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=3000)
    options.add_argument("--turns", type=int, default=3)
    chosen = options.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clahrc-bench-")))
        os.environ.update(
            VAR_DIR=str(folder),
            SECRET_KEY="only-for-benchmarks",
            DEBUG="0",
            DEMO="0",
            SITE_URL="http://127.0.0.1",
            LOG_LEVEL="ERROR",
            DJANGO_SETTINGS_MODULE="clahrc.settings",
            CELERY_BROKER_URL="memory://",
        )
        database = "SQLite"
        os.environ.pop("DATABASE_URL", None)
        if DurablePostgres.is_installed():
            os.environ["DATABASE_URL"] = f"{stack.enter_context(DurablePostgres()).url}/postgres"
            database = "PostgreSQL"
        port = start_sink(stack, folder)
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        call_command("migrate", verbosity=0)
        engine_rate(400)
        before = peak_memory()
        message = ready_bytes(newsletter(1))
        size = len(message) / 1000
        print(f"A newsletter of {size:.0f} kB to {chosen.people} people, on {database}; messages a second.")
        ratios = []
        for _ in range(chosen.turns):
            ready = smtplib_rate(chosen.people, port, message)
            ours = engine_rate(chosen.people)
            ratios.append(ours / ready)
            print(f"  one worker {ours:8.0f}    smtplib {ready:8.0f}    ratio {ratios[-1]:.2f}")
        ratio = statistics.median(ratios)
        print(f"Ratio {ratio:.2f}: {'reaches' if ratio >= AIM else 'misses'} the aim of {AIM}.")
        print(f"Memory: {before:.0f} MB after 400 people, {peak_memory():.0f} MB after {chosen.people}.")
        connection.close()


if __name__ == "__main__":
    main()
