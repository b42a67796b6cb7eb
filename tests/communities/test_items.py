"""What communities share on their pages: read by everybody, written by their convenors and staff."""

from __future__ import annotations

import datetime as dt

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import CommunityItem
from communities.services.items import delete_item, save_item
from tests.communities.factories import make_community, make_item


def url(name: str, community, *args) -> str:
    return reverse(f"communities:{name}", args=[community.slug, *args])


def typed(**changes) -> dict[str, str]:
    return {"kind": "resource", "title": "A guide", "words": "How it works.", "link": "", **changes}


def titles(page: bytes) -> list[str]:
    return [heading.get_text(strip=True) for heading in BeautifulSoup(page, "html.parser").select("article h3")]


@pytest.mark.parametrize("role", ["convenor", "staff"])
def test_new_when_shared_then_everybody_reads_it_without_a_name(client, client_of, request, community, role):
    answer = client_of(role).post(
        url("item_new", community),
        typed(words="## How\n\n- first\n\n<b>x</b>", link="https://www.example.org/guide"),
    )
    item = CommunityItem.objects.get()
    who = request.getfixturevalue(role)
    assert answer.url == f"{url('items', community)}#item-{item.pk}"
    assert (item.community, item.kind, item.created_by, item.version) == (community, "resource", who, 1)
    for address in (url("detail", community), url("items", community)):
        page = client.get(address).content.decode()
        assert titles(page) == ["A guide"]
        assert "<h4>How</h4>" in page
        assert "<li>first</li>" in page
        assert "&lt;b&gt;x&lt;/b&gt;" in page
        assert 'href="https://www.example.org/guide"' in page
        assert who.full_name not in page
        assert url("item_edit", community, item.pk) not in page


def test_page_when_several_are_shared_then_newest_first_and_five_on_the_first_page(client, community, other_study):
    now = timezone.now()
    for days in (3, 1, 2, 5, 4, 6):
        make_item(community, title=f"{days} days ago", published_at=now - dt.timedelta(days=days))
    make_item(make_community(other_study), title="Another community's")
    newest = [f"{days} days ago" for days in range(1, 7)]
    assert titles(client.get(url("items", community)).content) == newest
    assert titles(client.get(url("detail", community)).content) == newest[:5]


def test_page_when_nothing_is_shared_then_says_so(client, community):
    assert "Nothing yet" in client.get(url("items", community)).content.decode()
    assert "Nothing yet." in client.get(url("detail", community)).content.decode()


def test_page_when_community_is_hidden_then_its_items_are(client, client_of, community, staff):
    make_item(community)
    community.study.archived_at = timezone.now()
    community.study.save()
    assert client.get(url("items", community)).status_code == 404
    assert client_of("staff").get(url("items", community)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": ""}, "Choose what you want to share"),
        ({"kind": "event"}, "Select a valid choice"),
        ({"title": " "}, "Enter a title"),
        ({"title": "a\u2028b"}, "on one line"),
        ({"title": "x" * 151}, "at most 150"),
        ({"words": ""}, "Say what it is about"),
        ({"words": "Dear {{name}}"}, "Take out {{ and }}"),
        ({"link": "javascript:alert(1)"}, "Enter the whole web address"),
        ({"link": "ftp://example.org/x"}, "Enter the whole web address"),
        ({"link": "https://example.org/{{token}}"}, "Take out {{ and }}"),
    ],
)
def test_new_when_something_is_wrong_then_says_what_and_keeps_the_rest(client_of, community, changes, words):
    answer = client_of("staff").post(url("item_new", community), typed(**changes))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert words in page
    assert "<title>Error: " in page
    assert not CommunityItem.objects.exists()


def test_edit_when_saved_then_changed_and_still_as_old(client_of, community, convenor):
    item = make_item(community, published_at=timezone.now() - dt.timedelta(days=9))
    answer = client_of("convenor").post(url("item_edit", community, item.pk), typed(version=1))
    changed = CommunityItem.objects.get()
    assert answer.url == changed.get_absolute_url()
    assert (changed.title, changed.version, changed.updated_by) == ("A guide", 2, convenor)
    assert changed.published_at == item.published_at
    assert changed.history.count() == 2


def test_edit_when_somebody_saved_first_then_both_are_shown_and_nothing_is_lost(client_of, community, staff):
    item = make_item(community)
    save_item(item=item, version=1, changes={"title": "Theirs"}, by=staff)
    answer = client_of("staff").post(url("item_edit", community, item.pk), typed(title="Mine", version=1))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in page
    assert 'value="Mine"' in page
    assert CommunityItem.objects.get().title == "Theirs"
    assert (
        client_of("staff").post(url("item_edit", community, item.pk), typed(title="Mine", version=2)).status_code == 302
    )
    assert CommunityItem.objects.get().title == "Mine"


def test_edit_when_item_is_another_community_s_then_not_found(client_of, community, other_study, convenor):
    item = make_item(make_community(other_study))
    for name in ("item_edit", "item_delete"):
        assert client_of("convenor").get(url(name, community, item.pk)).status_code == 404
        assert client_of("convenor").post(url(name, item.community, item.pk)).status_code == 403
    assert CommunityItem.objects.filter(version=1).count() == 1


def test_delete_when_confirmed_then_gone_and_the_history_stays(client, client_of, community):
    item = make_item(community, title="A slip")
    address = url("item_delete", community, item.pk)
    assert "A slip" in client_of("staff").get(address).content.decode()
    assert CommunityItem.objects.exists()
    assert client_of("staff").post(address).url == url("items", community)
    delete_item(item=item)
    assert titles(client.get(url("items", community)).content) == []
    assert CommunityItem.history.filter(history_type="-").count() == 1


def test_page_when_more_are_shared_then_no_more_queries(client, client_of, community):
    def queries(browser, name: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(url(name, community)).status_code == 200
        return len(captured)

    make_item(community)
    staff = client_of("staff")
    before = [queries(browser, name) for browser in (client, staff) for name in ("items", "detail")]
    for _ in range(49):
        make_item(community)
    after = [queries(browser, name) for browser in (client, staff) for name in ("items", "detail")]
    assert after == before


@pytest.mark.parametrize("bad", [{"title": ""}, {"words": ""}, {"kind": "event"}, {"link": "javascript:alert(1)"}])
def test_database_when_a_row_breaks_a_rule_then_refused(community, bad):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_item(community, **bad)
