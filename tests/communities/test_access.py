"""Every role on every page of the communities app that is not public."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.urls import reverse

from communities.models import Membership
from tests.communities.factories import (
    make_associate,
    make_community,
    make_event,
    make_item,
    make_newsletter,
    make_registration,
    make_section,
)
from tests.conftest import ROLES

STAFF = {"staff", "administrator"}
CONVENORS = STAFF | {"convenor"}
#: page → who may open it. Everyone else who has logged in is told 403 (404 where they may not know of it).
PAGES = {
    "communities:manage": STAFF,
    "communities:edit": CONVENORS,
    "communities:move": CONVENORS,
    "communities:members": CONVENORS,
    "communities:remove_member": CONVENORS,
    "communities:export_members": STAFF,
    "communities:item_new": CONVENORS,
    "communities:item_edit": CONVENORS,
    "communities:item_delete": CONVENORS,
    "communities:history": CONVENORS,
    "updates:history": CONVENORS,
    "updates:section_history": CONVENORS,
    "updates:index": CONVENORS,
    "updates:detail": CONVENORS,
    "updates:section": CONVENORS,
    "updates:section_html": CONVENORS,
    "updates:send_back": CONVENORS,
    "updates:deadline": STAFF,
    "updates:send": STAFF,
    "newsletters:manage": CONVENORS,
    "newsletters:new": CONVENORS,
    "newsletters:edit": CONVENORS,
    "newsletters:details": CONVENORS,
    "newsletters:add_block": CONVENORS,
    "newsletters:edit_block": CONVENORS,
    "newsletters:delete_block": CONVENORS,
    "newsletters:ask": CONVENORS,
    "newsletters:history": CONVENORS,
    "newsletters:preview": CONVENORS,
    "newsletters:preview_html": CONVENORS,
    "newsletters:delete": CONVENORS,
    "newsletters:audience": CONVENORS,
    "newsletters:audiences": CONVENORS,
    "newsletters:send": STAFF,
    "newsletters:schedule": STAFF,
    "newsletters:send_back": STAFF,
    "events:manage": STAFF,
    "events:new": STAFF,
    "events:edit": STAFF,
    "events:history": STAFF,
    "events:announce": STAFF,
    "events:cancel": STAFF,
    "events:delete": STAFF,
    "events:repeat": STAFF,
    "events:registrations": STAFF,
    "events:registration_add": STAFF,
    "events:registrations_export": STAFF,
    "events:registration_cancel_for": STAFF,
    "events:attendance": STAFF,
    "events:feedback_results": STAFF,
}
POSTS = {
    "communities:open": STAFF,
    "communities:change_role": CONVENORS,
    "updates:decide": CONVENORS,
    "updates:test": CONVENORS,
    "updates:pause": STAFF,
    "updates:resume": STAFF,
    "newsletters:test": CONVENORS,
    "newsletters:move_block": CONVENORS,
    "newsletters:template": CONVENORS,
    "newsletters:links": CONVENORS,
    "newsletters:approve": STAFF,
    "newsletters:unschedule": STAFF,
    "newsletters:extend": STAFF,
    "events:publish": STAFF,
}
OPEN_LISTS = {"communities:manage", "newsletters:manage", "newsletters:new", "newsletters:audiences", "updates:index",
              "events:manage", "events:new"}  # fmt: skip
#: Whoever may not write a newsletter knows of no draft.
HIDDEN = {page for page in PAGES | POSTS if page.startswith("newsletters:")} - OPEN_LISTS
OF_A_MONTH = {"updates:detail", "updates:history", "updates:deadline", "updates:send", "updates:pause",
              "updates:resume"}  # fmt: skip
HIDDEN |= {"updates:detail", "updates:history", "updates:section_history", "updates:section", "updates:section_html",
           "updates:send_back", "updates:decide", "updates:test"}  # fmt: skip


@pytest.fixture
def address(community, other_study, settings):
    membership = make_associate(community).memberships.get()
    newsletter, event = make_newsletter(community), make_event(community)
    registration, item = make_registration(event), make_item(community)
    section = make_section(community)

    def make(page: str) -> str:
        app, name = page.split(":")
        settings.NEWSLETTERS_NEED_APPROVAL = name in {"ask", "approve", "send_back"}
        if page in OPEN_LISTS:
            return reverse(page)
        if page == "communities:open":
            return reverse(page, args=[other_study.slug])
        if name in {"remove_member", "change_role"}:
            return reverse(page, args=[community.slug, membership.pk])
        if app == "updates":
            month = section.update.month
            return reverse(page, args=[month.year, month.month] if page in OF_A_MONTH else [section.pk])
        if name in {"item_edit", "item_delete"}:
            return reverse(page, args=[community.slug, item.pk])
        if name == "add_block":
            return reverse(page, args=[newsletter.slug, "story"])
        if name in {"edit_block", "delete_block", "move_block"}:
            return reverse(page, args=[newsletter.slug, newsletter.blocks.get().pk])
        if name == "registration_cancel_for":
            return reverse(page, args=[event.slug, registration.pk])
        return reverse(page, args=[{"communities": community, "newsletters": newsletter, "events": event}[app].slug])

    return make


def expected(page: str, role: str) -> int:
    """What somebody gets who may not: asked to log in, or told so, or nothing where they may not know of it."""
    if role == "anonymous":
        return 302
    return 404 if page in HIDDEN and role != "convenor" else 403


@pytest.mark.parametrize("page", PAGES)
def test_page_when_opened_by_each_role_then_only_those_who_may(client_of, address, page):
    there = address(page)
    answers = {role: client_of(role).get(there) for role in ROLES}
    assert {role: answer.status_code for role, answer in answers.items()} == {
        role: 200 if role in PAGES[page] else expected(page, role) for role in ROLES
    }
    assert answers["anonymous"].url.startswith(reverse("account_login"))


@pytest.mark.parametrize("page", POSTS)
def test_action_when_posted_by_each_role_then_only_those_who_may(client_of, address, page):
    there = address(page)
    for role in ROLES:
        client = client_of(role)
        if role != "anonymous":
            assert client.get(there).status_code in {405, 403, 404}, role
        mark = transaction.savepoint()  # each begins from the same
        answer = client.post(there)
        transaction.savepoint_rollback(mark)
        allowed = {200, 302} if role in POSTS[page] else {expected(page, role)}
        assert answer.status_code in allowed, role


@pytest.mark.parametrize("page", sorted(set(PAGES) - {"communities:manage", "events:manage", "events:new"}))
def test_page_when_convenor_of_another_community_then_not_theirs(client_of, address, page, convenor, other_study):
    other = make_community(other_study)
    Membership.objects.filter(associate=convenor.associate).update(community=other)
    if page in OPEN_LISTS:
        content = client_of("convenor").get(address(page)).content.decode()
        assert "Home visits after stroke" not in content
    else:
        assert client_of("convenor").get(address(page)).status_code in {403, 404}


def test_former_convenor_when_left_then_may_nothing(client_of, address, convenor):
    for membership in convenor.associate.memberships.all():
        membership.left_at = membership.joined_at
        membership.save()
    for page in PAGES:
        assert client_of("convenor").get(address(page)).status_code in {403, 404}


def test_deactivated_convenor_when_asked_then_may_nothing(convenor, community):
    convenor.is_active = False
    assert not convenor.has_perm("communities.change_community", community)
    assert not convenor.has_perm("communities.write_newsletters")


def test_convenor_when_writing_then_is_offered_their_community_alone(client_of, address, convenor, other_study):
    other = make_community(other_study)
    client = client_of("convenor")
    assert other.name not in client.get(reverse("newsletters:new")).content.decode()
    data = {"community": other.pk, "title": "Mine", "introduction": "x", "words": "y"}
    answer = client.post(reverse("newsletters:new"), data)
    assert answer.status_code == 200
    assert other.newsletters.count() == 0
