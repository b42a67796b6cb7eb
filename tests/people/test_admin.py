from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from bs4 import BeautifulSoup
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from people.models import User

MODELS = ("user", "invitation", "organisation")


@pytest.mark.parametrize("model", MODELS)
def test_admin_when_an_administrator_looks_then_shows_rows_and_runs_nothing_inline(
    client_of, invited, organisation, model
):
    browser = client_of("administrator")
    response = browser.get(reverse(f"admin:people_{model}_changelist"))
    page = BeautifulSoup(response.content, "html.parser")
    assert page.select("#result_list tbody tr")
    for script in page.select("script"):
        assert script.get("src") or script.get("type") == "application/json"
    assert not page.select("style, [style], [onclick]")


@pytest.mark.parametrize("model", ["user", "invitation"])
def test_admin_when_people_are_looked_at_then_cannot_be_changed_there(client_of, invited, stranger, model):
    browser = client_of("administrator")
    pk = stranger.pk if model == "user" else invited[0].invitations.get().pk
    response = browser.get(reverse(f"admin:people_{model}_change", args=[pk]))
    assert response.status_code == 200
    assert "md5$" not in response.content.decode()
    post = browser.post(reverse(f"admin:people_{model}_change", args=[pk]), {"is_superuser": "on"})
    assert post.status_code == 403
    assert browser.get(reverse(f"admin:people_{model}_add")).status_code == 403
    assert browser.post(reverse(f"admin:people_{model}_delete", args=[pk]), {"post": "yes"}).status_code == 403


def test_admin_when_a_second_factor_is_looked_at_then_its_secret_is_not_shown_and_nothing_changes(client_of, stranger):
    factor = Authenticator.objects.create(user=stranger, type="totp", data={"secret": "SECRETSECRET"})
    browser = client_of("administrator")
    page = browser.get(reverse("admin:mfa_authenticator_change", args=[factor.pk]))
    assert page.status_code == 200
    assert "SECRETSECRET" not in page.content.decode()
    there = reverse("admin:mfa_authenticator_delete", args=[factor.pk])
    assert browser.post(there, {"post": "yes"}).status_code == 403
    assert Authenticator.objects.exists()


@pytest.mark.once
def test_admin_when_looked_through_then_no_address_session_or_group_is_changed_there():
    assert not {EmailAddress, UserSession, Group} & set(admin.site._registry)


@pytest.mark.parametrize("role", ["stranger", "lead", "chair", "staff"])
@pytest.mark.parametrize(
    "page", ["admin:index", "admin:login", "admin:studies_study_changelist", "admin:password_change"]
)
def test_admin_when_no_administrator_then_is_closed(client_of, role, page):
    assert client_of(role).get(reverse(page), follow=True).status_code == 403


@pytest.mark.parametrize("role", ["staff", "administrator", "anonymous"])
def test_admin_when_somebody_posts_another_persons_password_to_its_login_then_they_stay_who_they_are(
    client_of, db, role
):
    other = User.objects.create_superuser("other@example.org", "seven-brown-otters", full_name="Other")
    TOTP.activate(other, "JBSWY3DPEHPK3PXP")
    browser = client_of(role)
    before = browser.session.get("_auth_user_id")
    answer = browser.post("/admin/login/", {"username": other.email, "password": "seven-brown-otters"})
    assert browser.session.get("_auth_user_id") == before
    assert (answer.status_code, answer.headers.get("Location")) == {
        "staff": (403, None), "administrator": (302, "/admin/"),
        "anonymous": (302, "/accounts/login/?next=/admin/"),
    }[role]  # fmt: skip


def test_admin_when_reached_by_a_link_to_another_site_then_never_leads_there(client, db):
    for there, expected in (("//evil.example/", "/admin/"), ("/admin/people/user/", "/admin/people/user/")):
        answer = client.get("/admin/login/", {"next": there})
        assert answer.url == f"/accounts/login/?next={expected}"
