import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.compiled import compiled
from studies.models import Study

pytestmark = pytest.mark.django_db


def test_compiled_when_the_rows_change_then_the_answer_does_and_the_question_is_written_once(study):
    written = []

    @compiled
    def stages_of(slug):
        written.append(slug)
        return Study.objects.filter(slug=slug).values_list("stage", "version")

    first = stages_of(study.slug)
    Study.objects.filter(pk=study.pk).update(stage="completed")
    with CaptureQueriesContext(connection) as asked:
        second = stages_of(study.slug)
    assert (first[0][0], second[0][0]) == (study.stage, "completed")
    assert (len(asked), written) == (1, [study.slug])
    assert stages_of("no-such-study") == []
    assert written == [study.slug, "no-such-study"]


def test_compiled_when_another_day_begins_then_the_question_is_written_again(study):
    written = []

    @compiled
    def versions():
        written.append(dt.date.today())
        return Study.objects.values_list("version")

    with time_machine.travel(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)) as clock:
        versions()
        clock.shift(dt.timedelta(days=1))
        versions()
        versions()
    assert written == [dt.date(2026, 11, 23), dt.date(2026, 11, 24)]
