"""The figures of the mail, for Prometheus and for staff: a fixed number of queries, however much waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, F, Min, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailing.models import Bounce, Delivery, Lease, Mailing, Suppression

_MINUTES = 5
_QUEUES = {True: "urgent", False: "bulk"}
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Figures:
    """How the mail stands. Queues are ``urgent`` and ``bulk``; ages are in seconds."""

    #: Messages not yet settled, by queue and state.
    depth: dict[tuple[str, str], int] = field(default_factory=dict)
    #: How long the message that has waited longest could have gone, by queue; 0 where none waits.
    oldest_age: dict[str, float] = field(default_factory=dict)
    sent_per_minute: float = 0
    leases: int = 0
    paused: int = 0
    suppressed: int = 0
    #: What came back in the last day, by kind.
    bounces: dict[str, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """Messages that are neither settled nor in hand."""
        return sum(number for (_, state), number in self.depth.items() if state != Delivery.Status.SENDING)

    @property
    def oldest_due(self) -> dt.datetime | None:
        """Since when the message that has waited longest, in either queue, could have gone; None where none waits."""
        seconds = max(self.oldest_age.values(), default=0)
        return timezone.now() - dt.timedelta(seconds=seconds) if seconds else None

    @property
    def came_back(self) -> int:
        """Reports in the last day."""
        return sum(self.bounces.values())


def figures() -> Figures:
    """Ask the database, eight times in all, however much waits."""
    now = timezone.now()
    depth = {(queue, str(state)): 0 for queue in _QUEUES.values() for state in Delivery.OPEN}
    unsettled = Delivery.objects.filter(Q(due_at__isnull=False) | Q(lease__isnull=False)).order_by()
    for urgent, state, number in unsettled.values_list("urgent", "status").annotate(number=Count("pk")):
        depth[_QUEUES[urgent], state] = number
    # The first in the order of an index, not the least of all that wait.
    oldest = {
        True: Delivery.objects.urgent_due(now).values_list("due_at", flat=True).first(),
        False: Mailing.objects.bulk_due(now).annotate(since=F("due")).aggregate(oldest=Min("since"))["oldest"],
    }
    since = now - dt.timedelta(minutes=_MINUTES)
    sent = Delivery.objects.filter(settled_at__gt=since, settled_at__lte=now, status=Delivery.Status.SENT).count()
    lately = Bounce.objects.filter(received_at__gt=now - dt.timedelta(days=1)).order_by()
    mailings = Mailing.objects.filter(kind=Mailing.Kind.BULK, status=Mailing.Status.PAUSED)
    return Figures(
        depth=depth,
        oldest_age={
            queue: (now - due).total_seconds() if (due := oldest[urgent]) else 0.0 for urgent, queue in _QUEUES.items()
        },
        sent_per_minute=sent / _MINUTES,
        leases=Lease.objects.live(now).count(),
        paused=mailings.count(),
        suppressed=Suppression.objects.in_force().count(),
        bounces={
            **dict.fromkeys(map(str, Bounce.Kind.values), 0),
            **dict(lately.values_list("kind").annotate(number=Count("pk"))),
        },
    )


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures as Prometheus reads them: 404 unless ``METRICS_TOKEN`` is set, 401 without it as bearer token."""
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        return HttpResponse("Bearer token needed\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse("\n".join(_lines(figures())) + "\n", content_type=_CONTENT_TYPE)


def _lines(found: Figures) -> Iterator[str]:
    yield from _metric(
        "mail_queue_messages",
        "Messages not yet settled.",
        {f'queue="{queue}",state="{state}"': number for (queue, state), number in found.depth.items()},
    )
    yield from _metric(
        "mail_queue_oldest_due_seconds",
        "How long the message that has waited longest could have gone.",
        {f'queue="{queue}"': age for queue, age in found.oldest_age.items()},
    )
    yield from _metric(
        "mail_sent_per_minute", f"Messages sent a minute, over {_MINUTES} minutes.", {"": found.sent_per_minute}
    )
    yield from _metric("mail_leases_held", "Batches that workers have in hand.", {"": found.leases})
    yield from _metric("mail_mailings_paused", "Bulk mailings that wait for a person.", {"": found.paused})
    yield from _metric("mail_addresses_suppressed", "Addresses that get no bulk mail.", {"": found.suppressed})
    yield from _metric(
        "mail_bounces_last_day",
        "Reports of the last day, by what they say.",
        {f'kind="{kind}"': number for kind, number in found.bounces.items()},
    )


def _metric(name: str, words: str, values: dict[str, float]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    for labels, value in values.items():
        yield f"{name}{{{labels}}} {value!r}" if labels else f"{name} {value!r}"
