"""Counting how often a newsletter's links are pressed: only where it is switched on, and never by whom."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from communities.models import NewsletterLink
from communities.services.newsletters import send_newsletter, send_test
from mailing.models import Delivery
from mailing.reading import received
from mailing.tasks import deliver
from tests.communities.factories import make_associate, make_block, make_newsletter


@pytest.fixture
def newsletter(community):
    newsletter = make_newsletter(
        community, words="See [it](https://example.org/?a=1&b=2), and [it](https://example.org/?a=1&b=2)."
    )
    make_block(newsletter, kind="button", label="Book", address="https://example.org/book")
    return newsletter


def links_of(delivery: Delivery) -> list[str]:
    return [link["href"] for link in BeautifulSoup(received(delivery).html, "html.parser").select("a[href]")]


def test_send_when_it_is_off_then_links_are_as_written_and_nothing_is_counted(newsletter, community, staff):
    make_associate(community)
    send_newsletter(newsletter=newsletter, version=1, by=staff)
    deliver(urgent=False)
    links = links_of(Delivery.objects.select_related("mailing").get())
    assert "https://example.org/book" in links
    assert not [link for link in links if "/follow/" in link]
    assert not NewsletterLink.objects.exists()


def test_send_when_it_is_on_then_one_link_for_each_address_and_the_same_for_all(
    newsletter, community, staff, settings, client
):
    settings.NEWSLETTERS_COUNT_PRESSES = True
    for _ in range(2):
        make_associate(community)
    send_newsletter(newsletter=newsletter, version=1, by=staff)
    deliver(urgent=False)
    first, second = (links_of(each) for each in Delivery.objects.select_related("mailing"))
    counted = [link for link in first if "/follow/" in link]
    assert counted == [link for link in second if "/follow/" in link]
    assert len(set(counted)) == len(counted) - 1 == newsletter.links.count()
    assert [link for link in first if "/unsubscribe/" in link]
    text = received(Delivery.objects.select_related("mailing").first()).text
    assert "https://example.org/book" in text
    assert "/follow/" not in text
    link = newsletter.links.get(address="https://example.org/?a=1&b=2")
    for number in (1, 2):
        answer = client.get(link.get_absolute_url())
        link.refresh_from_db()
        assert (answer.url, link.presses) == ("https://example.org/?a=1&b=2", number)
    assert answer.cookies == {}
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"


@pytest.mark.django_db
def test_follow_when_the_key_is_none_then_not_found_and_leads_nowhere(client):
    assert client.get(reverse("newsletters:follow", args=["https:"])).status_code == 404


def test_test_when_sent_then_its_links_are_not_counted(newsletter, staff, settings):
    settings.NEWSLETTERS_COUNT_PRESSES = True
    send_test(newsletter=newsletter, to=staff)
    assert not NewsletterLink.objects.exists()


def test_report_when_there_are_presses_then_most_first(client_of, newsletter, community, staff, settings):
    settings.NEWSLETTERS_COUNT_PRESSES = True
    make_associate(community)
    send_newsletter(newsletter=newsletter, version=1, by=staff)
    newsletter.links.filter(address="https://example.org/book").update(presses=7)
    answer = client_of("staff").get(reverse("newsletters:report", args=[newsletter.slug]))
    tables = BeautifulSoup(answer.content, "html.parser").select("table")
    table = next(each for each in tables if "links were pressed" in each.caption.get_text())
    assert table.select_one("tbody tr a").get_text(strip=True) == "https://example.org/book"
    assert "7" in table.select_one("tbody tr").get_text()


@pytest.mark.django_db
@pytest.mark.parametrize(("is_on", "words"), [(True, "do not know who pressed it"), (False, "or follow a link")])
def test_privacy_when_presses_are_counted_then_says_so(client, settings, is_on, words):
    settings.NEWSLETTERS_COUNT_PRESSES = is_on
    assert words in client.get(reverse("privacy")).content.decode()
