import datetime as dt

import pytest
import time_machine
from django.core.exceptions import ObjectDoesNotExist
from django.core.paginator import Paginator
from django.db import connection
from django.test.utils import CaptureQueriesContext

from communities.models import Community
from people.compiled import compiled, compiled_list
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


@compiled_list
def listed(stage):
    return Study.objects.filter(stage=stage).order_by("title").values_list(
        "pk", "title", "starts_on", "theme__pk", "theme__name", "community__pk", "community__name",
    )  # fmt: skip


def test_compiled_list_when_asked_for_a_slice_then_instances_with_what_is_related_and_no_more_queries(study):
    Study.objects.filter(pk=study.pk).update(starts_on="2025-01-01", title="B")
    second = Study.objects.create(slug="a", title="A", theme=study.theme, stage=study.stage)
    Community.objects.filter(study=second).delete()
    Community.objects.get_or_create(study=study, defaults={"slug": "c", "name": "C"})
    with CaptureQueriesContext(connection) as asked:
        first, last = found = listed(study.stage)[:5]
        assert [(each.title, each.starts_on) for each in found] == [("A", None), ("B", dt.date(2025, 1, 1))]
        assert (first.theme.name, first.theme) == (study.theme.name, last.theme)
        assert last.community.name == study.community.name
        with pytest.raises(ObjectDoesNotExist):
            _ = first.community
    assert len(asked) == 1
    assert first.get_deferred_fields() >= {"summary", "slug"}
    assert first == second


def test_compiled_list_when_paged_then_the_pages_are_those_of_the_rows_as_they_are_now(study):
    assert Paginator(listed(study.stage), 2).count == 1
    for number in range(4):
        Study.objects.create(slug=f"s{number}", title=f"{number}", theme=study.theme, stage=study.stage)
    pages = Paginator(listed(study.stage), 2)
    assert [len(pages.page(number)) for number in pages.page_range] == [2, 2, 1]
    assert len(list(listed(study.stage))) == 5


def test_compiled_list_when_there_can_be_no_rows_then_none(study):
    @compiled_list
    def nothing():
        return Study.objects.filter(pk__in=[]).values_list("pk", "title")

    assert (nothing().count(), nothing()[:3], list(nothing())) == (0, [], [])
