from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from mailing import tokens
from people import services
from people.models import Invitation, User
from tests.people.conftest import link_in

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
GOOD = "seven-brown-otters"


def token_of(path: str) -> str:
    return path.removeprefix("/people/accept/").rstrip("/")


def test_invite_when_new_then_makes_the_person_and_writes_to_them(staff, organisation, letters_to):
    user = services.invite(
        email=" Jo@Example.ORG ", full_name="Jo  Marsh", role="Fellow", invited_by=staff, organisation=organisation
    )
    assert (user.email, user.full_name, user.organisation) == ("jo@example.org", "Jo Marsh", organisation)
    assert not user.has_usable_password()
    (letter,) = letters_to("jo@example.org")
    assert letter.subject.startswith("Staff has invited you")
    assert "Fellow" in letter.text
    assert letter.is_secret


def test_invite_when_the_address_is_known_in_other_capitals_then_finds_them(staff, stranger):
    again = services.invite(email="STRANGER@example.org", full_name="Someone Else", role="Fellow", invited_by=staff)
    assert again == stranger
    again.refresh_from_db()
    assert again.full_name == "Stranger"


def test_invite_when_they_have_joined_then_sends_a_note_and_no_invitation(staff, stranger, letters_to):
    services.invite(email=stranger.email, full_name="X", role="Chair of the panel", invited_by=staff)
    (letter,) = letters_to(stranger.email)
    assert letter.subject == "You have a new role: Chair of the panel"
    assert not stranger.invitations.exists()


def test_invite_when_called_twice_for_one_role_then_writes_once(staff, invited, letters_to):
    user, _ = invited
    again = services.invite(email=user.email, full_name="Jo", role="Study lead on HOVIS", invited_by=staff)
    assert again == user
    assert len(letters_to(user.email)) == 1


def test_invite_when_a_second_role_then_writes_again(staff, invited, letters_to):
    user, _ = invited
    services.invite(email=user.email, full_name="Jo", role="Panel member", invited_by=staff)
    assert [letter.text.count("Panel member") for letter in letters_to(user.email)] == [0, 1]


def test_invite_when_the_person_was_deactivated_then_refuses_in_words(staff, stranger, letters_to):
    services.deactivate(user=stranger, by=staff)
    with pytest.raises(ValidationError, match="deactivated"):
        services.invite(email=stranger.email, full_name="X", role="Fellow", invited_by=staff)
    assert letters_to(stranger.email) == []


def test_invite_when_withdrawn_before_they_joined_then_lets_them_in_again(staff, invited):
    user, _ = invited
    services.withdraw_invitation(invitation=user.invitations.get(), by=staff)
    user.refresh_from_db()
    assert not user.is_active
    services.invite(email=user.email, full_name="Jo", role="Fellow", invited_by=staff)
    user.refresh_from_db()
    assert user.is_active
    assert user.deactivated_at is None


@pytest.mark.parametrize("address", ["", "no-at", "a@b@c.org", "two@example.org\nbcc: x@example.org", "é@example.org"])
def test_invite_when_the_address_is_none_then_refuses_and_makes_nobody(staff, address):
    before = User.objects.count()
    with pytest.raises(ValidationError):
        services.invite(email=address, full_name="X", role="Fellow", invited_by=staff)
    assert User.objects.count() == before


@pytest.mark.parametrize("name", ["Click https://bad.example", "x@bad.example"])
def test_invite_when_the_name_of_somebody_new_has_an_address_in_it_then_refuses_and_makes_nobody(staff, name):
    with pytest.raises(ValidationError, match="without any address"):
        services.invite(email="new@example.org", full_name=name, role="Fellow", invited_by=staff)
    assert not User.objects.filter(email="new@example.org").exists()


def test_invite_when_name_and_role_have_line_breaks_then_the_email_has_none(staff, letters_to):
    services.invite(email="a@example.org", full_name="A\r\nBcc: x", role="One\nTwo", invited_by=staff)
    (letter,) = letters_to("a@example.org")
    assert "One Two" in letter.text
    assert "\nBcc" not in letter.text


def test_accept_when_the_link_is_good_then_sets_the_password_and_verifies_the_address(invited):
    user, path = invited
    accepted = services.accept_invitation(token=token_of(path), password=GOOD)
    assert accepted == user
    assert accepted.check_password(GOOD)
    assert list(accepted.emailaddress_set.values_list("email", "verified", "primary")) == [
        ("jo@example.org", True, True)
    ]
    assert accepted.invitations.get().accepted_at is not None


def test_accept_when_there_are_two_invitations_then_both_count_as_accepted(staff, invited):
    user, path = invited
    services.invite(email=user.email, full_name="Jo", role="Panel member", invited_by=staff)
    services.accept_invitation(token=token_of(path), password=GOOD)
    assert not user.invitations.filter(accepted_at=None).exists()


