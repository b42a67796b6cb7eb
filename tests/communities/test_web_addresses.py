"""Addresses of web pages that people type: one field for all, and one error for one slip."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from communities.models import CommunityItem, Event
from tests.communities.test_events import NEW, planned

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("typed", ["not a link", "ftp://example.org/x", "javascript:alert(1)"])
def test_event_when_its_link_is_wrong_then_the_summary_says_so_once(client_of, typed):
    answer = client_of("staff").post(NEW, planned(place="Town hall", online_url=typed))
    summary = BeautifulSoup(answer.content, "html.parser").select_one(".nhsuk-error-summary")
    assert [link["href"] for link in summary.find_all("a")] == ["#id_online_url"]


def test_item_when_its_link_is_wrong_then_the_summary_says_so_once(client_of, community):
    fields = {"kind": "resource", "title": "A guide", "words": "How it works.", "link": "not a link"}
    answer = client_of("staff").post(reverse("communities:item_new", args=[community.slug]), fields)
    summary = BeautifulSoup(answer.content, "html.parser").select_one(".nhsuk-error-summary")
    assert [link["href"] for link in summary.find_all("a")] == ["#id_link"]
    assert not CommunityItem.objects.exists()


def test_event_when_its_link_has_no_scheme_then_https(client_of):
    client_of("staff").post(NEW, planned(online_url="meet.example.org/room"))
    assert Event.objects.get().online_url == "https://meet.example.org/room"


def test_event_when_nothing_is_chosen_then_its_kinds_are_offered_under_words(client_of):
    page = BeautifulSoup(client_of("staff").get(NEW).content, "html.parser")
    options = [option.get_text() for option in page.select("#id_kind option")]
    assert options == ["Choose a kind", *Event.Kind.labels]
