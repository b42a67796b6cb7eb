"""Logging in as people do it: in a real browser, with a passkey, on a phone, and without JavaScript."""

from __future__ import annotations

import time

import pytest
from django.urls import reverse
from playwright.sync_api import Route

from people import services
from people.models import User
from tests.people.test_login import PASSWORD
from tests.plugins.browser import PATIENCE

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

ENTRANCE = ["login/", "login/code/", "password/reset/", "password/reset/done/", "signup/", "inactive/"]
OWN = ["email/", "password/change/", "sessions/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "2fa/webauthn/add/"]


@pytest.fixture
def person(programme) -> User:
    user = User.objects.create_user("robin@example.org", PASSWORD, full_name="Robin Member")
    services.mark_email_verified(user)
    return user


def give_authenticator(page) -> None:
    """A virtual authenticator: what a fingerprint reader is to a person."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip


def log_in_by_password(page) -> None:
    page.goto(reverse("account_login"))
    page.get_by_label("Email address").fill("robin@example.org")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/dashboard/")


def test_passkey_when_added_then_logs_in_alone(page, person):
    give_authenticator(page)
    log_in_by_password(page)
    page.goto("/accounts/2fa/webauthn/add/")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("What do you want to call it?").fill("Work laptop")
    page.get_by_role("button", name="Add the passkey").click()
    page.wait_for_url("**/2fa/recovery-codes/")
    page.goto("/accounts/2fa/webauthn/")
    assert page.get_by_role("rowheader", name="Work laptop").is_visible()
    page.context.clear_cookies()
    page.goto(reverse("account_login"))
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url("**/dashboard/")


def test_passkey_when_pressed_before_the_scripts_are_there_then_the_press_counts(page, person):
    give_authenticator(page)
    log_in_by_password(page)
    page.goto("/accounts/reauthenticate/?next=/accounts/2fa/")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/accounts/2fa/")
    held: list[Route] | None = []
    page.route("**/mfa/js/webauthn*.js", lambda route: route.continue_() if held is None else held.append(route))
    page.goto("/accounts/2fa/webauthn/add/", wait_until="commit")
    deadline = time.monotonic() + PATIENCE / 1000
    while not held:
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)
    page.get_by_label("What do you want to call it?").fill("Work laptop")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add the passkey").click()
    waiting, held = held, None
    for route in waiting:
        route.continue_()
    page.wait_for_url("**/2fa/recovery-codes/")
    assert person.authenticator_set.filter(type="webauthn").count() == 1


def test_passkey_when_the_device_has_none_then_the_page_says_so(page, person):
    page.goto(reverse("account_login"))
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError')) }")
    page.get_by_role("button", name="Log in with a passkey").click()
    page.get_by_text("The passkey was not used").wait_for()


def test_login_when_there_is_no_javascript_then_works(page_without_javascript, person):
    page = page_without_javascript
    log_in_by_password(page)
    page.goto(reverse("people:me"))
    assert page.get_by_role("heading", name="Your account").is_visible()


@pytest.mark.parametrize("path", ENTRANCE)
def test_entrance_when_looked_at_then_has_no_violation_and_fits_a_phone(phone_page, axe, person, path):
    phone_page.goto(f"/accounts/{path}")
    assert axe(phone_page) == []  # which waits until nothing moves
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 320


def test_own_pages_when_looked_at_then_have_no_violation_and_fit_a_phone(phone_page, axe, person):
    page = phone_page
    log_in_by_password(page)
    page.goto("/accounts/reauthenticate/")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/dashboard/")
    own = [f"/accounts/{path}" for path in OWN]
    own += [reverse(f"people:{name}") for name in ("me", "me_edit", "close_account")]
    look_at(page, axe, own)


def test_staff_pages_when_looked_at_then_have_no_violation_and_fit_a_phone(
    phone_page, axe, log_in, staff, administrator, invited, organisation, programme
):
    log_in(phone_page, administrator)
    user, _ = invited
    pages = [reverse(f"people:{name}") for name in ("index", "invite", "organisations", "organisation_new")]
    pages += [
        reverse(f"people:{name}", args=[user.pk]) for name in ("detail", "deactivate", "make_staff", "remove_staff")
    ]
    pages.append(reverse("people:withdraw", args=[user.invitations.get().pk]))
    pages += [
        reverse(f"people:{name}", args=[organisation.pk]) for name in ("organisation_edit", "organisation_delete")
    ]
    look_at(phone_page, axe, pages)


def look_at(page, axe, paths: list[str]) -> None:
    wrong = []
    for path in paths:
        page.goto(path)
        wrong += axe(page)
        if page.evaluate("document.documentElement.scrollWidth") > 320:
            wrong.append(f"{path} is wider than a phone")
    assert wrong == []
