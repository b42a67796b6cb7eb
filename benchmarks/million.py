"""What changes when a newsletter goes to a million people rather than to 400: nothing, but for the time it takes.

The people are associates of a community who asked for newsletters, put into the database as rows; everything after
that is the portal's own: sending, worker and pages.
"""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

from benchmarks.rows import copy
from benchmarks.stage import ROOT, Stage, peak_memory
from benchmarks.table import Row

if TYPE_CHECKING:
    from django.test import Client

    from communities.models import Community, Newsletter
    from people.models import User

FEW = 400
#: MB that a worker may need more of, and seconds that a page may take.
MEMORY, PAGE = 30, 1.0
#: Seconds that the press of a button may take.
PRESS = 2.0
_BODY = "\n\n".join(["Partners in health research and care work side by side in every study. " * 4] * 24)


def measure(stage: Stage, *, people: int, sent: int) -> list[Row]:
    """The rows: queueing, memory, pages. ``sent`` of the many are sent before the worker is stopped."""
    from django.core.management import call_command
    from django.test import Client

    from communities.models import Community
    from people.models import User

    call_command("load_programme", str(ROOT / "data/clahrc-ndl.json"), stdout=io.StringIO())
    staff = User.objects.create_user(email="staff@example.org", full_name="Staff", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(staff, "django.contrib.auth.backends.ModelBackend")
    small, large = Community.objects.order_by("pk")[:2]
    few = _Sending(stage, client, small, 0, FEW, staff)
    few.send(FEW)
    many = _Sending(stage, client, large, FEW, people, staff)
    many.send(sent)
    cancelled, withdrawing = many.cancel()
    print(f"{'page':<38}{'queries':>9}{'at ' + str(FEW):>9}{'queries':>9}{f'at {people:,}':>14}")
    for name, (queries, seconds) in few.pages.items():
        others, longer = many.pages[name]
        print(f"{name:<38}{queries:>9}{seconds:>8.2f}s{others:>9}{longer:>13.2f}s", flush=True)
    slowest, search = (
        max((name for name in many.pages if ("looked for" in name) is looks), key=lambda name: many.pages[name][1])
        for looks in (False, True)
    )
    no_more = all(many.pages[name][0] <= queries for name, (queries, _) in few.pages.items())
    return [
        Row(
            f"An audience of {people:,} becomes deliveries ({many.statements} statements of the worker, "
            f"{few.statements} for {FEW})",
            f"{many.inserts} INSERT, {many.seconds:.0f} s",
            "1 INSERT, as many statements",
            many.inserts == 1 and many.statements == few.statements and many.queued == people,
        ),
        Row(
            f"Memory of a worker that sends {sent:,} of {people:,}, beside one that sends {FEW}",
            f"{many.memory:.0f} MB, {few.memory:.0f} MB",
            f"{MEMORY} MB more",
            many.memory - few.memory <= MEMORY,
        ),
        Row(
            f"Queries of {len(few.pages)} pages about a newsletter to {people:,}, beside one to {FEW}",
            "no more" if no_more else "more",
            "no more",
            no_more,
        ),
        Row(
            f"The slowest of these pages at {people:,}: {slowest}",
            f"{many.pages[slowest][1]:.2f} s",
            f"within {PAGE:.0f} s",
            many.pages[slowest][1] <= PAGE,
        ),
        Row(f"The slower search among them: {search}", f"{many.pages[search][1]:.2f} s"),
        Row(
            f"The press that sends to {people:,}; a worker makes the list",
            f"{many.pressed:.2f} s",
            f"within {PRESS:.0f} s",
            many.pressed <= PRESS,
        ),
        Row(
            f"The press that cancels it; workers then took {withdrawing:.0f} s to note so of each who waited",
            f"{cancelled:.2f} s",
            f"within {PRESS:.0f} s",
            cancelled <= PRESS,
        ),
    ]


class _Sending:
    """One newsletter to one community of so many, and what was seen of it."""

    def __init__(
        self, stage: Stage, client: Client, community: Community, first: int, people: int, staff: User
    ) -> None:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        from communities.services import list_making, newsletters

        self._stage, self._client = stage, client
        self.pages: dict[str, tuple[int, float]] = {}
        _join(community, first, people)
        newsletter = newsletters.create_newsletter(
            by=staff, words=_BODY, community=community, title=f"News {people}", introduction="News."
        )
        # Of both a worker makes the list, or there would be nothing to compare.
        list_making.AT_ONCE = FEW // 2
        self._newsletter = newsletter
        self.pressed = self._press("send")
        started = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            newsletters.make_lists()
        self.seconds = time.perf_counter() - started
        newsletter.refresh_from_db()
        # The database is told to count anew where many came: that is no part of the work.
        self.statements = sum(not query["sql"].startswith("ANALYZE") for query in queries)
        self.inserts = sum("INSERT INTO mailing_delivery" in query["sql"] for query in queries)
        self.queued = self._newsletter.mailing.deliveries.count()  # type: ignore[union-attr]

    def send(self, number: int) -> None:
        """Have a worker send so many of them, and look at the pages."""
        with self._stage.worker() as worker:
            self._stage.sink.wait_for(number)
            self.memory = peak_memory(worker)
        for name, path in _paths(self._newsletter).items():
            self.pages[name] = self._page(path)

    def cancel(self) -> tuple[float, float]:
        """Press the button; the seconds that it takes, and those until nobody waits any more."""
        from mailing.withdrawing import withdraw_cancelled

        pressed = self._press("cancel")
        started = time.perf_counter()
        withdraw_cancelled(seconds=3600)
        return pressed, time.perf_counter() - started

    def _press(self, button: str) -> float:
        started = time.perf_counter()
        answer = self._client.post(f"/newsletters/{self._newsletter.slug}/{button}/", {"version": "1"})
        if answer.status_code != 302:
            raise RuntimeError(f"the button {button} answered {answer.status_code}")
        return time.perf_counter() - started

    def _page(self, path: str) -> tuple[int, float]:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            answer = self._client.get(path)
            number = len(queries)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        started = time.perf_counter()
        self._client.get(path)
        return number, time.perf_counter() - started


def _join(community: Community, first: int, people: int) -> None:
    """Have so many people join a community and agree to newsletters: one by the models, the others as copies."""
    from communities.models import Associate, Consent, Membership

    one = Associate.objects.create(
        key=f"k{first}", email=f"a{first}@example.org", name=f"Zoë Person {first}", involvement="service_user"
    )
    membership = Membership.objects.create(associate=one, community=community, wants_newsletters=True)
    consent = Consent.objects.create(associate=one, purpose="newsletters", wording="Yes", source="benchmark")
    numbers = range(first + 1, first + people)
    copy(one, numbers, key="'k' || n", email="'a' || n || '@example.org'", name="'Zoë Person ' || n")
    theirs = "(SELECT id FROM communities_associate WHERE key = 'k' || n)"
    copy(membership, numbers, associate_id=theirs)
    copy(consent, numbers, associate_id=theirs)


def _paths(newsletter: Newsletter) -> dict[str, str]:
    mine = f"/newsletters/{newsletter.slug}"
    return {
        "newsletter, preview": f"{mine}/preview/",
        "newsletter, progress": f"{mine}/progress/",
        "newsletter, report": f"{mine}/report/",
        "newsletter, report, a name looked for": f"{mine}/report/?q=person+77",
        "newsletters": "/newsletters/manage/",
        "outbox": "/outbox/",
        "outbox, an address looked for": "/outbox/?q=a77%40",
        "outbox, what was sent": "/outbox/?status=sent",
        "outbox, last page": "/outbox/?page=999999",
        "outbox, the mailing": f"/outbox/mailings/{newsletter.mailing_id}/",
    }
