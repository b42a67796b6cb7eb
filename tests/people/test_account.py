"""One's own account: details, email address, password, passkeys, sessions, data, and the end of it."""

from __future__ import annotations

import json

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from people import privacy, services
from people.browsers import browser_name
from people.models import User
from tests.communities.factories import make_event, make_registration
from tests.people.conftest import link_in
from tests.people.test_login import LOGIN, PASSWORD, confirm, error_in, give_app, logged_in_as


@pytest.fixture
def browser(client, member) -> Client:
    """The member, logged in as people are."""
    client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    return client


# --- Details ------------------------------------------------------------------------------------------------------


def test_details_when_saved_then_are_kept_and_only_ones_own_change(browser, member, stranger, organisation):
    data = {
        "full_name": " Robin  Hood ", "job_title": "Nurse", "organisation": organisation.pk,
        "orcid": "https://orcid.org/0000-0002-1825-0097", "is_staff": "on", "is_superuser": "on", "pk": stranger.pk,
    }  # fmt: skip
    assert browser.post(reverse("people:me_edit"), data).url == reverse("people:me")
    member.refresh_from_db()
    assert (member.full_name, member.job_title, member.organisation, member.orcid) == (
        "Robin Hood", "Nurse", organisation, "0000-0002-1825-0097",
    )  # fmt: skip
    assert (member.is_staff, member.is_superuser) == (False, False)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("full_name", "", "full name"),
        ("full_name", "x" * 151, "150"),
        ("orcid", "0000-0002-1825-0098", "last digit"),
        ("orcid", "nonsense", "four groups of four"),
        ("organisation", "999999", "valid choice"),
    ],
)
def test_details_when_wrong_then_says_how_to_mend_it_and_keeps_what_was_typed(browser, member, field, value, words):
    good = {"full_name": "Robin", "job_title": "A job", "organisation": "", "orcid": ""}
    response = browser.post(reverse("people:me_edit"), good | {field: value})
    page = BeautifulSoup(response.content, "html.parser")
    assert page.title.get_text().startswith("Error:")
    assert words.lower() in error_in(response).lower()
    assert page.select_one("input[name=job_title]")["value"] == "A job"
    member.refresh_from_db()
    assert member.full_name == "Robin Member"
    assert "Robin Member" in page.select_one("header").get_text()


# --- Email address ------------------------------------------------------------------------------------------------


def test_email_when_changed_then_takes_over_once_confirmed(browser, member, letters_to):
    confirm(browser)
    response = browser.post(reverse("account_email"), {"email": "New@Example.org", "action_add": "yes"}, follow=True)
    assert "We have written to new@example.org" in response.content.decode()
    member.refresh_from_db()
    assert member.email == "member@example.org"
    path = link_in(letters_to("new@example.org")[0].text, "/accounts/confirm-email/")
    browser.post(path)
    member.refresh_from_db()
    assert member.email == "new@example.org"
    assert list(EmailAddress.objects.filter(user=member).values_list("email", "verified", "primary")) == [
        ("new@example.org", True, True)
    ]
    assert "Your email address was changed" in [letter.subject for letter in letters_to("member@example.org")]
    assert "cannot be used" in browser.get(path).content.decode()


def test_email_when_changing_then_asks_for_the_password_once_more(browser, member):
    response = browser.post(reverse("account_email"), {"email": "new@example.org", "action_add": "yes"})
    assert response.url.startswith("/accounts/reauthenticate/")
    assert not EmailAddress.objects.filter(email="new@example.org").exists()


@pytest.mark.parametrize(
    "address", ["stranger@example.org", "STRANGER@example.org", "member@example.org", "é@example.org"]
)
def test_email_when_it_cannot_be_ones_own_then_is_refused(browser, member, stranger, address):
    confirm(browser)
    response = browser.post(reverse("account_email"), {"email": address, "action_add": "yes"})
    assert error_in(response)
    assert EmailAddress.objects.filter(user=member).count() == 1


def test_email_when_somebody_was_invited_with_it_meanwhile_then_stays_theirs(browser, member, staff, letters_to):
    confirm(browser)
    browser.post(reverse("account_email"), {"email": "new@example.org", "action_add": "yes"})
    path = link_in(letters_to("new@example.org")[0].text, "/accounts/confirm-email/")
    services.invite(email="new@example.org", full_name="New", role="Fellow", invited_by=staff)
    browser.post(path)
    member.refresh_from_db()
    assert member.email == "member@example.org"


def test_email_when_a_made_user_has_it_meanwhile_then_says_it_was_not_confirmed(browser, member, letters_to):
    confirm(browser)
    browser.post(reverse("account_email"), {"email": "new@example.org", "action_add": "yes"})
    path = link_in(letters_to("new@example.org")[0].text, "/accounts/confirm-email/")
    User.objects.create_user("new@example.org", full_name="New")
    assert browser.post(path, follow=True).status_code == 200
    member.refresh_from_db()
    assert member.email == "member@example.org"


