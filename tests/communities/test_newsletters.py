"""Newsletters: writing, sending once to those who may have them, the archive."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import Associate, Membership, Newsletter
from communities.services.consents import withdraw_consent
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.newsletters import delete_newsletter, save_newsletter, send_newsletter
from mailing.models import Delivery, Mailing
from mailing.services import suppress
from mailing.tokens import read
from tests.communities.factories import make_associate, make_community, make_newsletter, make_sent

INDEX, MANAGE, NEW = (reverse(f"newsletters:{name}") for name in ("index", "manage", "new"))


def url(name: str, newsletter: Newsletter) -> str:
    return reverse(f"newsletters:{name}", args=[newsletter.slug])


def written(community, **changes) -> dict[str, object]:
    return {
        "community": community.pk,
        "title": "What is new",
        "introduction": "In short.",
        "words": "Hello all.",
        **changes,
    }


@pytest.fixture
def other_community(other_study):
    return make_community(other_study)


@pytest.fixture
def newsletter(community):
    return make_newsletter(community, title="Spring", words="## News\n\nSee [our page](https://example.org/x).")


def recipients(newsletter: Newsletter) -> set[str]:
    return set(Delivery.objects.filter(mailing=newsletter.mailing).values_list("recipient", flat=True))


def test_new_when_written_then_a_draft_that_nobody_else_sees(client, client_of, community):
    answer = client_of("staff").post(NEW, written(community))
    newsletter = Newsletter.objects.get()
    assert answer.url == url("edit", newsletter)
    assert [block.words for block in newsletter.blocks.all()] == ["Hello all."]
    assert (newsletter.slug, newsletter.status, newsletter.version) == ("what-is-new", "draft", 1)
    assert client.get(newsletter.get_absolute_url()).status_code == 404
    assert "What is new" not in client.get(INDEX).content.decode()


def test_new_when_title_is_taken_or_reserved_then_another_address(client_of, community):
    client = client_of("staff")
    for title in ("Feed", "Feed", "Manage", "新"):
        assert client.post(NEW, written(community, title=title)).status_code == 302
    assert set(Newsletter.objects.values_list("slug", flat=True)) == {"feed-2", "feed-3", "manage-2", "newsletter"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"community": ""}, "Choose the community"),
        ({"community": "999"}, "Select a valid choice"),
        ({"title": ""}, "Enter a title"),
        ({"title": "a\u2028b"}, "on one line"),
        ({"title": "x" * 151}, "at most 150"),
        ({"introduction": ""}, "Enter an introduction"),
        ({"words": " "}, "Write the first story"),
        ({"words": "Dear {{name}}"}, "Take out {{ and }}"),
    ],
)
def test_new_when_something_is_wrong_then_says_so_and_keeps_the_text(client_of, community, changes, words):
    page = client_of("staff").post(NEW, {**written(community), "introduction": "Kept words.", **changes})
    text = BeautifulSoup(page.content, "html.parser").get_text(" ")
    assert words in text
    assert "Kept words." in text or "introduction" in changes
    assert not Newsletter.objects.exists()


def test_details_when_two_write_at_once_then_second_sees_both_and_loses_nothing(
    client_of, newsletter, community, staff
):
    client = client_of("staff")
    save_newsletter(newsletter=newsletter, version=1, changes={"introduction": "Theirs, saved first."}, by=staff)
    mine = written(community, title="Spring", introduction="Mine, long and dear.", version="1")
    answer = client.post(url("details", newsletter), mine)
    page = BeautifulSoup(answer.content, "html.parser")
    assert answer.status_code == 409
    assert page.select_one("textarea[name=introduction]").get_text().strip() == "Mine, long and dear."
    assert "Theirs, saved first." in page.get_text()
    newsletter.refresh_from_db()
    assert newsletter.introduction == "Theirs, saved first."
    again = {**mine, "version": page.select_one("input[name=version]")["value"]}
    assert client.post(url("details", newsletter), again).url == url("edit", newsletter)
    newsletter.refresh_from_db()
    assert newsletter.introduction == "Mine, long and dear."
    kept = [row.introduction for row in newsletter.history.all()][:2]
    assert kept == ["Mine, long and dear.", "Theirs, saved first."]


def test_details_when_sent_meanwhile_then_refused_and_text_is_kept(client_of, newsletter, community, staff):
    client = client_of("staff")
    send_newsletter(newsletter=newsletter, version=1, by=staff)
    mine = written(community, introduction="Mine.", version="1")
    page = client.post(url("details", newsletter), mine).content.decode()
    assert "can no longer be changed" in page
    assert "Mine." in page
    assert client.get(url("details", newsletter)).url == newsletter.get_absolute_url()
    assert client.get(url("edit", newsletter)).url == newsletter.get_absolute_url()


def test_preview_when_shown_then_says_how_many_and_shows_mail_and_text(client_of, newsletter, community):
    make_associate(community)
    make_associate(community, newsletters=False)
    page = client_of("staff").get(url("preview", newsletter))
    text = BeautifulSoup(page.content, "html.parser").get_text(" ")
    assert "1 person" in text
    assert "our page (https://example.org/x)" in text
    assert "{{" not in text
    frame = BeautifulSoup(page.content, "html.parser").select_one("iframe")
    assert frame["src"] == url("preview_html", newsletter)
    assert "allow-scripts" not in frame["sandbox"]
    assert "allow-same-origin" not in frame["sandbox"]


def test_preview_frame_when_shown_then_runs_nothing_and_holds_no_live_link(client_of, community):
    newsletter = make_newsletter(community, words="<script>alert(1)</script><img src=x onerror=alert(1)>")
    answer = client_of("staff").get(url("preview_html", newsletter))
    policy = answer["Content-Security-Policy"]
    assert "script-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    page = BeautifulSoup(answer.content, "html.parser")
    assert page.select("script, img[onerror]") == []
    assert "{{" not in answer.content.decode()


def test_test_when_asked_for_then_goes_to_the_writer_alone_with_links_that_do_nothing(
    client, client_of, newsletter, community, staff
):
    make_associate(community)
    answer = client_of("staff").post(url("test", newsletter))
    assert answer.url == url("preview", newsletter)
    delivery = Delivery.objects.get()
    assert (delivery.recipient, delivery.subject_id) == (staff.email, "test")
    assert delivery.mailing.subject == "Test: Spring"
    newsletter.refresh_from_db()
    assert newsletter.status == "draft"


def test_send_when_asked_for_then_says_how_many_first(client_of, newsletter, community):
    make_associate(community)
    make_associate(community)
    client = client_of("staff")
    page = client.get(url("send", newsletter)).content.decode()
    assert "Send to 2 people" in page
    assert not Mailing.objects.exists()
    assert client.post(url("send", newsletter), {"version": "1"}).url == url("preview", newsletter)
    newsletter.refresh_from_db()
    assert newsletter.is_sent
    assert Delivery.objects.count() == 2


def test_send_when_people_are_of_every_kind_then_exactly_those_who_may_have_it_get_it(
    newsletter, community, other_community, staff
):
    wanted = make_associate(community, email="wanted@example.org")
    make_associate(community, newsletters=False, email="no-consent@example.org")
    withdrawn = make_associate(community, email="withdrawn@example.org")
    withdraw_consent(associate=withdrawn, purposes=["newsletters"], source="preferences page")
    not_here = make_associate(community, email="not-wanted-here@example.org")
    not_here.memberships.update(wants_newsletters=False)
    left = make_associate(community, email="left@example.org")
    left.memberships.update(left_at=timezone.now())
    make_associate(other_community, email="elsewhere@example.org")
    make_associate(community, email="bounced@example.org")
    suppress(email="Bounced@Example.org", reason="hard bounce")
    only_consent = make_associate(community, newsletters=False, email="wants-without-consent@example.org")
    only_consent.memberships.update(wants_newsletters=True)
    send_newsletter(newsletter=newsletter, version=1, by=staff)
    newsletter.refresh_from_db()
    assert recipients(newsletter) == {wanted.email}
    assert set(Associate.objects.wanting("newsletters", community)) == {wanted}


def test_send_when_two_communities_share_a_person_then_they_get_each_once(community, other_community, staff):
    person = make_associate(community)
    Membership.objects.create(associate=person, community=other_community, wants_newsletters=True)
    for each in (community, other_community):
        send_newsletter(newsletter=make_newsletter(each), version=1, by=staff)
    assert Delivery.objects.filter(recipient=person.email).count() == 2


def test_send_when_pressed_twice_then_goes_once(client_of, newsletter, community):
    make_associate(community)
    client = client_of("staff")
    for _ in range(3):
        assert client.post(url("send", newsletter), {"version": "1"}).status_code == 302
    assert (Mailing.objects.count(), Delivery.objects.count()) == (1, 1)


@pytest.mark.parametrize("version", ["", "x", "7", "²"])
def test_send_when_somebody_changed_it_since_then_not_sent(client_of, newsletter, community, version):
    make_associate(community)
    answer = client_of("staff").post(url("send", newsletter), {"version": version}, follow=True)
    assert "Look at it again" in answer.content.decode()
    assert not Mailing.objects.exists()
    newsletter.refresh_from_db()
    assert not newsletter.is_sent


def test_send_when_nobody_asked_then_archive_only(client, client_of, newsletter):
    assert "Put it in the archive" in client_of("staff").get(url("send", newsletter)).content.decode()
    client_of("staff").post(url("send", newsletter), {"version": "1"})
    assert not Mailing.objects.exists()
    assert client.get(newsletter.get_absolute_url()).status_code == 200
    assert client_of("staff").get(url("preview", newsletter)).status_code == 200


def test_mail_when_sent_then_each_has_their_own_way_out(client, newsletter, community, staff):
    person = make_associate(community, name="Joan")
    mailing = send_newsletter(newsletter=newsletter, version=1, by=staff).mailing
    assert mailing.list_key == "newsletters/home-visits/"
    assert mailing.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mailing.headers["List-Unsubscribe"]
    assert link == (
        "<http://testserver/communities/unsubscribe/{{token}}/?list=newsletters&community=home-visits"
        f"&issue={newsletter.pk}>"
    )
    for part in (mailing.text, mailing.html):
        assert "/communities/unsubscribe/{{token}}/?list=newsletters" in part
        assert "/communities/preferences/{{token}}/" in part
        assert "{{name}}" in part
        assert newsletter.get_absolute_url() in part
    delivery = Delivery.objects.get()
    assert delivery.subject_id == person.key
    from mailing.tokens import sign

    token = sign("recipient", delivery.subject_id)
    assert read("recipient", token) == person.key
    one_click = link.strip("<>").replace("http://testserver", "").replace("{{token}}", token)
    assert client.post(one_click, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not person.memberships.get().wants_newsletters
    delivery.refresh_from_db()
    assert delivery.status == "skipped"


def test_progress_when_under_way_then_read_from_the_mailing(client_of, newsletter, community, staff):
    for _ in range(5):
        make_associate(community)
    newsletter = send_newsletter(newsletter=newsletter, version=1, by=staff)
    rows = list(Delivery.objects.order_by("pk"))
    for row, status in zip(rows, ("sent", "sent", "failed", "deferred"), strict=False):
        waits = {"due_at": timezone.now()} if status == "deferred" else {"due_at": None, "settled_at": timezone.now()}
        Delivery.objects.filter(pk=row.pk).update(status=status, **waits)
    page = client_of("staff").get(MANAGE).content
    cells = [c.get_text("|", strip=True).split("|")[-1] for c in BeautifulSoup(page, "html.parser").select("tbody td")]
    assert cells[-3:] == ["2", "2", "1"]


def test_delete_when_confirmed_then_gone_and_a_sent_one_stays(client_of, newsletter, community):
    client = client_of("staff")
    assert client.get(url("delete", newsletter)).status_code == 200
    assert Newsletter.objects.count() == 1
    assert client.post(url("delete", newsletter)).url == MANAGE
    assert client.post(url("delete", newsletter)).status_code == 404
    assert Newsletter.history.filter(history_type="-").count() == 1
    delete_newsletter(newsletter=newsletter)
    sent = make_sent(community)
    client.post(url("delete", sent))
    assert Newsletter.objects.get() == sent
    with pytest.raises(RefusedError):
        delete_newsletter(newsletter=sent)


def test_save_when_version_is_old_then_raises(newsletter, staff):
    save_newsletter(newsletter=newsletter, version=1, changes={"title": "A"}, by=staff)
    with pytest.raises(StaleVersionError):
        save_newsletter(newsletter=newsletter, version=1, changes={"title": "B"}, by=staff)


def test_archive_when_opened_then_newest_first_and_safe(client, community):
    make_sent(community, title="Older", sent_at=timezone.now() - timezone.timedelta(days=3))
    newer = make_sent(community, title="Newer", words="<b>bold</b> [x](javascript:alert(1)) https://example.org/a.")
    titles = [h.get_text(strip=True) for h in BeautifulSoup(client.get(INDEX).content, "html.parser").select("main h2")]
    assert titles == ["Newer", "Older"]
    page = BeautifulSoup(client.get(newer.get_absolute_url()).content, "html.parser")
    assert page.select("article b, article script") == []
    assert [link["href"] for link in page.select("article a")] == ["https://example.org/a"]


def test_archive_when_community_is_hidden_since_then_the_newsletter_stays_without_dead_links(client, community):
    newsletter = make_sent(community)
    community.study.archived_at = timezone.now()
    community.study.save()
    page = client.get(newsletter.get_absolute_url())
    assert page.status_code == 200
    assert f"community={community.slug}" not in page.content.decode()


@pytest.mark.parametrize("page", [INDEX, MANAGE])
def test_lists_when_there_are_more_then_as_many_queries(client_of, community, page, django_assert_num_queries, staff):
    make_associate(community)
    client = client_of("staff")
    make_newsletter(community)
    send_newsletter(newsletter=make_newsletter(community), version=1, by=staff)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for _ in range(49):
        make_newsletter(community, updated_by=staff)
        make_sent(community, sent_by=staff, sent_at=timezone.now() - timezone.timedelta(days=1))
    with django_assert_num_queries(len(few)):
        client.get(page)


@pytest.mark.parametrize("number", [1, 50])
def test_send_when_people_are_more_then_as_many_queries(community, staff, number):
    for _ in range(number):
        make_associate(community)
    newsletter = make_newsletter(community)
    with CaptureQueriesContext(connection) as queries:
        send_newsletter(newsletter=newsletter, version=1, by=staff)
    assert len(queries) < 30
    assert Delivery.objects.count() == number
