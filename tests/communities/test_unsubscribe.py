"""Unsubscribing, by the page and by one click (RFC 8058)."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from communities.audiences import Choice
from communities.models import Associate, Consent, ListStop, Membership
from communities.privacy import data_held
from communities.services.audiences import save_audience
from communities.services.consents import stop_one_community
from communities.services.newsletters import send_newsletter
from communities.services.postings import announce_event
from communities.services.preferences import Choices, erase_associate, leave_community, save_preferences
from communities.services.signups import join_community
from communities.tokens import TEST_SUBJECT
from communities.wording import consent_wording, consent_wordings
from mailing.bounces import services as bounces
from mailing.models import Delivery
from mailing.tokens import sign
from studies.models import Study
from tests.communities.factories import make_associate, make_community, make_event, make_newsletter
from tests.communities.links import recipient_token

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def url(associate: Associate, query: str = "") -> str:
    return reverse("communities:unsubscribe", args=[recipient_token(associate)]) + query


def standing(associate: Associate) -> set[str]:
    return set(associate.consents.standing().values_list("purpose", flat=True))


@pytest.fixture
def person(community):
    return make_associate(community, email="joan@example.org")


def test_page_when_only_opened_then_nothing_changes(client, person):
    for query in ("", "?list=newsletters", "?list=events&community=home-visits", "?list=%00&community=%00"):
        assert client.get(url(person, query)).status_code == 200
    assert client.head(url(person)).status_code == 200
    assert standing(person) == {"newsletters", "events"}


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("?list=newsletters", {"events"}),
        ("?list=newsletters&community=gone-since", {"events"}),
        ("?list=events", {"newsletters"}),
        ("", set()),
        ("?list=nonsense", set()),
    ],
)
def test_one_click_when_posted_without_login_or_cookies_then_consent_is_withdrawn_at_once(person, query, left):
    bare = Client(enforce_csrf_checks=True)
    answer = bare.post(url(person, query), ONE_CLICK)
    assert (answer.status_code, answer.content) == (200, b"You are unsubscribed.\n")
    assert standing(person) == left
    assert set(person.consents.exclude(withdrawn_at=None).values_list("withdrawn_by", flat=True)) == {
        "one-click unsubscribe"
    }


@pytest.mark.parametrize("purpose", ["newsletters", "events"])
def test_one_click_when_the_list_is_one_communitys_then_that_stops_and_others_still_come(
    person, community, other_study, staff, purpose
):
    other = make_community(other_study)
    Membership.objects.create(associate=person, community=other, wants_newsletters=True, wants_events=True)
    for each in (community, other):
        send_newsletter(newsletter=make_newsletter(each), version=1, by=staff)
        announce_event(event=make_event(each), by=staff)
    bare = Client(enforce_csrf_checks=True)
    for _ in range(2):
        assert bare.post(url(person, f"?list={purpose}&community={community.slug}"), ONE_CLICK).status_code == 200
    assert standing(person) == {"newsletters", "events"}
    skipped = Delivery.objects.filter(status="skipped").values_list("mailing__list_key", flat=True)
    assert list(skipped) == [f"{purpose}/{community.slug}/"]
    wanted = person.memberships.get(community=community)
    assert (wanted.wants_newsletters, wanted.wants_events) == (purpose != "newsletters", purpose != "events")


def test_page_after_when_something_still_comes_then_offers_to_stop_everything(client, person, community):
    page = client.post(url(person, f"?list=newsletters&community={community.slug}"), {"what": "community"})
    assert "No more newsletters from Home visits after stroke will come to joan@example.org." in page.content.decode()
    assert "Go on emailing me" in page.content.decode()
    assert "Stop everything" in page.content.decode()
    page = client.post(url(person), {"what": "everything"})
    assert standing(person) == set()
    assert "Stop everything" not in page.content.decode()


def test_page_when_there_is_one_choice_then_says_it_and_asks_for_none(client, person):
    page = BeautifulSoup(client.get(url(person)).content, "html.parser")
    assert not page.select("[type=radio]")
    assert "we stop all newsletters, emails about events and monthly updates" in page.text
    boxes = {box["name"]: box["value"] for box in page.select("main form input[name][value]")}
    client.post(url(person), {"what": boxes["what"]})
    assert standing(person) == set()
    assert client.get(url(person, "?list=events")).content.count(b'type="radio"') == 2


def test_one_click_when_posted_as_urlencoded_body_then_works(person):
    answer = Client(enforce_csrf_checks=True).post(
        url(person, "?list=events"), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    assert standing(person) == {"newsletters"}


def test_one_click_when_repeated_then_the_same_answer_and_the_first_date_stays(client, person):
    client.post(url(person, "?list=events"), ONE_CLICK)
    before = Consent.objects.get(purpose="events").withdrawn_at
    assert client.post(url(person, "?list=events"), ONE_CLICK).status_code == 200
    assert Consent.objects.get(purpose="events").withdrawn_at == before


def test_one_click_when_erased_since_then_still_200(client, person):
    there = url(person)
    person.delete()
    assert client.post(there, ONE_CLICK).status_code == 200
    assert client.get(there).status_code == 410


def test_one_click_when_forged_then_404_and_nothing_changes(client, person):
    forged = reverse("communities:unsubscribe", args=[recipient_token(person)[:-1]])
    assert client.post(forged, ONE_CLICK).status_code == 404
    assert standing(person) == {"newsletters", "events"}


def test_link_when_it_was_in_a_test_then_says_so(client, person):
    there = reverse("communities:unsubscribe", args=[sign("recipient", TEST_SUBJECT)])
    assert "This link was in a test" in client.get(there).content.decode()
    assert client.post(there, ONE_CLICK).status_code == 200
    assert standing(person) == {"newsletters", "events"}


def test_form_when_only_one_community_is_to_stop_then_consent_and_others_stay(client, person, community, other_study):
    other = make_community(other_study)
    Membership.objects.create(associate=person, community=other, wants_newsletters=True)
    page = client.post(url(person, f"?list=newsletters&community={community.slug}"), {"what": "community"})
    assert "You are unsubscribed" in page.content.decode()
    assert standing(person) == {"newsletters", "events"}
    wants = {row.community: (row.wants_newsletters, row.left_at) for row in person.memberships.all()}
    assert wants == {community: (False, None), other: (True, None)}


@pytest.mark.parametrize(
    ("what", "left"), [("purpose", {"events"}), ("everything", set()), (None, {"events"})]
)  # fmt: skip
def test_form_when_sent_then_stops_what_was_chosen(client, person, what, left):
    client.post(url(person, "?list=newsletters"), {"what": what} if what else {})
    assert standing(person) == left
    assert person.memberships.current().count() == 1


def test_form_when_nonsense_is_chosen_then_asks_again(client, person):
    page = client.post(url(person), {"what": "nonsense"})
    assert "Choose what you want us to stop from the list" in page.content.decode()
    assert standing(person) == {"newsletters", "events"}


@pytest.mark.parametrize("how", [ONE_CLICK, {"what": "purpose"}, {"what": "everything"}, {"what": "community"}])
def test_newsletter_when_unsubscribed_before_its_turn_then_it_is_not_sent(client, person, community, staff, how):
    newsletter = send_newsletter(newsletter=make_newsletter(community), version=1, by=staff)
    posting = announce_event(event=make_event(community), by=staff)
    client.post(url(person, f"?list=newsletters&community={community.slug}"), how)
    assert Delivery.objects.get(mailing=newsletter.mailing).status == "skipped"
    expected = "skipped" if how.get("what") == "everything" else "queued"
    assert Delivery.objects.get(mailing=posting.mailing).status == expected


def test_undo_when_pressed_then_consent_is_recorded_anew_with_its_words(client, person):
    page = client.post(url(person, "?list=newsletters"), {"what": "purpose"}).content.decode()
    assert consent_wording("newsletters") in page
    undo = reverse("communities:resubscribe", args=[recipient_token(person)])
    assert client.get(undo).status_code == 405
    for _ in range(2):
        client.post(undo, {"purpose": "newsletters"})
    assert standing(person) == {"newsletters", "events"}
    anew = person.consents.standing().get(purpose="newsletters")
    assert (anew.wording, anew.source) == (consent_wording("newsletters"), "unsubscribe page, undone")


def test_undo_when_one_community_was_stopped_then_it_starts_again(client, person, community):
    client.post(url(person, f"?list=events&community={community.slug}"), {"what": "community"})
    assert not person.memberships.get().wants_events
    undo = reverse("communities:resubscribe", args=[recipient_token(person)])
    client.post(undo, {"purpose": "events", "community": community.slug})
    assert person.memberships.get().wants_events


@pytest.mark.parametrize("data", [{"purpose": "events"}, {"purpose": "nonsense"}, {}, {"community": "\x00"}])
def test_undo_when_it_was_never_agreed_to_then_nothing_is_recorded(client, community, data):
    person = make_associate(community, events=False)
    client.post(reverse("communities:resubscribe", args=[recipient_token(person)]), data)
    assert standing(person) == {"newsletters"}


def test_undo_when_forged_then_404(client, person):
    assert client.post(reverse("communities:resubscribe", args=["nonsense"])).status_code == 404


@pytest.mark.parametrize("kind", ["complaint", "unsubscribed"])
def test_provider_when_it_tells_of_one_who_leaves_then_every_consent_is_withdrawn(person, kind):
    other = make_associate(email="someone.else@example.org")
    for _ in range(2):
        bounces.record(kind=kind, source="provider", key=kind, email="Joan@Example.org")
    assert standing(person) == set()
    assert set(person.consents.values_list("withdrawn_by", flat=True)) == {"email provider"}
    assert standing(other) == {"newsletters", "events"}


def test_provider_when_the_address_has_changed_since_then_the_message_says_who_leaves(person, community, staff):
    send_newsletter(newsletter=make_newsletter(community), version=1, by=staff)
    delivery = Delivery.objects.get(recipient="joan@example.org")
    Associate.objects.filter(pk=person.pk).update(email="joan@example.net")
    bounces.record(kind="complaint", source="mailbox", key="k", email="joan@example.org", delivery=delivery)
    assert standing(person) == set()


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_provider_when_a_message_only_came_back_then_consent_stands(person, kind):
    bounces.record(kind=kind, source="provider", key=kind, email="joan@example.org")
    assert standing(person) == {"newsletters", "events"}


@pytest.fixture
def several(community, other_study, person, staff):
    """A newsletter on its way to two communities, both of which the person belongs to."""
    other = make_community(other_study)
    Membership.objects.create(associate=person, community=other, wants_newsletters=True)
    newsletter = make_newsletter(community)
    choice = Choice(communities=frozenset([community.pk, other.pk]))
    save_audience(newsletter=newsletter, version=1, choice=choice, by=staff)
    return send_newsletter(newsletter=newsletter, version=2, by=staff)


def wants(person: Associate) -> set[str]:
    return {each.community.slug for each in person.memberships.filter(wants_newsletters=True)}


def test_page_when_newsletter_went_to_several_communities_then_names_them_and_offers_each(client, person, several):
    page = client.get(url(person, f"?list=newsletters&issue={several.pk}")).content.decode()
    assert "Yours among them: Home visits after stroke, Return to work." in page
    assert "Only newsletters from Return to work" in page
    assert "Newsletters from Home visits after stroke and Return to work" in page
    assert "All newsletters" in page
    assert Delivery.objects.get().status == "queued"


def test_page_when_it_went_to_several_and_they_belong_to_one_then_offers_that_alone(client, person, several, community):
    person.memberships.exclude(community=community).update(left_at="2099-01-01T00:00Z")
    page = client.get(url(person, f"?list=newsletters&issue={several.pk}")).content.decode()
    assert "Yours among them: Home visits after stroke." in page
    assert "Return to work" not in page


def test_one_click_when_newsletter_went_to_several_communities_then_none_of_them_sends_more(client, person, several):
    assert client.post(url(person, f"?list=newsletters&issue={several.pk}"), ONE_CLICK).status_code == 200
    assert standing(person) == {"events"}
    assert Delivery.objects.get().status == "skipped"
    assert several.unsubscribes.get().associate == person


def test_form_when_one_of_several_is_stopped_then_it_still_comes_for_the_other_until_that_is_too(
    client, person, several, community
):
    there = url(person, f"?list=newsletters&issue={several.pk}")
    page = client.post(there, {"what": f"community-{community.pk}"}).content.decode()
    assert "from Home visits after stroke will" in page
    assert (wants(person), Delivery.objects.get().status) == ({"return-to-work"}, "queued")
    for _ in range(2):
        page = client.post(there, {"what": "communities"}).content.decode()
        assert "You are unsubscribed" in page
    assert (wants(person), Delivery.objects.get().status) == (set(), "skipped")
    assert standing(person) == {"newsletters", "events"}
    undo = reverse("communities:resubscribe", args=[recipient_token(person)])
    client.post(undo, {"purpose": "newsletters", "community": ["home-visits", "return-to-work"]})
    assert wants(person) == {"home-visits", "return-to-work"}


def test_form_when_a_community_it_did_not_go_to_is_forged_then_asks_again(client, person, several, theme):
    third = make_community(Study.objects.create(slug="third", theme=theme, title="Third"))
    Membership.objects.create(associate=person, community=third, wants_newsletters=True)
    there = url(person, f"?list=newsletters&issue={several.pk}")
    assert "from the list" in client.post(there, {"what": f"community-{third.pk}"}).content.decode()
    assert "third" in wants(person)


def test_preferences_when_moved_from_one_of_several_to_another_then_what_waits_still_comes(person, several, community):
    keeps = {each.community_id: frozenset({"newsletters"}) for each in person.memberships.all()}
    agreed = {"newsletters": True, "events": True}
    others = keeps | {community.pk: frozenset()}
    save_preferences(associate=person, choices=Choices(consents=agreed, stays=others), wordings=consent_wordings())
    assert Delivery.objects.get().status == "queued"
    save_preferences(associate=person, choices=Choices(consents=agreed, leaves=frozenset(keeps)), wordings={})
    assert Delivery.objects.get().status == "skipped"


# --- The record of what one community was stopped from sending -------------------------------------------------------


def record(person: Associate) -> list[tuple[str, str, str]]:
    """What was stopped, by what, and where it was asked for again; the first first."""
    rows = person.list_stops.order_by("pk")
    assert all(row.stopped_at and bool(row.resumed_at) == bool(row.resumed_by) for row in rows)
    return [(row.wording, row.stopped_by, row.resumed_by) for row in rows]


def test_record_when_one_click_came_from_an_event_of_one_community_then_kept_with_words_date_and_way(
    client, person, community, staff
):
    announce_event(event=make_event(community), by=staff)
    header = Delivery.objects.get(recipient=person.email).mailing.headers["List-Unsubscribe"]
    there = urlsplit(header.strip("<>").replace("{{token}}", recipient_token(person)))
    for _ in range(2):
        assert Client(enforce_csrf_checks=True).post(f"{there.path}?{there.query}", ONE_CLICK).status_code == 200
    assert record(person) == [("Emails about events from Home visits after stroke", "one-click unsubscribe", "")]
    assert standing(person) == {"newsletters", "events"}
    held = data_held(person)["What you stopped being sent by one community"]
    assert [each["Stopped by"] for each in held] == ["one-click unsubscribe"]
    page = client.get(reverse("communities:preferences", args=[recipient_token(person)])).content.decode()
    assert "Emails about events from Home visits after stroke" in page


def test_record_when_undone_and_stopped_again_then_each_is_kept(client, person, community):
    query = f"?list=newsletters&community={community.slug}"
    client.post(url(person, query), {"what": "community"})
    undo = reverse("communities:resubscribe", args=[recipient_token(person)])
    for _ in range(2):
        client.post(undo, {"purpose": "newsletters", "community": community.slug})
    client.post(url(person, query), ONE_CLICK)
    words = "Newsletters from Home visits after stroke"
    assert record(person) == [
        (words, "unsubscribe page", "unsubscribe page, undone"), (words, "one-click unsubscribe", ""),
    ]  # fmt: skip


def test_record_when_chosen_on_the_preferences_page_then_kept_as_well(person, community):
    def choose(*wanted: str) -> None:
        stays = {community.pk: frozenset(wanted)}
        choices = Choices(consents={"newsletters": True, "events": True}, stays=stays)
        save_preferences(associate=person, choices=choices, wordings=consent_wordings())

    choose("newsletters")
    choose("newsletters")
    assert record(person) == [("Emails about events from Home visits after stroke", "preferences page", "")]
    choose("newsletters", "events")
    assert record(person)[0][2] == "preferences page"


def test_record_when_all_of_a_kind_is_asked_for_again_then_says_so(person, community):
    for purposes, yes in ((frozenset(), False), (frozenset(), True)):
        choices = Choices(consents={"events": yes}, stays={community.pk: purposes | {"newsletters"}})
        save_preferences(associate=person, choices=choices, wordings=consent_wordings())
    assert person.memberships.get().wants_events
    assert record(person)[0][1:] == ("preferences page", "preferences page")


def test_record_when_joined_anew_then_what_was_stopped_before_is_asked_for_again(person, community):
    stop_one_community(associate=person, community=community, purpose="events", source="one-click unsubscribe")
    leave_community(membership=person.memberships.get())
    join_community(associate=person, community=community, wants={"newsletters": True}, source="signup page")
    assert record(person)[0][2] == ""
    join_community(associate=person, community=community, wants={"events": True}, source="signup page")
    assert record(person)[0][2] == "signup page"


def test_record_when_they_are_erased_then_gone(person, community):
    stop_one_community(associate=person, community=community, purpose="events", source="x")
    erase_associate(associate=person)
    assert not ListStop.objects.exists()
