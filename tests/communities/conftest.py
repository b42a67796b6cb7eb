"""What several tests of the communities app begin from."""

from __future__ import annotations

import datetime as dt

import pytest

from communities.models import Community, Event, Newsletter
from communities.services.series import repeat_event
from people.models import User
from tests.communities.factories import make_community, make_event, make_newsletter
from tests.communities.series import FIRST
from tests.conftest import make_user


@pytest.fixture
def other(other_study) -> Community:
    """Another study's community."""
    return make_community(other_study)


@pytest.fixture
def cafe(community) -> Event:
    """An event that can repeat."""
    return make_event(
        community, title="Memory café", slug="memory-cafe", starts_at=FIRST, ends_at=FIRST + dt.timedelta(hours=2),
        takes_registrations=True, capacity=10,
    )  # fmt: skip


@pytest.fixture
def series(cafe, staff) -> list[Event]:
    """Four dates, a week apart."""
    repeat_event(event=cafe, every="week", times=4, by=staff)
    return list(Event.objects.order_by("starts_at"))


@pytest.fixture
def must_be_approved(settings):
    """A second person has to approve newsletters."""
    settings.NEWSLETTERS_NEED_APPROVAL = True


@pytest.fixture
def spring(community, staff) -> Newsletter:
    """A newsletter that staff have written."""
    return make_newsletter(community, title="Spring", created_by=staff, updated_by=staff)


@pytest.fixture
def colleague(db) -> User:
    """Another member of programme staff."""
    return make_user("office", is_staff=True)
