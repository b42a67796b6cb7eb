from __future__ import annotations

import pytest
import rules
from django.contrib.auth.models import AnonymousUser

from tests.conftest import ROLES

STAFF = {"staff", "administrator"}


@pytest.mark.parametrize(
    ("permission", "holders"),
    [
        ("people.view_people", STAFF),
        ("people.invite_person", STAFF),
        ("people.change_organisation", STAFF),
        ("people.manage_staff", {"administrator"}),
    ],
)
def test_permission_when_asked_of_the_whole_cast_then_these_hold_it(request, permission, holders):
    cast = {role: request.getfixturevalue(role) for role in ROLES if role != "anonymous"}
    assert {role for role, user in cast.items() if user.has_perm(permission)} == holders
    assert not rules.has_perm(permission, AnonymousUser())
    for role in holders:
        cast[role].is_active = False
        assert not cast[role].has_perm(permission)


def test_deactivate_when_asked_then_depends_on_who_whom(staff, administrator, stranger, team):
    who = {
        (by.email.split("@")[0], person.email.split("@")[0])
        for by in (staff, administrator, stranger, team)
        for person in (staff, administrator, stranger)
        if by.has_perm("people.deactivate_person", person)
    }
    assert who == {("staff", "stranger"), ("administrator", "stranger"), ("administrator", "staff")}


def test_rule_when_written_down_then_binds_an_administrator_too(administrator, monkeypatch):
    rules.add_perm("people.never", rules.always_false)
    try:
        assert not administrator.has_perm("people.never")
    finally:
        rules.remove_perm("people.never")
    assert administrator.has_perm("auth.view_group"), "what no rule says is Django's to say"
