"""Looking after communities, by staff and by convenors."""

from __future__ import annotations

import csv
import io

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from communities.models import Associate, Community, CommunityMove, Membership
from communities.services.communities import save_community
from communities.services.errors import StaleVersionError
from mailing.models import Delivery
from people.models import User
from people.roles import roles_of
from studies.models import Study
from tests.communities.factories import make_associate, make_community


def url(name: str, community: Community, *args: object) -> str:
    return reverse(f"communities:{name}", args=[community.slug, *args])


def edited(community: Community, **changes: object) -> dict[str, object]:
    return {"name": community.name, "description": "New words.", "ground_rules": "", "grew_from": "",
            "open_to_join": "on", "version": community.version, **changes}  # fmt: skip


@pytest.fixture
def other_community(other_study):
    return make_community(other_study)


def test_members_when_staff_or_convenor_looks_then_sees_exactly_those_who_belong(client_of, community, convenor):
    kept, gone = make_associate(community), make_associate(community)
    gone.memberships.get().delete()
    for role in ("staff", "convenor"):
        page = client_of(role).get(url("members", community)).content.decode()
        emails = {cell.get_text() for cell in BeautifulSoup(page, "html.parser").select("tbody th .app-muted")}
        assert emails == {kept.email, convenor.email}


@pytest.mark.parametrize(
    ("query", "expected"),
    [({"q": "ada"}, {"Ada"}), ({"q": "trent"}, {"Bob"}), ({"q": "b@x"}, {"Bob"}), ({"role": "convenor"}, {"Bob"}),
     ({"role": "x"}, {"Ada", "Bob"}), ({"q": "\x00"}, {"Ada", "Bob"}), ({"q": "nobody"}, set())],
)  # fmt: skip
def test_members_when_searched_then_finds(client_of, community, query, expected):
    make_associate(community, name="Ada")
    bob = make_associate(community, name="Bob", email="b@x.example.org", organisation="Trent Trust")
    bob.memberships.update(role="convenor")
    page = client_of("staff").get(url("members", community), query).content
    rows = " ".join(cell.get_text(" ") for cell in BeautifulSoup(page, "html.parser").select("tbody th"))
    found = {name for name in ("Ada", "Bob") if name in rows}
    assert found == expected


def test_members_when_there_are_more_then_as_many_queries(client_of, community, django_assert_num_queries):
    client = client_of("staff")
    make_associate(community)
    with CaptureQueriesContext(connection) as few:
        client.get(url("members", community))
    for _ in range(49):
        make_associate(community)
    with django_assert_num_queries(len(few)):
        client.get(url("members", community))


def test_export_when_staff_asks_then_csv_that_no_spreadsheet_runs(client_of, community):
    make_associate(community, name="=cmd()", organisation="@x", email="a@example.org")
    answer = client_of("staff").get(url("export_members", community))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["Name", "Email address", "Involvement", "Organisation", "Role", "Joined"]
    assert rows[1][:5] == ["'=cmd()", "a@example.org", "I care for someone", "'@x", "Member"]
    assert len(rows) == 2


def test_convenor_when_made_then_invited_once_and_can_look_after_it(client_of, community, staff):
    person = make_associate(community, name="Joan Carer", email="joan@example.org")
    membership = person.memberships.get()
    for _ in range(2):
        answer = client_of("staff").post(url("change_role", community, membership.pk), {"role": "convenor"})
        assert answer.url == url("members", community)
    user = User.objects.get(email="joan@example.org")
    person.refresh_from_db()
    assert person.user == user
    assert [delivery.recipient for delivery in Delivery.objects.all()] == ["joan@example.org"]
    assert list(Community.objects.convened_by(user)) == [community]
    assert user.has_perm("communities.change_community", community)
    assert roles_of([user])[user.pk][0].text == "Convenor of Home visits after stroke"


def test_convenor_when_account_was_deactivated_then_refused_in_words(client_of, community, stranger, staff):
    from people.services import deactivate, mark_email_verified

    membership = make_associate(community, email=stranger.email).memberships.get()
    client_of("stranger")  # has logged in, so that an invitation does not bring the account back
    mark_email_verified(user=stranger)
    deactivate(user=stranger, by=staff)
    answer = client_of("staff").post(url("change_role", community, membership.pk), {"role": "convenor"}, follow=True)
    membership.refresh_from_db()
    assert membership.role == "member"
    assert "deactivated" in answer.content.decode()


def test_convenor_when_they_step_down_then_no_longer_see_the_members(client_of, community, convenor):
    client = client_of("convenor")
    membership = convenor.associate.memberships.get()
    assert (
        client.post(url("change_role", community, membership.pk), {"role": "member"}).url
        == community.get_absolute_url()
    )
    assert client.get(url("members", community)).status_code == 403


