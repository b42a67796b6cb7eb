"""The public summary of a study, and what is kept from it."""

from __future__ import annotations

import pytest

from studies.models import Study, StudyIdentifier, StudyPerson, StudySite
from studies.reading import reading_age
from studies.services import make_suggestion, record_amendment


@pytest.fixture
def full_study(study, team, steering, fellow, document, organisation, staff):
    StudyPerson.objects.create(study=study, user=staff, role="statistician")
    StudySite.objects.create(study=study, organisation=organisation, place="Ward 4")
    StudyIdentifier.objects.create(study=study, scheme="isrctn", value="ISRCTN37167117")
    suggestion = make_suggestion(
        study=study, source="community", text="Visit at weekends too.", source_detail="Asked by Jo", made_by=steering
    )
    make_suggestion(study=study, source="community", text="Not answered yet.", made_by=steering)
    record_amendment(study=study, suggestions=[suggestion], text="We added Saturday visits.", by=team)
    return study


def test_detail_when_anyone_asks_then_the_summary_shows_and_no_name_does(full_study, client_of):
    page = client_of("anonymous").get(full_study.get_absolute_url())
    words = page.content.decode()
    for shown in (full_study.summary, "Stroke", "Active", "ISRCTN37167117", "Visit at weekends", "Saturday visits"):
        assert shown in words
    for kept in ("Asked by Jo", "Not answered", "Ward 4", "protocol.pdf", "History"):
        assert kept not in words
    for person in full_study.people.select_related("user"):
        assert person.user.email not in words
        assert person.user.full_name not in words
    assert page.templates[0].name == "studies/study_public.html"


def test_detail_when_somebody_inside_asks_then_everything_shows(full_study, client_of):
    words = client_of("fellow").get(full_study.get_absolute_url()).content.decode()
    for shown in ("Team", "Steering", "Ward 4", "Suggestions", "History", "1 suggestion"):
        assert shown in words
    assert "Edit the study" not in words
    assert "Edit the study" in client_of("team").get(full_study.get_absolute_url()).content.decode()


@pytest.mark.parametrize("change", [{"stage": "not_taken_forward"}, {"archived_at": "2026-01-01T00:00:00Z"}])
def test_detail_when_not_taken_forward_or_archived_then_only_those_inside_find_it(study, team, client_of, change):
    Study.objects.update(**change)
    assert client_of("anonymous").get(study.get_absolute_url()).status_code == 404
    assert client_of("team").get(study.get_absolute_url()).status_code == 200


def test_detail_when_there_is_no_such_study_then_it_is_not_found(db, client_of):
    assert client_of("anonymous").get("/studies/nothing/").status_code == 404


def test_detail_when_texts_hold_html_then_it_is_shown_as_typed(study, client_of):
    Study.objects.update(title="<script>alert(1)</script>", summary="<b>bold</b>")
    words = client_of("anonymous").get(study.get_absolute_url()).content.decode()
    assert "<script>alert(1)" not in words
    assert "<b>bold" not in words


def test_detail_when_no_service_user_then_those_inside_see_a_flag(study, team, client_of):
    assert (
        "No service user on the steering committee" in client_of("team").get(study.get_absolute_url()).content.decode()
    )
    assert "No service user" not in client_of("anonymous").get(study.get_absolute_url()).content.decode()


def test_detail_when_there_is_a_service_user_then_there_is_no_flag(study, steering, team, client_of):
    assert "No service user" not in client_of("team").get(study.get_absolute_url()).content.decode()


def test_detail_when_a_study_grows_then_the_queries_do_not(full_study, client_of, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for role in ("anonymous", "staff"):
        client = client_of(role)
        client.get(full_study.get_absolute_url())
        with CaptureQueriesContext(connection) as few:
            client.get(full_study.get_absolute_url())
        for number in range(30):
            said = make_suggestion(study=full_study, source="panel", text=f"Change {role} {number}")
            if number < 5:
                record_amendment(
                    study=full_study, suggestions=[said], text=f"Did {number}", by=full_study.people.first().user
                )
            StudySite.objects.create(
                study=full_study, organisation=full_study.sites.first().organisation, place=f"{role} {number}"
            )
        with django_assert_num_queries(len(few)):
            client.get(full_study.get_absolute_url())


def test_reading_age_when_the_words_are_short_then_it_is_low():
    easy = "We want to know if a home visit helps you. " * 5
    hard = (
        "Multidisciplinary rehabilitation interventions necessitate comprehensive organisational reconfiguration, "
        "notwithstanding heterogeneous implementation infrastructures characterising participating institutions, "
        "whose methodological considerations substantially complicate longitudinal evaluation of effectiveness."
    )
    assert reading_age(easy) <= 11
    assert reading_age(hard * 2) >= 18
    assert reading_age("Too short.") is None
    assert reading_age("") is None
