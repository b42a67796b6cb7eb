"""Another study's community, and an event that repeats."""

from __future__ import annotations

import datetime as dt

import pytest

from communities.models import Community, Event
from communities.services.series import repeat_event
from tests.communities.factories import make_community, make_event
from tests.communities.series import FIRST


@pytest.fixture
def other(other_study) -> Community:
    return make_community(other_study)


@pytest.fixture
def cafe(community) -> Event:
    return make_event(
        community, title="Memory café", slug="memory-cafe", starts_at=FIRST, ends_at=FIRST + dt.timedelta(hours=2),
        takes_registrations=True, capacity=10,
    )  # fmt: skip


@pytest.fixture
def series(cafe, staff) -> list[Event]:
    """Four dates, a week apart."""
    repeat_event(event=cafe, every="week", times=4, by=staff)
    return list(Event.objects.order_by("starts_at"))
