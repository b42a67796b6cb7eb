"""Who is on a study."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from people.models import Invitation, User
from people.privacy import data_on
from people.roles import holders, roles_of
from studies.models import StudyPerson
from studies.services import make_suggestion, put_person_on_study, take_person_off_study
from tests.conftest import make_user

START, LATER, END = dt.date(2026, 1, 1), dt.date(2026, 6, 1), dt.date(2026, 12, 31)


def day(name: str, value: dt.date | None) -> dict:
    parts = (value.day, value.month, value.year) if value else ("", "", "")
    return {f"{name}_{part}": number for part, number in zip(("day", "month", "year"), parts, strict=True)}


def put(study, user, by, role="researcher", starts_on=START, ends_on=None):
    return put_person_on_study(study=study, user=user, role=role, starts_on=starts_on, ends_on=ends_on, by=by)


# --- The services that other apps call ------------------------------------------------------------------------


def test_put_person_on_study_when_called_then_the_row_and_its_history_say_who(study, stranger, staff):
    row = put(study, stranger, staff)
    assert (row.user, row.role, row.starts_on, row.ends_on) == (stranger, "researcher", START, None)
    assert row.history.get().history_user == staff


def test_put_person_on_study_when_called_twice_then_there_is_one_row(study, stranger, staff):
    assert put(study, stranger, staff) == put(study, stranger, staff)
    assert StudyPerson.objects.count() == 1
    assert StudyPerson.history.count() == 1


def test_put_person_on_study_when_the_end_moves_then_the_row_does(study, stranger, staff):
    row = put(study, stranger, staff, ends_on=LATER)
    assert put(study, stranger, staff, ends_on=END) == row
    assert put(study, stranger, staff, starts_on=LATER, ends_on=None) == row
    row.refresh_from_db()
    assert (row.starts_on, row.ends_on) == (START, None)


def test_put_person_on_study_when_they_come_back_then_it_is_another_row(study, stranger, staff):
    put(study, stranger, staff, ends_on=dt.date(2026, 2, 1))
    put(study, stranger, staff, starts_on=LATER)
    assert StudyPerson.objects.count() == 2


def test_put_person_on_study_when_somebody_else_leads_then_it_is_refused(study, team, stranger, staff):
    with pytest.raises(ValidationError, match="is the study lead at that time"):
        put(study, stranger, staff, role="lead", starts_on=timezone.localdate())
    take_person_off_study(study=study, user=team, role="lead", ends_on=timezone.localdate(), by=staff)
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    assert put(study, stranger, staff, role="lead", starts_on=tomorrow).starts_on == tomorrow


@pytest.mark.parametrize(("changes", "code"), [({"role": "boss"}, "role"), ({"ends_on": dt.date(2025, 1, 1)}, "dates")])
def test_put_person_on_study_when_it_makes_no_sense_then_it_is_refused(study, stranger, staff, changes, code):
    with pytest.raises(ValidationError) as refused:
        put(study, stranger, staff, **changes)
    assert refused.value.code == code


def test_take_person_off_study_when_called_twice_then_the_second_changes_nothing(study, stranger, staff):
    put(study, stranger, staff)
    off = {"study": study, "user": stranger, "role": "researcher", "ends_on": LATER, "by": staff}
    assert take_person_off_study(**off).ends_on == LATER
    assert take_person_off_study(**off) is None
    assert StudyPerson.history.count() == 2


def test_take_person_off_study_when_the_day_is_before_they_began_then_it_is_refused(study, stranger, staff):
    put(study, stranger, staff)
    with pytest.raises(ValidationError, match="1 January 2026"):
        take_person_off_study(study=study, user=stranger, role="researcher", ends_on=dt.date(2025, 1, 1), by=staff)


# --- Pages ----------------------------------------------------------------------------------------------------


def test_person_add_when_chosen_then_they_are_on_the_study_and_told(study, team, stranger, client_of, mailoutbox):
    client, url = client_of("team"), reverse("studies:person_add", args=[study.slug])
    data = {"user": stranger.pk, "role": "steering_service_user", **day("starts_on", START), **day("ends_on", None)}
    answer = client.post(url, data)
    assert answer["Location"] == reverse("studies:people", args=[study.slug])
    row = StudyPerson.objects.get(user=stranger)
    assert (row.role, row.starts_on, row.ends_on) == ("steering_service_user", START, None)
    client.post(url, data)
    assert StudyPerson.objects.filter(user=stranger).count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"user": 9999}, "user"), ({"user": ""}, "user"), ({"role": "fellow"}, "role"), ({"role": ""}, "role"),
        ({"role": "lead"}, "__all__"), ({"starts_on_day": "99"}, "starts_on"), ({"starts_on_year": ""}, "starts_on"),
        (day("ends_on", dt.date(2025, 1, 1)), "ends_on"),
    ],
)  # fmt: skip
def test_person_add_when_a_field_is_wrong_then_it_says_so(study, team, stranger, client_of, changes, field):
    data = {"user": stranger.pk, "role": "researcher", **day("starts_on", END), **day("ends_on", None), **changes}
    answer = client_of("team").post(reverse("studies:person_add", args=[study.slug]), data)
    assert set(answer.context["form"].errors) == {field}
    assert not StudyPerson.objects.filter(user=stranger).exists()


def test_person_add_when_the_person_may_not_log_in_then_they_cannot_be_chosen(study, team, stranger, client_of):
    User.objects.filter(pk=stranger.pk).update(is_active=False)
    answer = client_of("team").post(
        reverse("studies:person_add", args=[study.slug]),
        {"user": stranger.pk, "role": "researcher", **day("starts_on", START)},
    )
    assert answer.context["form"].errors == {"user": ["Choose somebody from the list."]}


def invitation(**changes) -> dict:
    return {
        "full_name": "Ada New", "email": "ada@example.org", "role": "co_investigator", "organisation": "",
        **day("starts_on", START), **changes,
    }  # fmt: skip


def test_person_invite_when_new_then_they_are_made_invited_and_on_the_study(study, team, client_of):
    url = reverse("studies:person_invite", args=[study.slug])
    client = client_of("team")
    assert client.post(url, invitation()).status_code == 302
    ada = User.objects.get(email="ada@example.org")
    assert StudyPerson.objects.get(user=ada).role == "co_investigator"
    assert Invitation.objects.get(user=ada).role == "Co-investigator on HOVIS"
    client.post(url, invitation(email="ADA@example.org"))
    assert Invitation.objects.count() == 1
    assert StudyPerson.objects.filter(user=ada).count() == 1


def test_person_invite_when_the_role_is_refused_then_nobody_is_made_or_invited(study, team, client_of):
    answer = client_of("team").post(
        reverse("studies:person_invite", args=[study.slug]), invitation(role="lead", **day("starts_on", END))
    )
    assert "is the study lead at that time" in answer.content.decode()
    assert not User.objects.filter(email="ada@example.org").exists()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nobody"}, "email"), ({"email": "a@b@c.org"}, "email"), ({"full_name": ""}, "full_name"),
        ({"full_name": "http://x"}, "full_name"), ({"email": ""}, "email"), ({"organisation": "7"}, "organisation"),
    ],
)  # fmt: skip
def test_person_invite_when_a_field_is_wrong_then_it_says_so(study, team, client_of, changes, field):
    answer = client_of("team").post(reverse("studies:person_invite", args=[study.slug]), invitation(**changes))
    assert set(answer.context["form"].errors) == {field}


def test_person_end_when_posted_then_the_role_ends(study, team, lead, client_of):
    row = StudyPerson.objects.get(user=team)
    url = reverse("studies:person_end", args=[study.slug, row.pk])
    answer = client_of("lead").post(url, day("ends_on", timezone.localdate()))
    assert answer["Location"] == reverse("studies:people", args=[study.slug])
    row.refresh_from_db()
    assert row.ends_on == timezone.localdate()
    assert client_of("lead").post(url, day("ends_on", dt.date(2020, 1, 1))).status_code == 200


def test_person_end_when_the_row_is_another_studys_or_a_fellows_then_it_is_not_found(
    study, other_study, team, fellow, stranger, staff, client_of
):
    other = put(other_study, stranger, staff)
    fellows = StudyPerson.objects.get(user=fellow)
    for row in (other, fellows):
        url = reverse("studies:person_end", args=[study.slug, row.pk])
        assert client_of("team").post(url, day("ends_on", timezone.localdate())).status_code == 404
    other.refresh_from_db()
    assert other.ends_on is None


def test_people_when_there_are_many_then_the_queries_stay_the_same(study, staff, client_of):
    client, url = client_of("staff"), reverse("studies:people", args=[study.slug])
    client.get(url)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(url)
        return len(seen)

    put(study, make_user("one-more"), staff)
    one = queries()
    for number in range(50):
        put(study, make_user(f"person-{number}"), staff, role="steering_member")
    assert queries() == one


def test_people_when_nobody_is_a_service_user_then_the_page_says_so(study, team, steering, client_of):
    url = reverse("studies:people", args=[study.slug])
    assert "No service user on the steering committee" not in client_of("team").get(url).content.decode()
    StudyPerson.objects.filter(user=steering).delete()
    assert "No service user on the steering committee" in client_of("team").get(url).content.decode()


# --- What the people app shows --------------------------------------------------------------------------------


def test_roles_of_when_asked_then_each_persons_roles_in_words(study, lead, team, steering, fellow, stranger):
    found = roles_of([lead, team, steering, stranger])
    assert [label.text for label in found[lead.pk]] == ["Theme lead of Stroke"]
    assert [(label.text, label.url) for label in found[team.pk]] == [("Study lead on HOVIS", "/studies/home-visits/")]
    assert [label.text for label in found[steering.pk]] == ["Steering committee: service user or carer on HOVIS"]
    assert found[stranger.pk] == []
    assert [row["user"] for row in holders("Study lead")] == [team.pk]


def test_data_on_when_asked_then_what_the_app_holds_and_nobody_elses(study, team, steering):
    make_suggestion(study=study, source="steering", text="Mine", made_by=steering)
    make_suggestion(study=study, source="panel", text="Somebody else's", made_by=team)
    data = data_on(steering)
    assert [row["text"] for row in data["Suggestions you made"]] == ["Mine"]
    assert [row["role"] for row in data["Roles on studies"]] == ["Steering committee: service user or carer"]