def test_accept_when_used_before_then_refuses_and_keeps_the_password(invited):
    user, path = invited
    services.accept_invitation(token=token_of(path), password=GOOD)
    with pytest.raises(services.InvitationError, match="used already"):
        services.accept_invitation(token=token_of(path), password="another-good-one")
    user.refresh_from_db()
    assert user.check_password(GOOD)


@pytest.mark.parametrize(("days", "works"), [(13.99, True), (14.01, False)])
def test_accept_when_days_have_passed_then_works_for_fourteen(staff, letters_to, days, works):
    with time_machine.travel(NOW, tick=False):
        services.invite(email="jo@example.org", full_name="Jo", role="Fellow", invited_by=staff)
    path = link_in(letters_to("jo@example.org")[0].text, "/people/accept/")
    with time_machine.travel(NOW + dt.timedelta(days=days), tick=False):
        if works:
            services.accept_invitation(token=token_of(path), password=GOOD)
        else:
            with pytest.raises(services.InvitationError, match="expired"):
                services.accept_invitation(token=token_of(path), password=GOOD)


def test_accept_when_the_token_is_forged_then_refuses(invited):
    user, path = invited
    token = token_of(path)
    forged = [
        "nonsense", token[:-1], token + "x", "1" + token,
        tokens.sign("recipient", user.invitations.get().pk), tokens.sign("invitation", 999_999),
    ]  # fmt: skip
    for each in forged:
        with pytest.raises(services.InvitationError):
            services.accept_invitation(token=each, password=GOOD)
    user.refresh_from_db()
    assert not user.has_usable_password()


@pytest.mark.parametrize("password", ["", "short", "1234567890123", "password123", "jo@example.org"])
def test_accept_when_the_password_is_weak_then_refuses_and_the_link_still_works(invited, password):
    _, path = invited
    with pytest.raises(ValidationError):
        services.accept_invitation(token=token_of(path), password=password)
    services.accept_invitation(token=token_of(path), password=GOOD)


def test_resend_when_expired_then_the_new_link_works_and_the_old_does_not(staff, invited, letters_to):
    user, old = invited
    user.invitations.update(
        sent_at=timezone.now() - dt.timedelta(days=20), expires_at=timezone.now() - dt.timedelta(days=6)
    )
    services.resend_invitation(invitation=user.invitations.get(), by=staff)
    new = link_in(letters_to(user.email)[-1].text, "/people/accept/")
    with pytest.raises(services.InvitationError, match="replaced"):
        services.accept_invitation(token=token_of(old), password=GOOD)
    services.accept_invitation(token=token_of(new), password=GOOD)


def test_resend_when_accepted_or_withdrawn_then_refuses(staff, invited, letters_to):
    user, path = invited
    services.accept_invitation(token=token_of(path), password=GOOD)
    with pytest.raises(ValidationError):
        services.resend_invitation(invitation=user.invitations.get(), by=staff)
    other = services.invite(email="kim@example.org", full_name="Kim", role="Fellow", invited_by=staff)
    services.withdraw_invitation(invitation=other.invitations.get(), by=staff)
    with pytest.raises(ValidationError):
        services.resend_invitation(invitation=other.invitations.get(), by=staff)
    assert len(letters_to("kim@example.org")) == 1


def test_withdraw_when_called_twice_then_changes_nothing_more(staff, invited):
    user, path = invited
    invitation = user.invitations.get()
    services.withdraw_invitation(invitation=invitation, by=staff)
    first = Invitation.objects.get(pk=invitation.pk).withdrawn_at
    services.withdraw_invitation(invitation=invitation, by=staff)
    assert Invitation.objects.get(pk=invitation.pk).withdrawn_at == first
    with pytest.raises(services.InvitationError, match="withdrawn"):
        services.accept_invitation(token=token_of(path), password=GOOD)


def test_withdraw_when_another_is_open_then_they_may_still_come(staff, invited):
    user, path = invited
    services.invite(email=user.email, full_name="Jo", role="Panel member", invited_by=staff)
    services.withdraw_invitation(invitation=user.invitations.get(role="Panel member"), by=staff)
    assert services.accept_invitation(token=token_of(path), password=GOOD) == user


def test_withdraw_when_accepted_then_refuses(staff, invited):
    user, path = invited
    services.accept_invitation(token=token_of(path), password=GOOD)
    with pytest.raises(ValidationError, match="accepted"):
        services.withdraw_invitation(invitation=user.invitations.get(), by=staff)


def test_invite_staff_when_by_staff_then_refuses_and_by_an_administrator_makes_staff(staff, administrator):
    with pytest.raises(PermissionDenied):
        services.invite_staff(email="new@example.org", full_name="New", invited_by=staff)
    assert not User.objects.filter(email="new@example.org").exists()
    user = services.invite_staff(email="new@example.org", full_name="New", invited_by=administrator)
    assert (user.is_staff, user.is_superuser) == (True, False)
    boss = services.invite_staff(email="boss@example.org", full_name="B", invited_by=administrator, administrator=True)
    assert (boss.is_staff, boss.is_superuser) == (True, True)
