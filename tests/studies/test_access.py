"""Every page of the studies app, as every role of the cast meets it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from studies.models import StudyPerson, StudySite
from studies.services import make_suggestion
from tests.conftest import ROLES

LOOK_AFTER = {"team", "lead", "staff", "administrator"}
INSIDE = LOOK_AFTER | {"steering", "fellow", "reviewer"}
STAFF = {"staff", "administrator"}
EVERYBODY = {*ROLES, "reviewer"}

#: URL name → who gets the page, and who is inside but refused.
PAGES = {
    "detail": (EVERYBODY, set()),
    "edit": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "move": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "archive": (STAFF, INSIDE - STAFF),
    "history": (INSIDE, set()),
    "people": (INSIDE, set()),
    "person_add": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "person_invite": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "person_end": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "site_add": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "site_remove": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "identifiers": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "documents": (INSIDE, set()),
    "document": (INSIDE, set()),
    "document_add": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "ledger": (INSIDE, set()),
    "suggestion_add": (INSIDE - {"reviewer"}, {"reviewer"}),
    "suggestion_answer": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "amendment_add": (LOOK_AFTER, INSIDE - LOOK_AFTER),
}
#: Pages of the list, which are about no study in particular.
LIST_PAGES = ("manage", "new", "saved_views")
#: URL name → who may press the button.
BUTTONS = {
    "unarchive": (STAFF, INSIDE - STAFF),
    "document_remove": (LOOK_AFTER, INSIDE - LOOK_AFTER),
    "document_put_back": (LOOK_AFTER, INSIDE - LOOK_AFTER),
}


@pytest.fixture
def keys(study, document, organisation, staff):
    """The keys of the rows that addresses of ``study`` name."""
    site = StudySite.objects.create(study=study, organisation=organisation)
    person = StudyPerson.objects.create(
        study=study, user=staff, role=StudyPerson.Role.STATISTICIAN, starts_on=dt.date(2025, 1, 1)
    )
    suggestion = make_suggestion(study=study, source="panel", text="Ask carers too.")
    return {
        "person_end": person.pk, "site_remove": site.pk, "document": document.pk, "suggestion_answer": suggestion.pk,
        "document_remove": document.pk, "document_put_back": document.pk,
    }  # fmt: skip


def read(answer) -> bytes:
    """All of an answer; reading a file to its end closes it."""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def expected(role: str, may: set[str], refused: set[str]) -> int:
    if role in may:
        return 200
    if role == "anonymous":
        return 302
    return 403 if role in refused else 404


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_pages_of_a_study_when_each_role_asks_then_only_those_who_may_see_them(role, study, keys, client_of):
    client = client_of(role)
    answers = {}
    for name in PAGES:
        parts = [study.slug, keys[name]] if name in keys else [study.slug]
        answer = client.get(reverse(f"studies:{name}", args=parts))
        read(answer)
        answers[name] = answer.status_code
    assert answers == {name: expected(role, *who) for name, who in PAGES.items()}


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_buttons_of_a_study_when_each_role_presses_them_then_only_those_who_may(role, study, keys, client_of):
    client = client_of(role)
    for name, who in BUTTONS.items():
        parts = [study.slug, keys[name]] if name in keys else [study.slug]
        url = reverse(f"studies:{name}", args=parts)
        assert client.post(url).status_code == {200: 302}.get(expected(role, *who), expected(role, *who))
        assert client.get(url).status_code == (302 if role == "anonymous" else 405)


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_list_pages_when_each_role_asks_then_only_staff_see_them(role, study, reviewer, client_of):
    client = client_of(role)
    for name in LIST_PAGES:
        answer = client.get(reverse(f"studies:{name}"))
        assert answer.status_code == (200 if role in STAFF else 302 if role == "anonymous" else 403)
    export = client.get(reverse("studies:export", args=["csv"]))
    assert export.status_code == (200 if role in STAFF else 302 if role == "anonymous" else 403)


def test_pages_of_another_study_when_the_team_asks_then_they_are_not_found(team, other_study, client_of):
    client = client_of("team")
    names = [name for name in PAGES if name not in {"detail", "person_end", "site_remove", "document"}]
    names.remove("suggestion_answer")
    assert {client.get(reverse(f"studies:{name}", args=[other_study.slug])).status_code for name in names} == {404}


def test_visible_to_agrees_with_the_permission_for_the_whole_cast(request, study, other_study, client_of):
    from django.contrib.auth.models import AnonymousUser

    from studies.models import Study

    for role in EVERYBODY:
        user = AnonymousUser() if role == "anonymous" else request.getfixturevalue(role)
        seen = set(Study.objects.visible_to(user))
        assert seen == {each for each in (study, other_study) if user.has_perm("studies.view_study_inside", each)}, role


def test_visible_to_when_a_role_has_ended_then_nothing_is_seen(team, study):
    from studies.models import Study

    study.people.update(starts_on=dt.date(2024, 1, 1), ends_on=dt.date(2024, 2, 1))
    assert not Study.objects.visible_to(team).exists()
    assert not team.has_perm("studies.view_study_inside", study)


def test_visible_to_when_the_person_may_not_log_in_any_more_then_nothing_is_seen(staff, study):
    from studies.models import Study

    staff.is_active = False
    assert not Study.objects.visible_to(staff).exists()
    assert not staff.has_perm("studies.view_study_inside", study)