def test_email_when_the_change_is_taken_back_then_the_old_one_stays(browser, member):
    confirm(browser)
    browser.post(reverse("account_email"), {"email": "new@example.org", "action_add": "yes"})
    browser.post(reverse("account_email"), {"email": "new@example.org", "action_remove": "yes"})
    assert list(EmailAddress.objects.filter(user=member).values_list("email", flat=True)) == ["member@example.org"]


# --- Password, passkeys, sessions ---------------------------------------------------------------------------------


def test_password_when_changed_then_stays_logged_in_and_is_told_by_email(browser, member, letters_to):
    new = {"oldpassword": PASSWORD, "password1": "nine-quiet-herons", "password2": "nine-quiet-herons"}
    assert "not your current" in error_in(browser.post("/accounts/password/change/", new | {"oldpassword": "x"}))
    browser.post("/accounts/password/change/", new)
    assert logged_in_as(browser) == str(member.pk)
    member.refresh_from_db()
    assert member.check_password("nine-quiet-herons")
    assert [letter.subject for letter in letters_to(member.email)] == ["Your password was changed"]


def test_password_when_there_is_none_then_can_be_set(member, client):
    member.set_unusable_password()
    member.save()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/accounts/password/change/").url == "/accounts/password/set/"
    assert "Set a password" in client.get("/accounts/password/set/").content.decode()
    client.post("/accounts/password/set/", {"password1": "nine-quiet-herons", "password2": "nine-quiet-herons"})
    member.refresh_from_db()
    assert member.check_password("nine-quiet-herons")


def test_passkey_when_the_browser_sends_none_then_says_so(client, browser, db):
    response = Client().post("/accounts/2fa/webauthn/login/", {"credential": ""}, follow=True)
    assert "did not offer a passkey" in response.content.decode()
    confirm(browser)
    response = browser.post("/accounts/2fa/webauthn/add/", {"name": "x", "credential": ""})
    assert "gave us no passkey" in error_in(response)


@pytest.mark.parametrize("credential", ["nonsense", "{}", "[]", '{"id": 1}', "null"])
def test_passkey_when_forged_then_is_refused(browser, member, credential):
    assert Client().post("/accounts/2fa/webauthn/login/", {"credential": credential}).status_code == 302
    confirm(browser)
    browser.get("/accounts/2fa/webauthn/add/")
    response = browser.post("/accounts/2fa/webauthn/add/", {"name": "x", "credential": credential})
    assert response.status_code == 200
    assert not member.authenticator_set.exists()


def test_passkey_when_forged_as_the_second_factor_then_is_refused(client, member):
    give_app(member)
    client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    for credential in ("", "nonsense", "{}", '{"id": 1}'):
        response = client.post("/accounts/2fa/authenticate/", {"credential": credential})
        problem = BeautifulSoup(response.content, "html.parser").select_one("#passkey-problem:not([hidden])")
        assert "passkey" in problem.get_text()
    assert logged_in_as(client) is None


def test_passkey_when_asked_to_log_in_with_then_hands_the_browser_a_challenge(client, db):
    response = client.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})
    assert response.json()["request_options"]["publicKey"]["challenge"]


def test_sessions_when_logged_out_elsewhere_then_only_this_one_goes_on(browser, member):
    other = Client(headers={"user-agent": "Another browser"})
    other.post(LOGIN, {"login": member.email, "password": PASSWORD})
    page = browser.get("/accounts/sessions/").content.decode()
    assert "A browser that is not known" in page
    assert UserSession.objects.filter(user=member).count() == 2
    browser.post("/accounts/sessions/")
    assert logged_in_as(browser) == str(member.pk)
    assert other.get(reverse("people:me")).status_code == 302


def test_sessions_when_one_is_logged_out_then_the_others_go_on_and_nobody_elses_end(browser, member, stranger):
    lost = Client(headers={"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"})
    desk = Client(headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Gecko Firefox/144.0"})
    lost.post(LOGIN, {"login": member.email, "password": PASSWORD})
    desk.post(LOGIN, {"login": member.email, "password": PASSWORD})
    page = BeautifulSoup(browser.get("/accounts/sessions/").content, "html.parser")
    row = next(row for row in page.select("tbody tr") if "Safari on iPhone" in row.get_text())
    assert "Firefox on Windows" in page.get_text()
    assert len(page.select("tbody form")) == 2, "there is no button for the browser in use"
    browser.post(row.form["action"])
    assert [logged_in_as(client) for client in (lost, desk, browser)] == [None, str(member.pk), str(member.pk)]
    theirs = UserSession.objects.create(user=stranger, session_key="theirs", ip="127.0.0.1", user_agent="")
    browser.post(reverse("people:session_end", args=[theirs.pk]))
    assert UserSession.objects.filter(pk=theirs.pk).exists()


@pytest.mark.once
@pytest.mark.parametrize(
    ("said", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on Mac"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Lynx on Linux", "A browser on Linux"),
        ("", "A browser that is not known"),
    ],
)
def test_browser_name_when_told_what_it_says_then_is_the_one_that_people_know(said, name):
    assert browser_name(said) == name


def test_log_out_when_asked_by_get_then_asks_and_by_post_does(browser):
    assert "Do you want to log out?" in browser.get("/accounts/logout/").content.decode()
    assert logged_in_as(browser)
    assert browser.post("/accounts/logout/").url == reverse("home")
    assert logged_in_as(browser) is None


