from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from people import services
from people.models import Invitation, User
from tests.conftest import ROLES, make_user

STAFF = {"staff", "administrator"}
LOGGED_IN = {*ROLES} - {"anonymous"}


def soup(response) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def names(response) -> list[str]:
    return [row.find("a").get_text() for row in soup(response).select("tbody th")]


# --- Who may see what -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("people:index", STAFF),
        ("people:invite", STAFF),
        ("people:organisations", STAFF),
        ("people:organisation_new", STAFF),
        ("people:me", LOGGED_IN),
        ("people:me_edit", LOGGED_IN),
        ("people:my_data", LOGGED_IN),
    ],
)
def test_page_when_asked_by_each_role_then_answers_as_the_rules_say(client_of, role, name, allowed):
    response = client_of(role).get(reverse(name))
    if role == "anonymous":
        assert response.status_code == 302
        assert response.url == f"/accounts/login/?next={reverse(name)}"
    else:
        assert response.status_code == (200 if role in allowed else 403)


@pytest.mark.parametrize("role", sorted(LOGGED_IN - STAFF - {"stranger"}))
@pytest.mark.parametrize("name", ["detail", "deactivate", "reactivate", "make_staff", "remove_staff"])
def test_person_when_asked_by_somebody_who_may_not_see_people_then_is_not_there(client_of, stranger, role, name):
    url = reverse(f"people:{name}", args=[stranger.pk])
    assert client_of(role).post(url).status_code == (405 if name == "detail" else 404)
    assert client_of(role).get(url).status_code == (405 if name == "reactivate" else 404)
    stranger.refresh_from_db()
    assert (stranger.is_active, stranger.is_staff) == (True, False)


@pytest.mark.parametrize("name", ["deactivate", "make_staff", "remove_staff"])
def test_person_when_it_is_oneself_then_is_there_but_not_to_be_changed(client_of, stranger, name):
    assert client_of("stranger").post(reverse(f"people:{name}", args=[stranger.pk])).status_code == 403


def test_person_when_it_is_oneself_then_leads_to_the_own_account(client_of, stranger):
    response = client_of("stranger").get(reverse("people:detail", args=[stranger.pk]))
    assert response.url == reverse("people:me")


@pytest.mark.parametrize("role", ["stranger", "team", "chair"])
def test_invitation_when_somebody_elses_then_is_not_there(client_of, invited, role):
    user, _ = invited
    invitation = user.invitations.get()
    for name in ("resend", "withdraw"):
        assert client_of(role).post(reverse(f"people:{name}", args=[invitation.pk])).status_code == 404
    assert Invitation.objects.get().withdrawn_at is None


@pytest.mark.parametrize("name", ["make_staff", "remove_staff"])
def test_staff_when_not_an_administrator_then_may_not_decide_who_is_staff(client_of, stranger, name):
    assert client_of("staff").post(reverse(f"people:{name}", args=[stranger.pk])).status_code == 403


# --- The list ---------------------------------------------------------------------------------------------------


def test_list_when_searched_then_finds_by_name_email_and_organisation(client_of, fellow, stranger, organisation):
    browser = client_of("staff")
    url = reverse("people:index")
    assert names(browser.get(url, {"q": "FELL"})) == ["Fellow"]
    assert names(browser.get(url, {"q": "stranger@"})) == ["Stranger"]
    assert names(browser.get(url, {"q": "trent health"})) == ["Fellow"]
    assert "Nobody found" in browser.get(url, {"q": "zebra"}).content.decode()


def test_list_when_filtered_by_state_then_shows_each_in_one_state(client_of, staff, stranger, letters_to):
    deactivated = make_user("gone")
    services.deactivate(user=deactivated, by=staff)
    services.invite(email="fresh@example.org", full_name="Fresh", role="Fellow", invited_by=staff)
    late = services.invite(email="late@example.org", full_name="Late", role="Fellow", invited_by=staff)
    invitation = late.invitations.get()
    late.invitations.update(sent_at=invitation.sent_at.replace(year=2020), expires_at=invitation.sent_at)
    User.objects.create_user("bare@example.org", full_name="Bare")
    services.close_account(user=make_user("closed"))
    browser = client_of("staff")
    shown = {state: names(browser.get(reverse("people:index"), {"state": state})) for state in User.State.values}
    assert shown == {
        "active": ["Staff", "Stranger"],
        "invited": ["Fresh"],
        "expired": ["Late"],
        "not_invited": ["Bare"],
        "deactivated": ["Gone"],
        "closed": ["Former member"],
    }
    everybody = names(browser.get(reverse("people:index")))
    assert everybody == ["Bare", "Fresh", "Gone", "Late", "Staff", "Stranger"]


def test_list_when_filtered_by_role_then_shows_those_who_hold_it(client_of, administrator, stranger):
    browser = client_of("staff")
    assert names(browser.get(reverse("people:index"), {"role": "Programme staff"})) == ["Administrator", "Staff"]
    assert names(browser.get(reverse("people:index"), {"role": "Administrator"})) == ["Administrator"]


