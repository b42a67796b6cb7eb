"""Second factors in the database: nobody reads them there, and a key that is gone locks nobody out for good."""

from __future__ import annotations

import json
import logging
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from bs4 import BeautifulSoup
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse

from people import services
from people.second_factors import SEALED, Sealing, UnreadableSecretError, seal, seal_rows, unseal

SECRET = "JBSWY3DPEHPK3PXP"
SEED = "ab12" * 20
PASSWORD = "a-long-enough-password"
LOGIN = "/accounts/login/"
ANOTHER_KEY = "another-key-that-nobody-guesses-0123456789"


def code() -> str:
    """What the app shows now: the one before is taken too, and the one after."""
    return format_hotp_value(hotp_value(SECRET, list(yield_hotp_counters_from_time())[1]))


def at_second_factor(user) -> Client:
    """A browser in which this person has typed their password."""
    browser = Client()
    assert browser.post(LOGIN, {"login": user.email, "password": PASSWORD}).url == "/accounts/2fa/authenticate/"
    return browser


def try_code(browser: Client, typed: str):
    return browser.post("/accounts/2fa/authenticate/", {"code": typed})


def logged_in_as(browser: Client) -> str | None:
    return browser.session.get("_auth_user_id")


def text_of(response) -> str:
    return BeautifulSoup(response.content, "html.parser").get_text(" ", strip=True)


