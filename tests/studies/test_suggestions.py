"""The list of what waits in the ledgers of all the studies that a person works on."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from studies.models import Study, StudyPerson, Suggestion, Theme
from tests.conftest import ROLES
from tests.studies.conftest import many_studies

URL = "/studies/manage/suggestions/"


def suggest(study: Study, text: str, made_on: str = "2026-03-01", source: str = "panel", **fields) -> Suggestion:
    return Suggestion.objects.create(study=study, text=text, made_on=made_on, source=source, **fields)


@pytest.fixture
def ledgers(study, other_study) -> dict[str, Study]:
    """Three studies in two themes, with suggestions at every stage; and one that is put away."""
    memory = Theme.objects.create(slug="memory", name="Memory", kind="research", position=9)
    late = Study.objects.create(slug="late", theme=memory, title="Late", acronym="LATE")
    away = Study.objects.create(slug="away", theme=memory, title="Away", archived_at=timezone.now())
    suggest(study, "Newer", "2026-05-01", "fellow")
    suggest(study, "Older", "2026-01-01")
    suggest(study, "Promised", "2025-01-01", status="accepted")
    suggest(study, "Refused", status="declined", answer="No.")
    suggest(study, "Done", status="done")
    suggest(other_study, "Elsewhere", "2026-04-01")
    suggest(late, "Late one", "2026-02-01", "community")
    suggest(away, "Put away")
    return {"study": study, "other": other_study, "late": late, "away": away}


def texts(answer) -> list[str]:
    return [suggestion.text for suggestion in answer.context["page_obj"]]


MAY = {
    "staff": ["Older", "Late one", "Elsewhere", "Newer"],
    "administrator": ["Older", "Late one", "Elsewhere", "Newer"],
    "lead": ["Older", "Elsewhere", "Newer"],
    "team": ["Older", "Newer"],
    "conflicted_member": ["Elsewhere"],
}


@pytest.mark.parametrize("role", ROLES)
def test_suggestions_when_each_role_asks_then_those_they_may_answer_oldest_first(role, ledgers, client_of):
    answer = client_of(role).get(URL)
    if role in MAY:
        assert texts(answer) == MAY[role]
    else:
        assert answer.status_code == (302 if role == "anonymous" else 403)
        assert b"Older" not in answer.content


@pytest.mark.parametrize("role", sorted(MAY))
def test_suggestions_when_listed_then_each_link_answers(role, ledgers, client_of):
    client = client_of(role)
    for suggestion in client.get(URL).context["page_obj"]:
        assert client.get(f"/studies/{suggestion.study.slug}/suggestions/{suggestion.pk}/answer/").status_code == 200


def test_suggestions_when_the_role_has_ended_then_refused(ledgers, team, client_of):
    StudyPerson.objects.filter(user=team).update(starts_on="2024-01-01", ends_on="2025-01-01")
    assert client_of("team").get(URL).status_code == 403


@pytest.mark.parametrize("role", [role for role in ROLES if role != "anonymous"])
def test_worked_on_by_when_compared_with_the_rule_then_the_same(role, ledgers, request):
    user = request.getfixturevalue(role)
    by_rule = {study.slug for study in Study.objects.all() if user.has_perm("studies.answer_suggestions", study)}
    assert set(Study.objects.worked_on_by(user).values_list("slug", flat=True)) == by_rule


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("waiting=answer", MAY["staff"]),
        ("waiting=change", ["Promised"]),
        ("waiting=either", ["Promised", *MAY["staff"]]),
        ("theme=memory", ["Late one"]),
        ("theme=stroke", ["Older", "Elsewhere", "Newer"]),
        ("study=late", ["Late one"]),
        ("source=community", ["Late one"]),
        ("source=fellow&study=home-visits", ["Newer"]),
        ("source=fellow&study=late", []),
        ("study=away", MAY["staff"]),
        ("waiting=x&theme=x&study=x&source=x&page=x", MAY["staff"]),
    ],
)
def test_suggestions_when_filtered_then_exactly_these(ledgers, client_of, query, found):
    assert texts(client_of("staff").get(f"{URL}?{query}")) == found


def test_suggestions_when_another_study_is_asked_for_then_neither_shown_nor_named(ledgers, client_of):
    answer = client_of("team").get(f"{URL}?study=late&theme=memory")
    assert texts(answer) == MAY["team"]
    assert b"LATE" not in answer.content
    assert b"Memory" not in answer.content


def test_suggestions_when_answered_then_back_at_the_same_place_and_it_waits_no_more(ledgers, client_of):
    client = client_of("staff")
    [late] = client.get(f"{URL}?study=late").context["page_obj"]
    address = f"/studies/late/suggestions/{late.pk}/answer/?from=all&study=late"
    assert address.replace("&", "&amp;") in client.get(f"{URL}?study=late").content.decode()
    response = client.post(address, {"decision": "accept", "answer": ""})
    assert response["Location"] == f"{URL}?study=late"
    page = client.get(response["Location"])
    assert texts(page) == []
    assert "No suggestions match" in page.content.decode()
    record = f"/studies/late/suggestions/changes/add/?suggestion={late.pk}&from=all&waiting=change"
    assert record.replace("&", "&amp;") in client.get(f"{URL}?waiting=change").content.decode()
    today = timezone.localdate()
    sent = {"suggestions": [late.pk], "text": "Done", "made_on_day": today.day, "made_on_month": today.month}
    assert client.post(record, {**sent, "made_on_year": today.year})["Location"] == f"{URL}?waiting=change"


def test_suggestions_when_the_way_back_is_forged_then_it_stays_in_the_portal(ledgers, client_of):
    late = Suggestion.objects.get(text="Late one")
    address = f"/studies/late/suggestions/{late.pk}/answer/?from=https://elsewhere.example.org&next=//x"
    sent = {"decision": "accept", "answer": ""}
    assert client_of("staff").post(address, sent)["Location"] == "/studies/late/suggestions/"


def test_suggestions_when_there_are_none_then_says_so(study, staff, client_of):
    assert "Every suggestion has been answered" in client_of("staff").get(URL).content.decode()


def test_suggestions_when_there_are_many_then_pages_and_the_queries_stay_the_same(study, theme, staff, client_of):
    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(url)
        return len(seen)

    client = client_of("staff")
    client.get(URL)
    for each in many_studies(theme, 1):
        suggest(each, "One")
    url = f"{URL}?theme=stroke&waiting=either"
    one = queries(url)
    for number, each in enumerate(many_studies(theme, 49)):
        suggest(each, f"Number {number}", str(dt.date(2026, 4, 1) + dt.timedelta(days=number)))
    assert queries(url) == one
    answer = client.get(f"{url}&page=3")
    assert texts(answer) == [f"Number {number}" for number in range(39, 49)]
    assert "Showing 41 to 50 of 50 suggestions" in answer.content.decode()
    assert "?theme=stroke&amp;waiting=either&amp;page=1" in answer.content.decode()
