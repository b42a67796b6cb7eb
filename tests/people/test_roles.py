from __future__ import annotations

import pytest

from people import roles
from people.models import User
from people.roles import RoleLabel


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    monkeypatch.setattr(roles, "_providers", [])
    monkeypatch.setattr(roles, "_kinds", {})


def test_roles_when_two_apps_know_a_person_then_both_are_told_in_order(stranger, staff):
    label = RoleLabel("Study lead on HOVIS", "/studies/hovis/")
    roles.register(lambda users: {stranger.pk: [label]})
    roles.register(lambda users: {stranger.pk: [RoleLabel("Chair")], 999_999: [RoleLabel("Not asked for")]})
    assert roles.roles_of([stranger, staff]) == {stranger.pk: [label, RoleLabel("Chair")], staff.pk: []}


def test_roles_when_nobody_is_asked_about_then_no_app_is_asked(db):
    def provider(users):
        raise AssertionError

    roles.register(provider)
    assert roles.roles_of([]) == {}


def test_register_when_called_twice_then_counts_once(stranger):
    def provider(users):
        return {user.pk: [RoleLabel("Chair")] for user in users}

    roles.register(provider)
    roles.register(provider)
    assert roles.roles_of([stranger]) == {stranger.pk: [RoleLabel("Chair")]}


def test_kinds_when_registered_then_name_their_holders(stranger, staff):
    roles.register(lambda users: {}, {"Fellow": lambda: User.objects.filter(pk=stranger.pk).values("pk")})
    assert roles.kinds() == ["Fellow"]
    assert list(User.objects.filter(pk__in=roles.holders("Fellow"))) == [stranger]
    with pytest.raises(KeyError):
        roles.holders("King")