def kept_in_database() -> str:
    """Every second factor as somebody finds it who has a copy of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        return " ".join(str(value) for (value,) in cursor.fetchall())


@pytest.fixture
def factor(member):
    """``member`` with an app and recovery codes, sealed by the key of these tests."""
    TOTP.activate(member, SECRET)
    RecoveryCodes.activate(member)
    return member


def test_secret_when_set_up_then_is_not_in_the_row_and_works(factor):
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    kept = kept_in_database()
    assert SECRET not in kept
    assert kept.count(SEALED) == 2
    for row in Authenticator.objects.all():
        (sealed,) = {"secret", "seed"} & row.data.keys()
        assert row.data[sealed].startswith(SEALED)
    for typed in (code(), codes[0]):
        browser = at_second_factor(factor)
        try_code(browser, typed)
        assert logged_in_as(browser) == str(factor.pk)


def test_seal_when_the_same_twice_then_looks_different_and_opens_to_the_same():
    assert seal(SECRET) != seal(SECRET)
    assert {unseal(seal(SECRET)), unseal(seal(SECRET))} == {SECRET}


def test_secret_when_it_stands_in_clear_from_before_then_works(member):
    Authenticator.objects.create(user=member, type="totp", data={"secret": SECRET})
    browser = at_second_factor(member)
    try_code(browser, code())
    assert logged_in_as(browser) == str(member.pk)


def test_key_when_it_was_changed_and_the_old_one_is_kept_then_codes_work(factor, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = ANOTHER_KEY, [settings.SECRET_KEY]
    browser = at_second_factor(factor)
    try_code(browser, code())
    assert logged_in_as(browser) == str(factor.pk)


def test_command_when_the_key_was_changed_then_seals_anew_and_the_old_key_may_go(factor, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = ANOTHER_KEY, [settings.SECRET_KEY]
    said = StringIO()
    call_command("seal_second_factors", stdout=said)
    call_command("seal_second_factors", stdout=said)
    assert said.getvalue() == (
        "Sealed 2 anew by the present SECRET_KEY.\nSealed 0 anew by the present SECRET_KEY.\n"
    )  # fmt: skip
    settings.SECRET_KEY_FALLBACKS = []
    browser = at_second_factor(factor)
    try_code(browser, code())
    assert logged_in_as(browser) == str(factor.pk)


def test_command_when_some_stand_in_clear_and_some_cannot_be_read_then_seals_those_and_says_so(
    factor, stranger, settings
):
    settings.SECRET_KEY = ANOTHER_KEY
    Authenticator.objects.create(user=stranger, type="totp", data={"secret": SECRET})
    passkey = Authenticator.objects.create(user=stranger, type="webauthn", data={"name": "Key"})
    before = list(Authenticator.objects.filter(user=factor).order_by("pk").values_list("data", flat=True))
    said = StringIO()
    with pytest.raises(CommandError, match=r"2 cannot be read\. Put the key of before into SECRET_KEY_FALLBACKS"):
        call_command("seal_second_factors", stdout=said)
    assert said.getvalue().startswith("Sealed 1 anew")
    assert unseal(Authenticator.objects.get(user=stranger, type="totp").data["secret"]) == SECRET
    assert list(Authenticator.objects.filter(user=factor).order_by("pk").values_list("data", flat=True)) == before
    passkey.refresh_from_db()
    assert passkey.data == {"name": "Key"}


@pytest.mark.parametrize("altered", [SEALED, SEALED + "gAAAAA", SEALED + "é"])
def test_unseal_when_altered_then_unreadable(altered):
    with pytest.raises(UnreadableSecretError):
        unseal(altered)


# --- A key that is gone --------------------------------------------------------------------------------------------


def test_key_when_it_is_gone_then_login_says_what_to_do_and_the_log_why(factor, settings, caplog):
    settings.SECRET_KEY = ANOTHER_KEY
    browser = at_second_factor(factor)
    with caplog.at_level(logging.ERROR, logger="people.second_factors"):
        page = try_code(browser, code())
    assert page.status_code == 200
    assert "ask the programme office to remove your second factor" in text_of(page)
    assert logged_in_as(browser) is None
    assert "Put the key of before into SECRET_KEY_FALLBACKS" in caplog.text
    assert SECRET not in caplog.text
    for typed in ("000000", "", "12345678"):
        assert try_code(browser, typed).status_code == 200
        assert logged_in_as(browser) is None


def test_key_when_it_is_gone_then_tries_are_counted_all_the_same(factor, settings):
    settings.SECRET_KEY = ANOTHER_KEY
    browser = at_second_factor(factor)
    for _ in range(5):
        try_code(browser, "000000")
    assert "too many times" in text_of(try_code(browser, "000000"))


def test_key_when_only_the_app_is_sealed_by_it_then_newer_recovery_codes_let_in(factor, settings):
    settings.SECRET_KEY = ANOTHER_KEY
    Authenticator.objects.filter(type="recovery_codes").update(data={"seed": seal(SEED), "used_mask": 0})
    first = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()[0]
    for expected in (str(factor.pk), None):
        browser = at_second_factor(factor)
        try_code(browser, first)
        assert logged_in_as(browser) == expected


def test_key_when_it_is_gone_then_staff_remove_the_factor_and_a_new_one_is_set_up(factor, settings, client_of):
    settings.SECRET_KEY = ANOTHER_KEY
    client_of("staff").post(reverse("people:reset_second_factor", args=[factor.pk]))
    browser = Client()
    browser.post(LOGIN, {"login": factor.email, "password": PASSWORD})
    assert logged_in_as(browser) == str(factor.pk)
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("page", ["", "generate/", "download/"])
def test_recovery_codes_when_the_key_is_gone_then_offers_new_ones(factor, settings, page):
    browser = logged_in(factor)
    settings.SECRET_KEY = ANOTHER_KEY
    browser = logged_in(factor)
    answer = browser.get(f"/accounts/2fa/recovery-codes/{page}")
    assert answer.status_code == 200
    soup = BeautifulSoup(answer.content, "html.parser")
    assert soup.h1.get_text() == "Your recovery codes do not work any more"
    form = soup.select_one("main form")
    assert form["action"] == "/accounts/2fa/recovery-codes/generate/"
    after = browser.post(form["action"], follow=True)
    assert len(BeautifulSoup(after.content, "html.parser").select("main li code")) == 10


def test_index_when_the_key_is_gone_then_says_that_neither_works(factor, settings):
    settings.SECRET_KEY = ANOTHER_KEY
    said = text_of(logged_in(factor).get("/accounts/2fa/"))
    assert "Does not work The portal cannot check its codes any more. Turn it off, then set it up again." in said
    assert "Do not work See your recovery codes" in said


def test_factor_when_it_cannot_be_read_then_staff_may_turn_off_even_the_last(factor, settings):
    make_staff(factor, settings)
    settings.SECRET_KEY = ANOTHER_KEY
    logged_in(factor).post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()


# --- The last second factor of programme staff --------------------------------------------------------------------


def make_staff(user, settings) -> None:
    settings.STAFF_SECOND_FACTOR = True
    user.is_staff = True
    user.save()


def logged_in(user) -> Client:
    """A browser of somebody who has just proved who they are."""
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    browser.get("/")
    confirmed = browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert confirmed.status_code == 302
    return browser


def add_passkey(user, name="Laptop"):
    return Authenticator.objects.create(
        user=user, type="webauthn", data={"name": name, "credential": {"clientExtensionResults": {}}}
    )


def test_app_when_it_is_the_last_of_staff_then_says_why_and_what_to_do_and_has_no_button(factor, settings):
    make_staff(factor, settings)
    browser = logged_in(factor)
    assert "You need it until you have a passkey" in text_of(browser.get("/accounts/2fa/"))
    for answer in (browser.get("/accounts/2fa/totp/deactivate/"), browser.post("/accounts/2fa/totp/deactivate/")):
        soup = BeautifulSoup(answer.content, "html.parser")
        main = soup.main
        assert soup.title.get_text().startswith("You need your authenticator app")
        assert not soup.select(".nhsuk-error-summary")
        assert main.h1.get_text() == "You need your authenticator app"
        assert "ask an administrator to remove your second factor" in main.get_text()
        assert not main.select("button, form")
        assert main.select_one('a[href="/accounts/2fa/webauthn/add/"]')
    assert Authenticator.objects.filter(type="totp").exists()


@pytest.mark.parametrize("who", ["staff with a passkey", "anybody else"])
def test_app_when_there_is_one_to_spare_then_is_turned_off(factor, settings, who):
    if who == "staff with a passkey":
        make_staff(factor, settings)
        add_passkey(factor)
    browser = logged_in(factor)
    assert "Turn off the authenticator app" in text_of(browser.get("/accounts/2fa/"))
    page = browser.get("/accounts/2fa/totp/deactivate/")
    assert BeautifulSoup(page.content, "html.parser").main.select_one("button").get_text() == "Turn it off"
    browser.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(type="totp").exists()


def test_passkey_when_it_is_the_last_of_staff_then_stays_and_the_page_says_why(member, settings):
    make_staff(member, settings)
    passkey = add_passkey(member)
    browser = logged_in(member)
    url = reverse("mfa_remove_webauthn", args=[passkey.pk])
    for answer in (browser.get(url), browser.post(url)):
        main = BeautifulSoup(answer.content, "html.parser").main
        assert main.h1.get_text() == "You need this passkey"
        assert not main.select("button, form")
        assert main.select_one('a[href="/accounts/2fa/totp/activate/"]')
    assert Authenticator.objects.filter(pk=passkey.pk).exists()
    add_passkey(member, "Second")
    assert browser.post(url).url == "/accounts/2fa/webauthn/"
    assert not Authenticator.objects.filter(pk=passkey.pk).exists()


def test_passkey_when_it_is_anothers_or_the_password_was_not_typed_then_stays(member, stranger):
    theirs, own = add_passkey(stranger), add_passkey(member)
    assert logged_in(member).post(reverse("mfa_remove_webauthn", args=[theirs.pk])).status_code == 404
    browser = Client()
    browser.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    answer = browser.post(reverse("mfa_remove_webauthn", args=[own.pk]))
    assert answer.url.startswith("/accounts/reauthenticate/")
    assert Authenticator.objects.count() == 2


# --- What was there before ----------------------------------------------------------------------------------------

IN_CLEAR, SEALED_NOW = ("people", "0001_initial"), ("people", "0002_seal_second_factors")


def migrate(target) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([target])


@pytest.fixture
def _as_it_was():
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.usefixtures("_as_it_was")
@pytest.mark.django_db(transaction=True)
def test_rows_when_migrated_then_sealed_and_back_in_clear(member):
    migrate(IN_CLEAR)
    kept = {"totp": {"secret": SECRET}, "recovery_codes": {"seed": SEED, "used_mask": 5}, "webauthn": {"name": "Key"}}
    for kind, data in kept.items():
        Authenticator.objects.create(user=member, type=kind, data=data)
    migrate(SEALED_NOW)
    rows = dict(Authenticator.objects.values_list("type", "data"))
    assert SECRET not in json.dumps(rows)
    assert SEED not in json.dumps(rows)
    assert unseal(rows["totp"]["secret"]) == SECRET
    assert unseal(rows["recovery_codes"]["seed"]) == SEED
    assert rows["recovery_codes"]["used_mask"] == 5
    assert rows["webauthn"] == {"name": "Key"}
    assert seal_rows() == Sealing(0, 0)
    migrate(IN_CLEAR)
    assert dict(Authenticator.objects.values_list("type", "data")) == kept
    services.reset_second_factor(user=member, by=None)