@pytest.mark.parametrize(
    "query", [{"state": "bogus"}, {"role": "bogus"}, {"page": "-4"}, {"page": "x"}, {"q": "x" * 5000}]
)
def test_list_when_the_query_makes_no_sense_then_still_answers(client_of, query):
    assert client_of("staff").get(reverse("people:index"), query).status_code == 200


def test_list_when_there_are_fifty_then_asks_the_database_as_often_as_for_one(client_of, staff, organisation):
    browser = client_of("staff")
    url = reverse("people:index")
    browser.get(url)
    with CaptureQueriesContext(
        connection,
    ) as few:
        browser.get(url)
    for number in range(49):
        user = make_user(f"person-{number}", organisation=organisation)
        services.invite(email=f"i{number}@example.org", full_name="I", role="Fellow", invited_by=staff)
        user.save()
    with CaptureQueriesContext(connection) as many:
        response = browser.get(url)
    assert len(names(response)) == 50
    assert len(many) == len(few)


# --- One person -------------------------------------------------------------------------------------------------


def test_person_when_invited_then_staff_can_send_again_and_withdraw(client_of, invited, letters_to):
    user, _ = invited
    browser = client_of("staff")
    page = browser.get(reverse("people:detail", args=[user.pk]))
    assert soup(page).select_one("main .nhsuk-tag").get_text() == "Invited"
    response = browser.post(reverse("people:resend", args=[user.invitations.get().pk]))
    assert response.url == reverse("people:detail", args=[user.pk])
    assert len(letters_to(user.email)) == 2
    latest = user.invitations.open().get()
    assert browser.get(reverse("people:withdraw", args=[latest.pk])).status_code == 200
    assert user.invitations.open().exists()
    browser.post(reverse("people:withdraw", args=[latest.pk]))
    assert not user.invitations.open().exists()


def test_person_when_deactivated_by_button_then_can_be_reactivated(client_of, stranger):
    browser = client_of("staff")
    assert "Do you want to deactivate" in browser.get(reverse("people:deactivate", args=[stranger.pk])).content.decode()
    browser.post(reverse("people:deactivate", args=[stranger.pk]))
    page = browser.get(reverse("people:detail", args=[stranger.pk])).content.decode()
    assert "by Staff" in page
    browser.post(reverse("people:reactivate", args=[stranger.pk]))
    stranger.refresh_from_db()
    assert stranger.is_active


def test_person_when_made_staff_then_administrator_then_neither(client_of, stranger, administrator):
    browser = client_of("administrator")
    url = reverse("people:make_staff", args=[stranger.pk])
    assert "Make them programme staff" in browser.get(url).content.decode()
    browser.post(url)
    stranger.refresh_from_db()
    assert (stranger.is_staff, stranger.is_superuser) == (True, False)
    button = soup(browser.get(url)).select_one("input[name=administrator]")
    browser.post(url, {"administrator": button["value"]})
    stranger.refresh_from_db()
    assert stranger.is_superuser
    remove = reverse("people:remove_staff", args=[stranger.pk])
    assert browser.get(remove).status_code == 200
    browser.post(remove)
    stranger.refresh_from_db()
    assert (stranger.is_staff, stranger.is_superuser) == (False, False)


def test_person_when_the_last_administrator_steps_down_then_is_told_why_not(client_of, administrator):
    browser = client_of("administrator")
    response = browser.post(reverse("people:remove_staff", args=[administrator.pk]), follow=True)
    assert "make another person an administrator first" in response.content.decode()
    administrator.refresh_from_db()
    assert administrator.is_superuser


def test_person_when_their_account_is_closed_then_shows_no_way_to_bring_it_back(client_of, stranger):
    services.close_account(user=stranger)
    page = client_of("staff").get(reverse("people:detail", args=[stranger.pk])).content.decode()
    assert "closed their account" in page
    assert "Reactivate" not in page
    assert "erased.invalid" not in page


def test_person_when_there_is_nobody_then_is_not_there(client_of):
    assert client_of("staff").get(reverse("people:detail", args=[999_999])).status_code == 404


def test_erase_when_an_administrator_confirms_then_who_they_were_is_gone(client_of, stranger, staff):
    there = reverse("people:erase", args=[stranger.pk])
    assert client_of("staff").post(there).status_code == 403
    browser = client_of("administrator")
    assert "Do you want to erase" in browser.get(there).content.decode()
    stranger.refresh_from_db()
    assert stranger.erased_at is None
    assert browser.post(there).url == reverse("people:detail", args=[stranger.pk])
    stranger.refresh_from_db()
    assert (stranger.full_name, stranger.is_active) == ("Former member", False)
    assert "erase/" not in browser.get(reverse("people:detail", args=[stranger.pk])).content.decode()
    own = browser.session["_auth_user_id"]
    assert browser.post(reverse("people:erase", args=[own])).status_code == 403
