"""A study with a post, and somebody to second to it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from fellows.models import FellowPost, Secondment
from people.models import User


@pytest.fixture
def post(study) -> FellowPost:
    return FellowPost.objects.create(study=study, number=1)


@pytest.fixture
def clinician(db) -> User:
    """Somebody who can log in and is on no study."""
    return User.objects.create_user("clinician@example.org", "a-long-enough-password", full_name="Cleo Clinician")


@pytest.fixture
def nurse(db) -> User:
    return User.objects.create_user("nurse@example.org", "a-long-enough-password", full_name="Nia Nurse")


@pytest.fixture
def second(organisation, staff):
    """``second(post, fellow, starts_on)`` as staff would, with the paper's one day a week."""
    from fellows import services

    def make(post: FellowPost, fellow: User | None, starts_on: dt.date, ends_on: dt.date | None = None) -> Secondment:
        return services.second(
            post=post, fellow=fellow, organisation=organisation, starts_on=starts_on, ends_on=ends_on,
            days_per_week=Decimal(1), matched_funding=None, by=staff,
        )  # fmt: skip

    return make
