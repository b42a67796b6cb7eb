"""The public pages of communities: what they show, and that they name nobody."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import Membership
from studies.models import Study
from tests.communities.factories import make_associate, make_community, make_event, make_newsletter, make_sent

INDEX = reverse("communities:index")


def names(page: bytes) -> list[str]:
    return [link.get_text(strip=True) for link in BeautifulSoup(page, "html.parser").select("main .nhsuk-card a")]


@pytest.fixture
def other_community(other_study):
    return make_community(other_study, stage="active")


def test_index_when_opened_then_lists_public_communities_with_their_size(client, community, other_community):
    make_associate(community)
    make_associate(community)
    gone = make_associate(community)
    gone.memberships.update(left_at=timezone.now())
    page = client.get(INDEX).content
    assert names(page) == [community.name, other_community.name]
    text = BeautifulSoup(page, "html.parser").get_text(" ")
    assert "2 associates" in text
    assert "0 associates" in text


def test_index_when_study_is_archived_or_dropped_then_not_listed(client, community, other_community):
    community.study.archived_at = timezone.now()
    community.study.save()
    other_community.study.stage = "not_taken_forward"
    other_community.study.save()
    assert names(client.get(INDEX).content) == []
    for hidden in (community, other_community):
        assert client.get(hidden.get_absolute_url()).status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "stroke"}, ["Home visits after stroke"]),
        ({"q": "HOVIS visits"}, ["Home visits after stroke"]),
        ({"q": "return"}, ["Return to work"]),
        ({"q": "nothing like it"}, []),
        ({"q": "\x00return"}, ["Return to work"]),
        ({"q": "%"}, []),
        ({"theme": "stroke"}, ["Home visits after stroke", "Return to work"]),
        ({"theme": "other"}, []),
        ({"stage": "active"}, ["Return to work"]),
        ({"stage": "nonsense"}, ["Home visits after stroke", "Return to work"]),
        ({"sort": "name"}, ["Home visits after stroke", "Return to work"]),
        ({"sort": "size"}, ["Return to work", "Home visits after stroke"]),
        ({"page": "99"}, ["Home visits after stroke", "Return to work"]),
    ],
)
def test_index_when_filtered_and_sorted_then_shows_those(client, community, other_community, query, expected):
    make_associate(other_community)
    assert names(client.get(INDEX, query).content) == expected


def test_detail_when_anonymous_then_shows_what_is_public_and_names_nobody(client, community, convenor):
    make_associate(community, name="Vera Secret", email="vera@example.org", organisation="Hidden Trust")
    community.description = "We talk.\n\n- about visits\n\n<script>alert(1)</script>"
    community.ground_rules = "Be kind."
    community.save()
    event, newsletter = make_event(community), make_sent(community)
    make_event(community, title="Draft event", status="draft")
    make_newsletter(community, title="Draft newsletter")
    page = client.get(community.get_absolute_url()).content.decode()
    for words in (
        "2 associates", "Be kind.", event.title, newsletter.title, "<li>about visits</li>", "Join this community",
        "HOVIS: Home visits after stroke", f"community={community.slug}",
    ):  # fmt: skip
        assert words in page
    for secret in (
        "Vera",
        "vera@",
        "Hidden Trust",
        "convenor@",
        "Convenor",
        "Draft event",
        "Draft newsletter",
        "<script>a",
    ):
        assert secret not in page


def test_public_pages_when_communities_have_members_then_no_page_names_them(client, community, staff):
    make_associate(community, name="Vera Secret", email="vera@example.org")
    newsletter = make_sent(community, created_by=staff, updated_by=staff, sent_by=staff)
    event = make_event(community, created_by=staff, updated_by=staff)
    pages = [
        INDEX, community.get_absolute_url(), newsletter.get_absolute_url(), event.get_absolute_url(),
        reverse("newsletters:index"), reverse("newsletters:feed"), reverse("events:index"), reverse("events:past"),
        reverse("events:feed"), reverse("events_calendar"), reverse("communities:calendar", args=[community.slug]),
        reverse("events:calendar_entry", args=[event.slug]), reverse("communities:join"), reverse("communities:link"),
    ]  # fmt: skip
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        content = answer.content.decode()
        for secret in ("Vera", "vera@", staff.full_name + "<", staff.email):
            assert secret not in content, page


def test_detail_when_somebody_belongs_then_says_so_instead_of_asking_them_to_join(client_of, community, associate):
    page = client_of("associate").get(community.get_absolute_url()).content.decode()
    assert "You belong to this community." in page
    assert "Join this community" not in page
    community.memberships.update(left_at=timezone.now())
    assert "Join this community" in client_of("associate").get(community.get_absolute_url()).content.decode()


def test_detail_when_closed_then_offers_no_way_in(client, community):
    community.open_to_join = False
    community.save()
    page = client.get(community.get_absolute_url()).content.decode()
    assert "Join this community" not in page
    assert "takes no new associates" in page


def test_index_when_there_are_more_then_as_many_queries(client, community, theme, django_assert_num_queries):
    with CaptureQueriesContext(connection) as few:
        client.get(INDEX)
    for number in range(49):
        row = make_community(
            Study.objects.create(slug=f"s{number}", theme=theme, title=f"Study {number}", stage="active")
        )
        make_associate(row)
    with django_assert_num_queries(len(few)):
        assert len(names(client.get(INDEX).content)) == 50


def test_detail_when_there_is_more_on_it_then_as_many_queries(client, community, django_assert_num_queries):
    make_event(community)
    make_sent(community)
    with CaptureQueriesContext(connection) as few:
        client.get(community.get_absolute_url())
    for _ in range(10):
        make_associate(community)
        make_event(community)
        make_sent(community)
    with django_assert_num_queries(len(few)):
        client.get(community.get_absolute_url())


def test_detail_when_study_has_a_word_of_ours_for_slug_then_its_community_has_another(theme):
    from communities.services.communities import open_community

    study = Study.objects.create(slug="join", theme=theme, title="Join up")
    assert open_community(study=study).slug == "join-community"
    assert open_community(study=study) == study.community
    assert Membership.objects.count() == 0