# --- Data, and the end --------------------------------------------------------------------------------------------


def test_data_when_taken_then_is_all_of_ones_own_and_nobody_elses(browser, member, stranger, staff):
    services.invite(email=member.email, full_name="R", role="Panel member", invited_by=staff)
    services.invite(email=stranger.email, full_name="S", role="Secret role", invited_by=staff)
    response = browser.get(reverse("people:my_data"))
    assert response["Content-Type"] == "application/json"
    assert "attachment" in response["Content-Disposition"]
    assert response["Cache-Control"].startswith("max-age=0, no-cache")
    data = json.loads(response.content)
    assert data["Account"]["Email address"] == "member@example.org"
    assert [letter["Subject"] for letter in data["Emails to you"]] == ["You have a new role: Panel member"]
    assert len(data["Where you are logged in"]) == 1
    text = response.content.decode()
    assert "Secret role" not in text
    assert member.password not in text


def test_data_when_records_carry_ones_name_then_says_how_many_and_tells_no_other_names(browser, member, stranger):
    event = make_event(title="Annual conference", created_by=member)
    make_event(title="Somebody else's", created_by=stranger)
    make_registration(event, name="Ida Invisible", added_by=member)
    text = browser.get(reverse("people:my_data")).content.decode()
    records = {(row["What"], row["As"]): row for row in json.loads(text)["Records that carry your name"]}
    assert records["events", "created by"]["Titles"] == ["Annual conference"]
    assert records["registrations", "added by"]["How many"] == 1
    assert "Ida Invisible" not in text
    assert "Somebody else" not in text


def test_close_when_confirmed_by_password_then_erases_and_logs_out(browser, member):
    url = reverse("people:close_account")
    assert browser.get(url).url.startswith("/accounts/reauthenticate/")
    assert browser.post(url).url.startswith("/accounts/reauthenticate/")
    member.refresh_from_db()
    assert member.erased_at is None
    confirm(browser)
    assert "Former member" in browser.get(url).content.decode()
    response = browser.post(url, follow=True)
    assert response.redirect_chain[0][0] == reverse("home")
    assert logged_in_as(browser) is None
    member.refresh_from_db()
    assert member.full_name == "Former member"
    browser.post(LOGIN, {"login": "member@example.org", "password": PASSWORD})
    assert logged_in_as(browser) is None


def test_close_when_the_last_administrator_then_is_told_why_not(client, member):
    member.is_superuser = member.is_staff = True
    member.save()
    client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    confirm(client)
    response = client.post(reverse("people:close_account"), follow=True)
    assert "make another person an administrator first" in response.content.decode()
    member.refresh_from_db()
    assert member.erased_at is None


def test_close_when_an_app_holds_more_then_its_eraser_runs_while_the_address_is_known(member, monkeypatch):
    seen: list[str] = []
    monkeypatch.setattr(privacy, "_erasers", [])
    privacy.register(lambda user: {}, lambda user: seen.append(user.email))
    services.close_account(user=member)
    assert seen == ["member@example.org"]


# --- Every page of allauth's that can be reached ------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "login/", "login/code/", "password/reset/", "password/reset/done/", "password/reset/key/done/", "inactive/",
        "confirm-email/", "confirm-email/forged:key/", "signup/", "password/reset/key/1-bad/",
    ],
)  # fmt: skip
def test_allauth_page_when_anonymous_then_is_in_our_look_and_runs_nothing_inline(client, db, path):
    check_page(client.get(f"/accounts/{path}", follow=True))


@pytest.mark.parametrize(
    "path",
    [
        "logout/", "email/", "password/change/", "reauthenticate/", "sessions/", "2fa/", "2fa/reauthenticate/",
        "2fa/webauthn/", "2fa/webauthn/add/", "2fa/totp/deactivate/", "2fa/recovery-codes/",
        "2fa/recovery-codes/generate/",
    ],
)  # fmt: skip
def test_allauth_page_when_logged_in_then_is_in_our_look_and_runs_nothing_inline(browser, member, path):
    confirm(browser)
    give_app(member)
    browser.get("/accounts/2fa/recovery-codes/generate/")
    browser.post("/accounts/2fa/recovery-codes/generate/")
    check_page(browser.get(f"/accounts/{path}", follow=True))


def check_page(response) -> None:
    assert response.status_code == 200
    page = BeautifulSoup(response.content, "html.parser")
    assert len(page.select("h1")) == 1
    assert page.select_one("main")
    assert page.select_one("header.nhsuk-header")
    assert page.title.get_text().split(" – ")[0]
    for script in page.select("script"):
        assert script.get("src") or script.get("type") == "application/json", script
    assert not page.select("style, [style], [onclick], [onload]")
    for field in page.select("main input:not([type=hidden]), main select, main textarea"):
        assert page.select_one(f"label[for={field['id']}]"), field
    ids = [each["id"] for each in page.select("[id]")]
    assert len(ids) == len(set(ids))
    assert "script-src 'self'" in response["Content-Security-Policy"]
