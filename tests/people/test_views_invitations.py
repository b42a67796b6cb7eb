from __future__ import annotations

import datetime as dt

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from people import services
from people.models import User

GOOD = {"password": "seven-brown-otters", "password_again": "seven-brown-otters"}


@pytest.fixture
def form() -> dict[str, str]:
    return {"full_name": "Kim Lee", "email": "Kim@Example.org", "organisation": "", "role": "person"}


def test_invite_when_by_staff_then_makes_somebody_without_a_role(client_of, form, letters_to):
    response = client_of("staff").post(reverse("people:invite"), form | {"role": "administrator"})
    user = User.objects.get(email="kim@example.org")
    assert response.url == reverse("people:detail", args=[user.pk])
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert len(letters_to("kim@example.org")) == 1


def test_invite_when_by_staff_then_the_roles_of_administrators_are_not_offered(client_of):
    assert "Administrator:" not in client_of("staff").get(reverse("people:invite")).content.decode()
    assert "Administrator:" in client_of("administrator").get(reverse("people:invite")).content.decode()


@pytest.mark.parametrize(
    ("role", "flags"), [("person", (False, False)), ("staff", (True, False)), ("administrator", (True, True))]
)
def test_invite_when_by_an_administrator_then_gives_the_role_that_was_chosen(client_of, form, role, flags):
    client_of("administrator").post(reverse("people:invite"), form | {"role": role})
    user = User.objects.get(email="kim@example.org")
    assert (user.is_staff, user.is_superuser) == flags


def test_invite_when_submitted_twice_then_writes_once(client_of, form, letters_to):
    browser = client_of("staff")
    for _ in range(2):
        assert browser.post(reverse("people:invite"), form).status_code == 302
    assert len(letters_to("kim@example.org")) == 1
    assert User.objects.filter(email="kim@example.org").count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"email": "stranger@example.org"}, "has an account already"),
        ({"email": "nonsense"}, "email address"),
        ({"email": ""}, "email address"),
        ({"full_name": "Click https://bad.example"}, "without any address"),
        ({"role": "king"}, "king"),
    ],
)
def test_invite_when_something_is_wrong_then_says_so_and_keeps_what_was_typed(client_of, stranger, form, change, words):
    response = client_of("administrator").post(reverse("people:invite"), form | {"organisation": ""} | change)
    page = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 200
    assert page.title.get_text().startswith("Error:")
    assert words in page.select_one(".nhsuk-error-summary").get_text()
    kept = form | change
    assert page.select_one("input[name=full_name]").get("value", "") == kept["full_name"]


def test_accept_when_the_link_is_good_then_sets_a_password_and_logs_in(client, invited):
    user, path = invited
    page = client.get(path)
    assert page.status_code == 200
    assert "Study lead on HOVIS" in page.content.decode()
    response = client.post(path, GOOD)
    assert (response.status_code, response.url) == (302, reverse("dashboard"))
    assert client.session["_auth_user_id"] == str(user.pk)
    user.refresh_from_db()
    assert user.last_login is not None


def test_accept_when_used_expired_withdrawn_or_forged_then_says_why_and_logs_nobody_in(client, invited, staff):
    user, path = invited
    invitation = user.invitations.get()
    services.withdraw_invitation(invitation=invitation, by=staff)
    assert "withdrawn or replaced" in gone(client, path)
    user.invitations.update(withdrawn_at=None)
    User.objects.filter(pk=user.pk).update(is_active=True)
    user.invitations.update(
        sent_at=timezone.now() - dt.timedelta(days=30), expires_at=timezone.now() - dt.timedelta(seconds=1)
    )
    assert "has expired" in gone(client, path)
    assert "not complete" in gone(client, path[:-3] + "/")
    user.invitations.update(expires_at=timezone.now() + dt.timedelta(days=1))
    client.post(path, GOOD)
    client.logout()
    assert "used already" in gone(client, path)


def gone(client, path: str) -> str:
    for response in (client.post(path, GOOD), client.get(path)):
        assert response.status_code == 410
        assert "_auth_user_id" not in client.session
    return response.content.decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"password": "", "password_again": ""}, "password"),
        ({"password": "short", "password_again": "short"}, "too short"),
        ({"password": "seven-brown-otters", "password_again": "other"}, "differ"),
    ],
)
def test_accept_when_the_password_will_not_do_then_says_so_and_the_link_stays(client, invited, data, words):
    user, path = invited
    page = BeautifulSoup(client.post(path, data).content, "html.parser")
    assert words in page.select_one(".nhsuk-error-summary").get_text()
    assert not page.select("input[type=password][value]")
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_accept_when_somebody_else_is_logged_in_then_ends_their_session(client_of, invited):
    user, path = invited
    browser = client_of("stranger")
    browser.session["secret"] = "of the stranger"
    browser.post(path, GOOD)
    assert browser.session["_auth_user_id"] == str(user.pk)
    assert "secret" not in browser.session
