"""How long somebody waits for a login code while a newsletter goes to a hundred thousand people.

Web process and Celery worker are those of ``make run``. The time is from the request for the code to the moment at
which the mail server has the whole message, for one person after the other.
"""

from __future__ import annotations

import http.client
import re
import statistics
import time
import urllib.parse

from benchmarks.speed import make_people, newsletter
from benchmarks.stage import Stage
from benchmarks.table import Row

#: Seconds.
AIM = 2.0
_PATH = "/accounts/login/code/"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_PAUSE = 0.37  # seconds between two people: no whole part of what the worker's loop does


def measure(stage: Stage, *, waiting: int, asked: int = 10) -> Row:
    """The row."""
    from mailing.models import Delivery
    from mailing.services import pause

    make_people(waiting + asked)
    mailing = newsletter(waiting)
    open_ones = Delivery.objects.filter(mailing=mailing, status__in=Delivery.OPEN)
    with stage.web() as port, stage.worker(threads=4):
        stage.sink.wait_for(1000)
        took = []
        for number in range(waiting, waiting + asked):
            took.append(_ask(stage, port, f"p{number}@example.org"))
            time.sleep(_PAUSE)
        left = open_ones.count()
        pause(mailing=mailing)
    stage.clear()
    print(
        f"{asked} login codes while {waiting:,} deliveries were under way, {left:,} still after the last: "
        f"median {statistics.median(took):.2f} s, longest {max(took):.2f} s.",
        flush=True,
    )
    return Row(
        f"A login code asked for while {waiting:,} deliveries wait ({left:,} still did at the end), the longest "
        f"of {asked}, from the request to the mail server",
        f"{max(took):.2f} s",
        f"within {AIM:.0f} s",
        max(took) <= AIM and left > 0,
    )


def _ask(stage: Stage, port: int, email: str) -> float:
    """Ask for a code as a browser does; the seconds until it was sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", _PATH)
    page = connection.getresponse()
    cookies = "; ".join(value.partition(";")[0] for value in page.headers.get_all("Set-Cookie", []))
    token = _TOKEN.findall(page.read().decode())[0]
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": token, "email": email})
    headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    started = time.perf_counter()
    connection.request("POST", _PATH, form, headers)
    status = connection.getresponse().status
    if status != 302:
        raise RuntimeError(f"{_PATH} answered {status}")
    stage.sink.wait_for_recipient(email)
    connection.close()
    return time.perf_counter() - started
