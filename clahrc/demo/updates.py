"""The demonstration's monthly updates: last month's was sent, this month's waits to be approved."""

from __future__ import annotations

import datetime as dt

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from clahrc.demo.cast import Cast
from clahrc.demo.mail import put_back
from communities.models import Community, MonthlyUpdate, UpdateEntry, UpdateSection
from communities.models.update import month_of
from communities.services.update_sending import send_update
from communities.services.updates import draft_update, save_section
from communities.working_days import first_working_day, working_days_after
from mailing.compose import site_url
from mailing.models import Mailing
from people.models import User

_LAST_MONTH = [
    (
        UpdateEntry.Kind.NEWS,
        "Thank you to everyone who came to the last meeting",
        "We talked about what makes taking part easy, and what does not. The notes are with the study team.",
    ),
    (
        UpdateEntry.Kind.RESOURCE,
        "Research words in plain English",
        "What “randomised”, “consent” and “follow-up” mean, on one page.",
    ),
]


def bring_to_life(cast: Cast, communities: list[Community]) -> None:
    """One month that is over, with three communities, and one that convenors and staff are asked to approve."""
    staff = cast.logins["staff"]
    _send_last_month_s(communities[:3], staff)
    update = draft_update(today=timezone.localdate())
    if update is None:
        return
    for section in update.sections.filter(community__in=communities[1:2]):
        save_section(
            section=section, version=section.version, by=staff, approve=True,
            introduction="Thank you for all that you told us this month.",
            included=section.entries.values_list("pk", flat=True),
        )  # fmt: skip


def _send_last_month_s(communities: list[Community], staff: User) -> None:
    """As it was a month ago, its emails delivered."""
    month = month_of(timezone.localdate()) - relativedelta(months=1)
    drafted_on = first_working_day(month)
    sent_at = _at(working_days_after(drafted_on, 3), 11)
    update = MonthlyUpdate.objects.create(
        month=month, drafted_at=_at(drafted_on, 8), closes_at=_at(working_days_after(drafted_on, 5), 17)
    )
    for index, community in enumerate(communities):
        section = UpdateSection.objects.create(
            update=update, community=community, status=UpdateSection.Status.APPROVED, decided_by=staff,
            decided_at=sent_at - dt.timedelta(hours=20),
        )  # fmt: skip
        for position, (kind, title, words) in enumerate(_LAST_MONTH[: 2 - index % 2], start=1):
            UpdateEntry.objects.create(
                section=section, kind=kind, title=title, words=words, position=position,
                url=site_url(community.get_absolute_url()), source=f"demonstration:{position}",
            )  # fmt: skip
    send_update(update=update, by=staff)
    MonthlyUpdate.objects.filter(pk=update.pk).update(closed_at=sent_at)
    put_back(Mailing.objects.filter(pk__in=update.mailings.values("mailing")), sent_at)


def _at(day: dt.date, hour: int) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time(hour)))
