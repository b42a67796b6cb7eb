"""Logging in, by every way that there is, and what must not get in."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from bs4 import BeautifulSoup
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from people import services
from people.models import User
from tests.people.conftest import link_in

PASSWORD = "a-long-enough-password"
LOGIN = "/accounts/login/"


def logged_in_as(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def error_in(response) -> str:
    found = BeautifulSoup(response.content, "html.parser").select_one(".nhsuk-error-summary")
    return found.get_text(" ", strip=True) if found else ""


def code_for(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))


def give_app(user: User) -> str:
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    return secret


# --- By password --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["member@example.org", "MEMBER@Example.ORG", " member@example.org "])
def test_login_when_the_password_is_right_then_lets_in_however_the_address_is_written(client, member, address):
    response = client.post(LOGIN, {"login": address, "password": PASSWORD})
    assert (response.status_code, response.url) == (302, reverse("dashboard"))
    assert logged_in_as(client) == str(member.pk)


def test_login_when_made_on_the_host_then_gets_in_without_an_email_that_nobody_could_read(client, db):
    call_command("createsuperuser", email="First@example.org", full_name="First", interactive=False, stdout=StringIO())
    first = User.objects.get()
    first.set_password(PASSWORD)
    first.save()
    client.post(LOGIN, {"login": first.email, "password": PASSWORD})
    assert logged_in_as(client) == str(first.pk)


def test_login_when_next_is_given_then_goes_there_and_never_to_another_site(client, member):
    response = client.post(f"{LOGIN}?next=/people/me/", {"login": member.email, "password": PASSWORD})
    assert response.url == "/people/me/"
    other = Client()
    response = other.post(f"{LOGIN}?next=https://bad.example/", {"login": member.email, "password": PASSWORD})
    assert response.url == reverse("dashboard")


def test_login_when_wrong_then_says_the_same_for_a_known_and_an_unknown_address(client, member):
    said = {
        error_in(client.post(LOGIN, {"login": address, "password": "wrong-password"}))
        for address in (member.email, "nobody@example.org")
    }
    assert len(said) == 1
    assert "is not right" in said.pop()


def test_login_when_tried_too_often_then_waits(client, member):
    for _ in range(5):
        client.post(LOGIN, {"login": member.email, "password": "wrong-password"})
    response = client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    assert "too many times" in error_in(response)
    assert logged_in_as(client) is None


def test_login_when_tried_from_one_place_without_end_then_answers_429(client, db):
    guesses = [{"login": f"a{number}@example.org", "password": "guess"} for number in range(31)]
    codes = [client.post(LOGIN, guess).status_code for guess in guesses]
    assert codes[:30] == [200] * 30
    assert codes[30] == 429


def test_login_when_the_person_was_only_invited_then_no_password_works(client, invited):
    user, _ = invited
    for password in ("", "!", user.password):
        client.post(LOGIN, {"login": user.email, "password": password})
    assert logged_in_as(client) is None


def test_login_when_deactivated_then_no_way_in_works(client, member, staff, letters_to):
    services.deactivate(user=member, by=staff)
    client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    assert logged_in_as(client) is None
    client.post("/accounts/login/code/", {"email": member.email})
    client.post("/accounts/password/reset/", {"email": member.email})
    assert {letter.subject for letter in letters_to(member.email)} == {"You have no account with this address"}


def test_login_when_deactivated_while_logged_in_then_the_next_page_asks_to_log_in(client, member, staff):
    client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    assert client.get("/people/me/").status_code == 200
    services.deactivate(user=member, by=staff)
    assert client.get("/people/me/").url == "/accounts/login/?next=/people/me/"
    services.reactivate(user=member, by=staff)
    assert client.get("/people/me/").status_code == 302


def test_login_when_the_address_is_not_confirmed_then_sends_a_link_first(client, stranger, letters_to):
    client.post(LOGIN, {"login": stranger.email, "password": PASSWORD})
    assert logged_in_as(client) is None
    (letter,) = letters_to(stranger.email)
    assert letter.is_secret
    path = link_in(letter.text, "/accounts/confirm-email/")
    assert client.get(path).status_code == 200
    client.post(path)
    assert EmailAddress.objects.get(user=stranger).verified


def test_sign_up_when_tried_then_is_closed(client, db):
    for response in (
        client.get("/accounts/signup/"),
        client.post(
            "/accounts/signup/",
            {"email": "x@example.org", "password1": "seven-brown-otters", "password2": "seven-brown-otters"},
        ),
    ):
        assert "Accounts are by invitation" in response.content.decode()
    assert not User.objects.exists()


# --- By emailed code ----------------------------------------------------------------------------------------------


def test_code_when_asked_for_then_comes_by_email_and_logs_in(client, member, letters_to):
    response = client.post("/accounts/login/code/", {"email": "Member@example.org"}, follow=True)
    assert "We have written to" in response.content.decode()
    (letter,) = letters_to(member.email)
    assert letter.subject == "Your code to log in"
    assert letter.is_secret
    code = re.search(r"^([A-Z0-9]{4}-?[A-Z0-9]{4})$", letter.text, re.MULTILINE).group(1)
    wrong = client.post("/accounts/login/code/confirm/", {"code": "WRONG-CODE"})
    assert "not right" in error_in(wrong)
    response = client.post("/accounts/login/code/confirm/", {"code": code.lower()})
    assert response.url == reverse("dashboard")
    assert logged_in_as(client) == str(member.pk)


def test_code_when_guessed_three_times_then_must_be_asked_for_anew(client, member, letters_to):
    client.post("/accounts/login/code/", {"email": member.email})
    code = re.search(r"^(\S{8,9})$", letters_to(member.email)[0].text, re.MULTILINE).group(1)
    for _ in range(3):
        client.post("/accounts/login/code/confirm/", {"code": "WRONG-CODE"})
    client.post("/accounts/login/code/confirm/", {"code": code})
    assert logged_in_as(client) is None


def test_code_when_the_address_is_unknown_then_the_pages_say_the_same(client, member, letters_to):
    pages = []
    for address in (member.email, "nobody@example.org"):
        browser = Client()
        text = browser.post("/accounts/login/code/", {"email": address}, follow=True).content.decode()
        pages.append(re.sub(r'value="[^"]{20,}"', "", text.replace(address, "ADDRESS")))
    assert pages[0] == pages[1]
    assert letters_to("nobody@example.org")[0].subject == "You have no account with this address"


@pytest.mark.parametrize(
    "address", ["é@example.org", "x" * 300 + "@example.org", "a b@c", "", "a@" + "b" * 250 + ".org"]
)
def test_code_when_the_address_cannot_exist_then_still_answers(client, db, address):
    for url in ("/accounts/login/code/", "/accounts/password/reset/"):
        assert client.post(url, {"email": address}).status_code in (200, 302)


def test_code_when_asked_for_again_then_sends_another(client, member, letters_to):
    client.post("/accounts/login/code/", {"email": member.email})
    client.post("/accounts/login/code/confirm/", {"action": "resend"})
    assert len(letters_to(member.email)) == 2


def test_code_when_only_invited_then_proves_the_address_and_counts_as_joining(client, invited, letters_to):
    user, _ = invited
    client.post("/accounts/login/code/", {"email": user.email})
    code = re.search(r"^(\S{9})$", letters_to(user.email)[-1].text, re.MULTILINE).group(1)
    client.post("/accounts/login/code/confirm/", {"code": code})
    assert logged_in_as(client) == str(user.pk)
    assert not user.invitations.open().exists()


# --- A forgotten password -----------------------------------------------------------------------------------------


def test_reset_when_the_link_is_followed_then_sets_the_password_once(client, member, letters_to):
    response = client.post("/accounts/password/reset/", {"email": member.email}, follow=True)
    assert "Check your email" in response.content.decode()
    (letter,) = letters_to(member.email)
    assert letter.is_secret
    path = link_in(letter.text, "/accounts/password/reset/key/")
    page = client.get(path, follow=True)
    set_url = page.redirect_chain[-1][0]
    new = {"password1": "nine-quiet-herons", "password2": "nine-quiet-herons"}
    assert "twice" not in error_in(client.post(set_url, {"password1": "x", "password2": "y"}))
    client.post(set_url, new)
    member.refresh_from_db()
    assert member.check_password("nine-quiet-herons")
    assert "cannot be used" in Client().get(path, follow=True).content.decode()
    assert "Your password was changed" in [each.subject for each in letters_to(member.email)]


def test_reset_when_the_link_is_forged_then_says_so(client, member):
    page = client.get("/accounts/password/reset/key/1-abc-def/", follow=True)
    assert "This link cannot be used" in page.content.decode()


# --- Second factor ------------------------------------------------------------------------------------------------


def test_second_factor_when_set_up_then_the_password_alone_is_not_enough(client, member):
    secret = give_app(member)
    response = client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    assert response.url == "/accounts/2fa/authenticate/"
    assert logged_in_as(client) is None
    assert client.get(response.url).status_code == 200
    assert "not right" in error_in(client.post(response.url, {"code": "000000"}))
    client.post(response.url, {"code": code_for(secret)})
    assert logged_in_as(client) == str(member.pk)


def test_second_factor_when_lost_then_a_recovery_code_works_once(client, member):
    give_app(member)
    codes = RecoveryCodes.activate(member).get_unused_codes()
    for expected in (str(member.pk), None):
        browser = Client()
        browser.post(LOGIN, {"login": member.email, "password": PASSWORD})
        browser.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert logged_in_as(browser) == expected


@pytest.mark.parametrize("role", ["staff", "administrator"])
def test_second_factor_when_staff_have_none_then_nothing_else_is_open(client_of, settings, role):
    settings.STAFF_SECOND_FACTOR = True
    browser = client_of(role)
    for name in ("people:index", "people:me", "home", "admin:index"):
        assert browser.get(reverse(name)).url == "/accounts/2fa/", name
    assert browser.post(reverse("people:invite"), {}).url == "/accounts/2fa/"
    assert "Programme staff need a second factor" in browser.get("/accounts/2fa/").content.decode()
    assert browser.post("/accounts/logout/").status_code == 302
    assert logged_in_as(browser) is None


def test_second_factor_when_staff_have_one_then_all_is_open(client_of, settings, staff):
    settings.STAFF_SECOND_FACTOR = True
    RecoveryCodes.activate(staff)
    browser = client_of("staff")
    assert browser.get(reverse("people:index")).url == "/accounts/2fa/", "recovery codes alone are no second factor"
    give_app(staff)
    assert browser.get(reverse("people:index")).status_code == 200


@pytest.mark.parametrize("role", ["stranger", "team", "chair", "anonymous"])
def test_second_factor_when_not_staff_then_is_not_asked_for(client_of, settings, role):
    settings.STAFF_SECOND_FACTOR = True
    assert client_of(role).get("/accounts/login/").url if role != "anonymous" else True
    assert client_of(role).get("/people/me/").status_code == (302 if role == "anonymous" else 200)


def test_second_factor_when_staff_turn_off_their_last_then_is_refused(client, settings, member):
    settings.STAFF_SECOND_FACTOR = True
    member.is_staff = True
    member.save()
    secret = give_app(member)
    client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code_for(secret)})
    confirm(client)
    client.post("/accounts/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(user=member, type="totp").exists()


def test_second_factor_when_lost_with_its_codes_then_staff_remove_it_and_its_owner_is_told(
    client, member, client_of, letters_to
):
    RecoveryCodes.activate(member)
    give_app(member)
    client.force_login(member)
    browser, url = client_of("staff"), reverse("people:reset_second_factor", args=[member.pk])
    page = reverse("people:detail", args=[member.pk])
    assert url in browser.get(page).content.decode()
    assert "Make sure first that it is really them" in browser.get(url).content.decode()
    assert "has been told by email" in browser.post(url, follow=True).content.decode()
    assert url not in browser.get(page).content.decode()
    (letter,) = letters_to(member.email)
    assert letter.subject == "Your second factor was removed"
    assert "Staff" in letter.text
    client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    assert logged_in_as(client) == str(member.pk)
    assert "so there is none to remove" in browser.post(url, follow=True).content.decode()
    assert len(letters_to(member.email)) == 1


@pytest.mark.parametrize(("whose", "by"), [("administrator", "staff"), ("staff", "staff"), ("team", "stranger")])
def test_second_factor_when_it_is_not_theirs_to_remove_then_it_stays(request, whose, by):
    owner, asker = request.getfixturevalue(whose), request.getfixturevalue(by)
    give_app(owner)
    with pytest.raises(PermissionDenied):
        services.reset_second_factor(user=owner, by=asker)
    assert Authenticator.objects.filter(user=owner).exists()


def test_second_factor_when_the_last_administrator_lost_it_then_the_host_removes_it(administrator, letters_to):
    give_app(administrator)
    call_command("reset_second_factor", administrator.email.upper(), stdout=StringIO())
    assert not Authenticator.objects.filter(user=administrator).exists()
    assert "Whoever runs the portal" in letters_to(administrator.email)[0].text
    with pytest.raises(CommandError, match="none to remove"):
        call_command("reset_second_factor", administrator.email)
    with pytest.raises(CommandError, match="Nobody here has the address"):
        call_command("reset_second_factor", "nobody@example.org")


def confirm(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def test_second_factor_when_set_up_in_the_browser_then_gives_recovery_codes(
    client, member, letters_to, django_capture_on_commit_callbacks
):
    client.post(LOGIN, {"login": member.email, "password": PASSWORD})
    assert client.get("/accounts/2fa/totp/activate/").status_code == 302, "the password is asked for once more"
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/")
    secret = BeautifulSoup(page.content, "html.parser").select_one("code").get_text()
    assert "not right" in error_in(client.post("/accounts/2fa/totp/activate/", {"code": "000000"}))
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)}, follow=True)
    assert "Your recovery codes" in response.content.decode()
    assert len(BeautifulSoup(response.content, "html.parser").select("main li code")) == 10
    assert "An authenticator app was set up" in [letter.subject for letter in letters_to(member.email)]
    download = client.get("/accounts/2fa/recovery-codes/download/")
    assert len(download.content.decode().split()) == 10


def test_admin_when_logging_in_then_goes_by_the_same_door(client, administrator):
    response = client.get("/admin/login/")
    assert response.url.startswith("/accounts/login/?next=")
    client.post("/admin/login/", {"username": administrator.email, "password": PASSWORD})
    assert logged_in_as(client) is None


# --- What the login page tells ------------------------------------------------------------------------------------


def test_login_page_when_this_is_a_demonstration_then_lists_its_logins(client, db, settings):
    assert "demo-password" not in client.get(LOGIN).content.decode()
    settings.DEMO, settings.DEMO_PASSWORD = True, "demo-password"
    page = client.get(LOGIN).content.decode()
    for name in (
        "staff",
        "lead",
        "team",
        "fellow",
        "commissioner",
        "service-user",
        "scientist",
        "chair",
        "convenor",
        "associate",
    ):
        assert f"{name}@example.org" in page
    assert "demo-password" in page


def test_login_when_it_is_no_demonstration_then_its_password_lets_nobody_in(client, member, settings):
    member.set_password(settings.DEMO_PASSWORD)
    member.save()
    page = client.post(LOGIN, {"login": member.email, "password": settings.DEMO_PASSWORD})
    assert "Everybody knows this password" in page.content.decode()
    assert logged_in_as(client) is None
    settings.DEMO = True
    client.post(LOGIN, {"login": member.email, "password": settings.DEMO_PASSWORD})
    assert logged_in_as(client) == str(member.pk)
