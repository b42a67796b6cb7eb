"""Whatever days are asked for, no two secondments of one post share one, and the study's list says the same days."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fellows.models import Secondment
from studies.models import StudyPerson

FIRST = dt.date(2024, 1, 1)
spans = st.tuples(st.integers(0, 40), st.none() | st.integers(0, 15)).map(
    lambda pair: (FIRST + dt.timedelta(pair[0]), pair[1] if pair[1] is None else FIRST + dt.timedelta(sum(pair)))
)


def days_of(rows):
    far = FIRST + dt.timedelta(100)
    return [
        {row.starts_on + dt.timedelta(n) for n in range(((row.ends_on or far) - row.starts_on).days + 1)}
        for row in rows
    ]


@pytest.mark.django_db
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.tuples(spans, st.booleans()), max_size=6))
def test_second_when_days_are_any_then_none_is_taken_twice(post, clinician, nurse, second, study, asked):
    with transaction.atomic():
        refused = 0
        for (starts_on, ends_on), first in asked:
            try:
                with transaction.atomic():
                    second(post, clinician if first else nurse, starts_on, ends_on)
            except ValidationError:
                refused += 1
        held = days_of(Secondment.objects.filter(post=post))
        assert sum(len(days) for days in held) == len(set().union(*held))
        same = len({(first, starts_on) for (starts_on, _), first in asked})
        assert same - refused <= len(held) <= len(asked)
        for fellow in (clinician, nurse):
            in_posts = days_of(Secondment.objects.filter(fellow=fellow))
            on_study = days_of(StudyPerson.objects.filter(user=fellow, study=study))
            assert set().union(*in_posts) == set().union(*on_study)
        transaction.set_rollback(True)
