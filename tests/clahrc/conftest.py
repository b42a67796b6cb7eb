"""Themes, studies and fellows for the pages that look across every app."""

from __future__ import annotations

import copy
import datetime as dt

import pytest

from communities.models import Community
from fellows.models import FellowPost, Secondment
from studies.models import Study, Theme
from tests.clahrc.programme_files import SMALL


@pytest.fixture
def make_study(db):
    """``make_study(theme, "cato", posts=2, filled=1)``: a study with its community and its posts for fellows."""

    def make(theme: Theme, slug: str, *, posts: int = 0, filled: int = 0, **fields) -> Study:
        study = Study.objects.create(
            **{"slug": slug, "theme": theme, "title": slug.replace("-", " ").capitalize(), **fields}
        )
        Community.objects.create(study=study, slug=slug, name=f"Community of {slug}")
        for number in range(1, posts + 1):
            post = FellowPost.objects.create(study=study, number=number)
            if number <= filled:
                Secondment.objects.create(post=post, starts_on=dt.date(2025, 1, 1))
        return study

    return make


@pytest.fixture
def primary_care(programme) -> Theme:
    return Theme.objects.create(slug="primary-care", name="Primary Care", kind=Theme.Kind.RESEARCH, position=2)


@pytest.fixture
def implementation(programme) -> Theme:
    return Theme.objects.create(
        slug="implementation", name="Implementation", kind=Theme.Kind.IMPLEMENTATION, position=3
    )


@pytest.fixture
def raw() -> dict:
    """A small programme file, to change as you like."""
    return copy.deepcopy(SMALL)
