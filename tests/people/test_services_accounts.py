from __future__ import annotations

import datetime as dt

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from people import services
from people.models import User
from tests.conftest import make_user


def test_deactivate_when_done_then_says_who_and_when_and_ends_their_sessions(staff, stranger, client_of):
    browser = client_of("stranger")
    services.deactivate(user=stranger, by=staff)
    stranger.refresh_from_db()
    assert not stranger.is_active
    assert stranger.deactivated_by == staff
    assert stranger.deactivated_at is not None
    assert browser.get("/people/me/").status_code == 302
    first = stranger.deactivated_at
    services.deactivate(user=stranger, by=staff)
    stranger.refresh_from_db()
    assert stranger.deactivated_at == first


def test_deactivate_when_staff_then_only_an_administrator_may(staff, administrator):
    other = make_user("other-staff", is_staff=True)
    with pytest.raises(PermissionDenied):
        services.deactivate(user=other, by=staff)
    services.deactivate(user=other, by=administrator)
    assert not User.objects.get(pk=other.pk).is_active


@pytest.mark.parametrize("role", ["stranger", "staff", "administrator"])
def test_deactivate_when_oneself_then_nobody_may(role, request):
    user = request.getfixturevalue(role)
    with pytest.raises(PermissionDenied):
        services.deactivate(user=user, by=user)
    assert User.objects.get(pk=user.pk).is_active


def test_deactivate_when_by_somebody_without_a_role_then_refuses(stranger, team):
    with pytest.raises(PermissionDenied):
        services.deactivate(user=stranger, by=team)


def test_reactivate_when_deactivated_then_undoes_it_and_never_revives_a_closed_account(staff, stranger):
    services.deactivate(user=stranger, by=staff)
    services.reactivate(user=stranger, by=staff)
    stranger.refresh_from_db()
    assert (stranger.is_active, stranger.deactivated_at, stranger.deactivated_by) == (True, None, None)
    services.close_account(user=stranger)
    with pytest.raises(ValidationError):
        services.reactivate(user=stranger, by=staff)


def test_last_administrator_when_anything_would_remove_them_then_stays(administrator, staff):
    other = make_user("second", is_staff=True, is_superuser=True)
    services.remove_staff(user=administrator, by=other)
    assert not User.objects.get(pk=administrator.pk).is_staff
    with pytest.raises(ValidationError, match="another person an administrator"):
        services.remove_staff(user=other, by=other)
    with pytest.raises(ValidationError):
        services.close_account(user=other)
    other.refresh_from_db()
    assert other.is_superuser
    assert other.is_active


def test_last_administrator_when_the_other_is_deactivated_then_still_counts_as_last(administrator):
    other = make_user("second", is_staff=True, is_superuser=True)
    services.deactivate(user=other, by=administrator)
    with pytest.raises(ValidationError):
        services.remove_staff(user=administrator, by=administrator)


def test_make_staff_when_by_staff_then_refuses(staff, stranger):
    with pytest.raises(PermissionDenied):
        services.make_staff(user=stranger, by=staff)
    with pytest.raises(PermissionDenied):
        services.make_staff(user=staff, by=staff, administrator=True)
    with pytest.raises(PermissionDenied):
        services.remove_staff(user=stranger, by=staff)


def test_make_staff_when_deactivated_then_refuses_and_when_twice_then_keeps_administrators(administrator, stranger):
    services.make_staff(user=stranger, by=administrator, administrator=True)
    services.make_staff(user=stranger, by=administrator)
    stranger.refresh_from_db()
    assert (stranger.is_staff, stranger.is_superuser) == (True, True)
    services.deactivate(user=stranger, by=administrator)
    with pytest.raises(ValidationError, match="Reactivate"):
        services.make_staff(user=stranger, by=administrator)


def test_close_account_when_done_then_nothing_personal_is_left(stranger, organisation, member):
    stranger.job_title, stranger.orcid, stranger.organisation = "Nurse", "0000-0002-1825-0097", organisation
    stranger.save()
    services.mark_email_verified(stranger)
    Authenticator.objects.create(user=stranger, type="totp", data={})
    services.close_account(user=stranger)
    services.close_account(user=stranger)
    stranger.refresh_from_db()
    assert (stranger.full_name, stranger.job_title, stranger.orcid, stranger.organisation) == (
        "Former member", "", "", None,
    )  # fmt: skip
    assert "stranger" not in stranger.email
    assert not stranger.is_active
    assert not stranger.has_usable_password()
    assert not EmailAddress.objects.filter(user=stranger).exists()
    assert not Authenticator.objects.filter(user=stranger).exists()
    assert EmailAddress.objects.filter(user=member).exists()


def test_close_account_when_done_then_the_address_may_be_invited_anew(stranger, staff):
    services.close_account(user=stranger)
    again = services.invite(email="stranger@example.org", full_name="Stranger", role="Fellow", invited_by=staff)
    assert again.pk != stranger.pk


def test_mark_email_verified_when_called_twice_then_leaves_one_address(stranger):
    EmailAddress.objects.create(user=stranger, email="old@example.org", primary=True)
    services.mark_email_verified(stranger)
    services.mark_email_verified(stranger)
    assert list(EmailAddress.objects.filter(user=stranger).values_list("email", "verified", "primary")) == [
        ("stranger@example.org", True, True)
    ]


def test_end_sessions_when_there_are_others_then_ends_only_theirs(client, stranger, member):
    UserSession.objects.create(user=stranger, ip="127.0.0.1", session_key="one", user_agent="A")
    UserSession.objects.create(user=member, ip="127.0.0.1", session_key="two", user_agent="B")
    services.end_sessions(stranger)
    assert list(UserSession.objects.values_list("session_key", flat=True)) == ["two"]


def test_forget_sessions_when_they_ran_out_then_where_they_were_goes_with_them(stranger):
    now = timezone.now()
    for key, ends in (("gone", now - dt.timedelta(seconds=1)), ("live", now + dt.timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
        UserSession.objects.create(
            user=stranger, ip="127.0.0.1", session_key=key, last_seen_at=now - dt.timedelta(hours=12)
        )
    assert (services.forget_sessions(), services.forget_sessions()) == (1, 0)
    assert list(UserSession.objects.values_list("session_key", flat=True)) == ["live"]
    assert list(Session.objects.values_list("session_key", flat=True)) == ["live"]
