"""A walk over every address: anonymous people reach the public ones and no other, and each role gets its answer."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.clahrc.access import ANSWERS, PUBLIC
from tests.clahrc.world import World, address_patterns
from tests.conftest import ROLES

pytestmark = pytest.mark.django_db

ADDRESSES = address_patterns()


@pytest.fixture
def cast(request):
    """Everybody, each with a browser; made before the world, which puts some of them to work."""
    people = {role: request.getfixturevalue(role) for role in ROLES if role != "anonymous"}
    clients = {role: Client(raise_request_exception=False) for role in ROLES}
    for role, user in people.items():
        clients[role].force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return people, clients


@pytest.fixture
def world(cast, study, community, panel, organisation, settings, tmp_path) -> World:
    settings.MEDIA_ROOT = tmp_path
    people = {role: cast[0][role] for role in ("fellow", "steering", "panel_member", "staff", "associate")}
    return World(study=study, community=community, panel=panel, organisation=organisation, **people)


def answer(client: Client, address: str) -> str:
    """The status of a GET; a redirect says "login" or "on" (to somewhere else). Leaves no trace in the database."""
    mark = transaction.savepoint()
    response = client.get(address)
    if response.streaming:
        response.getvalue()
        if file := getattr(response, "file_to_stream", None):
            file.close()
    transaction.savepoint_rollback(mark)
    if response.status_code != 302:
        return str(response.status_code)
    return "login" if response["Location"].startswith(f"{reverse('account_login')}?next=") else "on"


def expected(name: str) -> dict[str, str]:
    """The literal table's answer for each role; ``*`` stands for the roles that a row does not name."""
    rows = [row for row, names in ANSWERS if name in names.split()]
    assert len(rows) == 1, f"{name} stands in {len(rows)} rows of tests/clahrc/access.py; it belongs in one"
    named = {role: status for status, roles in rows[0].items() for role in roles.split() if role != "*"}
    rest = [status for status, roles in rows[0].items() if "*" in roles.split()]
    return {role: named.get(role) or rest[0] for role in ROLES}


def test_addresses_when_walked_then_the_table_names_exactly_them():
    tabled = {name for _, names in ANSWERS for name in names.split()}
    assert set(ADDRESSES) == tabled


def test_addresses_when_walked_by_every_role_then_each_gets_the_answer_in_the_table(cast, world):
    got = {}
    for name, wanted in ADDRESSES.items():
        address = reverse(name, kwargs=world.kwargs(name, wanted))
        got[name] = {role: answer(client, address) for role, client in cast[1].items()}
    wrong = {name: roles for name, roles in got.items() if roles != expected(name)}
    assert wrong == {}


def test_addresses_when_anonymous_then_exactly_the_public_ones_do_not_ask_for_a_login():
    """By the table alone, which the walk holds to the pages."""
    assert {name for name in ADDRESSES if expected(name)["anonymous"] != "login"} == set(PUBLIC.split())


def test_admin_when_not_staff_then_nothing_of_it_is_shown(cast):
    for role, client in cast[1].items():
        status = answer(client, "/admin/people/user/")
        assert (status == "200") == (role == "administrator"), role
