from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from bs4 import BeautifulSoup
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

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


@pytest.mark.parametrize("role", ["stranger", "lead", "chair"])
def test_admin_when_not_staff_then_is_closed(client_of, role):
    assert client_of(role).get("/admin/", follow=True).status_code == 403


def test_admin_when_staff_but_no_administrator_then_shows_no_people(client_of, staff):
    assert client_of("staff").get(reverse("admin:people_user_changelist")).status_code == 403