def test_role_when_nonsense_then_nothing_changes(client_of, community):
    membership = make_associate(community).memberships.get()
    client_of("staff").post(url("change_role", community, membership.pk), {"role": "king"})
    membership.refresh_from_db()
    assert membership.role == "member"


def test_member_when_removed_then_left_after_confirming(client_of, community):
    membership = make_associate(community).memberships.get()
    client = client_of("staff")
    there = url("remove_member", community, membership.pk)
    assert client.get(there).status_code == 200
    assert Membership.objects.current().filter(pk=membership.pk).exists()
    assert client.post(there).url == url("members", community)
    assert not Membership.objects.current().filter(pk=membership.pk).exists()
    assert client.post(there).status_code == 404
    assert Associate.objects.count() == 1


def test_member_when_of_another_community_then_404(client_of, community, convenor, other_community):
    foreign = make_associate(other_community).memberships.get()
    for role in ("staff", "convenor"):
        client = client_of(role)
        assert client.post(url("change_role", community, foreign.pk), {"role": "convenor"}).status_code == 404
        assert client.post(url("remove_member", community, foreign.pk)).status_code == 404
    foreign.refresh_from_db()
    assert (foreign.role, foreign.left_at) == ("member", None)


def test_edit_when_saved_then_shown_with_its_history(client_of, community, convenor):
    assert client_of("convenor").post(url("edit", community), edited(community)).url == community.get_absolute_url()
    community.refresh_from_db()
    assert (community.description, community.version) == ("New words.", 2)
    assert community.history.first().history_user == convenor


def test_edit_when_somebody_saved_first_then_both_versions_are_shown_and_the_next_save_wins(client_of, community):
    client = client_of("staff")
    save_community(community=community, version=1, changes={"description": "Their words."})
    answer = client.post(url("edit", community), edited(community, version=1))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Their words." in page
    assert "New words." in page
    version = BeautifulSoup(page, "html.parser").select_one("input[name=version]")["value"]
    assert version == "2"
    assert client.post(url("edit", community), edited(community, version=version)).status_code == 302
    community.refresh_from_db()
    assert community.description == "New words."


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999999"])
def test_edit_when_version_is_nonsense_then_no_error_page(client_of, community, version):
    assert client_of("staff").post(url("edit", community), edited(community, version=version)).status_code in (200, 409)
    community.refresh_from_db()
    assert community.description == ""


def test_save_when_version_is_old_then_raises_with_the_current_one(community):
    save_community(community=community, version=1, changes={"description": "a"})
    with pytest.raises(StaleVersionError) as caught:
        save_community(community=community, version=1, changes={"description": "b"})
    assert caught.value.current.description == "a"


def test_stage_when_moved_then_keeps_who_when_and_why(client_of, community, convenor):
    client = client_of("convenor")
    data = {"stage": "active", "reason": "It meets every month."}
    for _ in range(2):
        assert client.post(url("move", community), data).url == community.get_absolute_url()
    move = CommunityMove.objects.get()
    assert (move.from_stage, move.to_stage, move.moved_by, move.reason) == (
        "forming", "active", convenor, "It meets every month.",
    )  # fmt: skip
    assert "It meets every month." in client.get(community.get_absolute_url()).content.decode()


@pytest.mark.parametrize("data", [{"stage": "active", "reason": " "}, {"stage": "x", "reason": "y"}, {"other": "1"}])
def test_stage_when_reason_or_stage_is_missing_then_says_so(client_of, community, data):
    answer = client_of("staff").post(url("move", community), data)
    assert "<title>Error: " in answer.content.decode()
    assert not CommunityMove.objects.exists()


def test_manage_when_staff_looks_then_all_communities_and_studies_without(client_of, community, other_study):
    page = client_of("staff").get(reverse("communities:manage")).content.decode()
    assert community.name in page
    assert "Open its community" in page
    answer = client_of("staff").post(reverse("communities:open", args=[other_study.slug]))
    assert answer.url == url("edit", other_study.community)
    assert client_of("staff").post(reverse("communities:open", args=["no-such"])).status_code == 404


def test_manage_when_there_are_more_then_as_many_queries(client_of, community, theme, django_assert_num_queries):
    client = client_of("staff")
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("communities:manage"))
    for number in range(49):
        make_community(Study.objects.create(slug=f"s{number}", theme=theme, title=f"S {number}", stage="active"))
    with django_assert_num_queries(len(few)):
        client.get(reverse("communities:manage"))


def test_roles_when_many_are_asked_for_then_one_query(community, django_assert_num_queries):
    from communities.roles import roles_of as ours

    users = [User.objects.create_user(f"u{number}@example.org", full_name=f"U {number}") for number in range(20)]
    for user in users:
        make_associate(community, user=user)
    with django_assert_num_queries(1):
        found = ours(users)
    assert {label.text for labels in found.values() for label in labels} == {"Associate in Home visits after stroke"}
    assert len(found) == 20
