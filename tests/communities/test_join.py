"""The signup page and its confirmation, through the browser's eyes."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from communities.models import Associate, Attempt, Consent, Membership, Signup
from communities.services.signups import delete_expired_signups
from communities.tasks import delete_unconfirmed_signups
from communities.tokens import signup_token
from communities.wording import consent_wording
from mailing.models import Delivery, Mailing
from tests.communities.factories import make_associate, make_community, make_signup

JOIN = reverse("communities:join")
SENT = reverse("communities:join_sent")


def filled_in(*slugs: str, **changes) -> dict[str, object]:
    return {
        "communities": list(slugs),
        "name": "Joan Carer",
        "email": "joan@example.org",
        "involvement": "carer",
        **changes,
    }


def confirm_url(signup: Signup) -> str:
    return reverse("communities:confirm", args=[signup_token(signup)])


@pytest.fixture
def other_community(other_study):
    return make_community(other_study)


def test_page_when_opened_then_nothing_is_ticked(client, community):
    page = BeautifulSoup(client.get(JOIN).content, "html.parser")
    assert page.select("input[type=checkbox][checked], input[type=radio][checked]") == []
    assert {box["name"] for box in page.select("input[type=checkbox]")} == {
        "communities", "agree_newsletters", "agree_events", "agree_updates",
    }  # fmt: skip


def test_page_when_community_is_asked_for_then_only_it_is_ticked(client, community, other_community):
    page = BeautifulSoup(client.get(JOIN, {"community": community.slug}).content, "html.parser")
    assert [box["value"] for box in page.select("input[checked]")] == [community.slug]


@pytest.mark.parametrize("value", ["nothing", "\x00", "'", "x" * 500])
def test_page_when_community_asked_for_is_unknown_then_opens(client, community, value):
    assert client.get(JOIN, {"community": value}).status_code == 200


def test_page_when_consent_is_asked_for_then_each_has_its_own_box_with_its_own_words(client, community):
    page = client.get(JOIN).content.decode()
    assert all(consent_wording(purpose) in page for purpose in ("newsletters", "events", "updates"))


def test_page_when_community_is_closed_or_hidden_then_it_is_not_offered(client, community, other_community):
    community.open_to_join = False
    community.save()
    other_community.study.archived_at = timezone.now()
    other_community.study.save()
    page = BeautifulSoup(client.get(JOIN).content, "html.parser")
    assert page.select("input[name=communities]") == []


def test_signup_when_sent_then_waits_and_one_email_goes_out(client, community, django_capture_on_commit_callbacks):
    assert client.post(JOIN, filled_in(community.slug, agree_events="on")).url == SENT
    signup = Signup.objects.get()
    assert (signup.email, signup.name, signup.involvement) == ("joan@example.org", "Joan Carer", "carer")
    assert list(signup.communities.all()) == [community]
    assert signup.agreed_to == {"events": consent_wording("events")}
    assert not Associate.objects.exists()
    delivery = Delivery.objects.get()
    assert delivery.recipient == "joan@example.org"
    assert confirm_url(signup).rsplit("/", 2)[0] in delivery.mailing.text


def test_signup_when_address_is_known_then_answer_and_email_are_alike(client, community):
    make_associate(community, email="Joan@Example.org")
    known = client.post(JOIN, filled_in(community.slug))
    unknown = client.post(JOIN, filled_in(community.slug, email="new@example.org"))
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url) == (302, SENT)
    assert set(Delivery.objects.values_list("recipient", flat=True)) == {"joan@example.org", "new@example.org"}
    assert len(set(Mailing.objects.values_list("subject", flat=True))) == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("communities", [], "Choose at least one community"),
        ("communities", ["no-such"], "not open to join"),
        ("communities", ["\x00"], "not open to join"),
        ("name", "", "Enter your name"),
        ("name", "Joan\nBcc: victim@example.org", "one line"),
        ("name", "Win at https://evil.example", "Leave out web addresses"),
        ("name", "{{token}}", "Leave out web addresses"),
        ("name", "x" * 151, "at most 150"),
        ("email", "", "Enter your email address"),
        ("email", "joan", "correct format"),
        ("email", "joan@localhost", "whole email address"),
        ("email", "joan@[127.0.0.1]", "whole email address"),
        ("email", "jöan@example.org", "before the @"),
        ("email", "joan@example.org\nBcc: victim@example.org", "one email address"),
        ("email", "a@example.org,b@example.org", "correct format"),
        ("email", "x" * 65 + "@example.org", "email allows 64"),
        ("email", "a@" + "x" * 300 + ".org", "at most 254"),
        ("email", "a@" + "x" * 64 + ".org", "slip"),
        ("involvement", "", "Choose how you are involved"),
        ("involvement", "king", "from the list"),
        ("organisation", "A\r\nB", "one line"),
    ],
)
def test_signup_when_something_is_wrong_then_says_so_and_keeps_the_rest(client, community, field, value, words):
    answer = client.post(JOIN, {**filled_in(community.slug, organisation="Trent"), field: value})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert words in page
    assert "<title>Error: " in page
    assert "Joan" in page or field == "name"
    assert not Signup.objects.exists()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("joan+clahrc@example.org", "joan+clahrc@example.org"),
        ("  Joan.Carer@EXAMPLE.Org ", "Joan.Carer@example.org"),
        ('"joan"@example.org', '"joan"@example.org'),
        ("joan@exämple.org", "joan@xn--exmple-cua.org"),
        ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
    ],
)
def test_signup_when_address_is_odd_but_right_then_it_is_taken(client, community, typed, kept):
    assert client.post(JOIN, filled_in(community.slug, email=typed)).url == SENT
    assert Signup.objects.get().email == kept
    assert Delivery.objects.get().recipient == kept


def test_signup_when_address_has_had_three_emails_within_an_hour_then_429_and_text_is_kept(
    client, community, time_machine
):
    time_machine.move_to("2026-11-23 12:00", tick=False)
    for _ in range(3):
        assert client.post(JOIN, filled_in(community.slug)).status_code == 302
    answer = client.post(JOIN, filled_in(community.slug, email="JOAN@example.org"))
    assert answer.status_code == 429
    assert answer["Retry-After"] == "3600"
    assert "Joan Carer" in answer.content.decode()
    assert Delivery.objects.count() == 3
    time_machine.move_to("2026-11-23 13:00:01", tick=False)
    assert client.post(JOIN, filled_in(community.slug)).status_code == 302


def test_signup_when_network_has_sent_thirty_within_an_hour_then_429_for_it_alone(community):
    here, elsewhere = Client(REMOTE_ADDR="2001:db8:1:2::1"), Client(REMOTE_ADDR="2001:db8:1:3::1")
    for number in range(30):
        sent = Client(REMOTE_ADDR=f"2001:db8:1:2::{number + 1}").post(
            JOIN, filled_in(community.slug, email=f"a{number}@example.org")
        )
        assert sent.status_code == 302
    assert here.post(JOIN, filled_in(community.slug, email="b@example.org")).status_code == 429
    assert elsewhere.post(JOIN, filled_in(community.slug, email="b@example.org")).status_code == 302


def test_attempts_when_counted_then_hold_no_address(client, community):
    client.post(JOIN, filled_in(community.slug))
    kept = {(attempt.scope, attempt.digest) for attempt in Attempt.objects.all()}
    assert {scope for scope, _ in kept} == {"address", "host"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for _, digest in kept)


def test_confirmation_when_link_is_only_opened_then_nothing_happens(client, community):
    signup = make_signup(community, agreed=("newsletters",))
    for _ in range(2):
        assert client.get(confirm_url(signup)).status_code == 200
    assert client.head(confirm_url(signup)).status_code == 200
    assert not Associate.objects.exists()
    assert not Consent.objects.exists()


def test_confirmation_when_pressed_then_associate_membership_and_consent_are_made(client, community):
    signup = make_signup(community, agreed=("newsletters",), organisation="Trent")
    assert client.post(confirm_url(signup)).url == confirm_url(signup)
    associate = Associate.objects.get()
    assert (associate.email, associate.name, associate.organisation) == ("joan@example.org", "Joan Carer", "Trent")
    membership = Membership.objects.get()
    assert (membership.community, membership.role) == (community, "member")
    assert (membership.wants_newsletters, membership.wants_events) == (True, False)
    consent = Consent.objects.get()
    assert (consent.purpose, consent.wording, consent.source) == (
        "newsletters", consent_wording("newsletters"), "signup page",
    )  # fmt: skip
    assert "You have joined" in client.get(confirm_url(signup)).content.decode()


def test_confirmation_when_wording_changed_since_then_what_was_seen_is_recorded(client, community):
    signup = make_signup(community, agreed_to={"events": "Yes, as it read last week."})
    client.post(confirm_url(signup))
    assert Consent.objects.get().wording == "Yes, as it read last week."


def test_confirmation_when_nothing_was_ticked_then_no_consent_is_recorded(client, community):
    client.post(confirm_url(make_signup(community)))
    assert Associate.objects.count() == 1
    assert not Consent.objects.exists()


def test_confirmation_when_pressed_twice_then_the_same(client, community):
    signup = make_signup(community, agreed=("newsletters", "events"))
    for _ in range(3):
        assert client.post(confirm_url(signup)).status_code == 302
    counts = [model.objects.count() for model in (Associate, Membership, Consent)]
    assert counts == [1, 1, 2]


def test_confirmation_when_address_is_known_then_extends_without_taking_away(client, community, other_community):
    associate = make_associate(community, email="JOAN@example.org", events=False)
    client.post(confirm_url(make_signup(other_community, community, agreed=("events",))))
    associate.refresh_from_db()
    assert Associate.objects.get() == associate
    assert associate.name == "Joan Carer"
    wants = {m.community: (m.wants_newsletters, m.wants_events) for m in associate.memberships.all()}
    assert wants == {community: (True, True), other_community: (False, True)}
    assert set(associate.consents.standing().values_list("purpose", flat=True)) == {"newsletters", "events"}


def test_confirmation_when_community_was_hidden_meanwhile_then_only_the_others_are_joined(
    client, community, other_community
):
    signup = make_signup(community, other_community)
    other_community.study.archived_at = timezone.now()
    other_community.study.save()
    client.post(confirm_url(signup))
    assert [m.community for m in Membership.objects.all()] == [community]


def test_confirmation_when_seven_days_are_over_then_offers_a_new_link_and_loses_nothing(
    client, community, time_machine
):
    time_machine.move_to("2026-11-01 12:00", tick=False)
    signup = make_signup(community, agreed=("events",))
    time_machine.move_to("2026-11-08 12:00", tick=False)
    for answer in (client.get(confirm_url(signup)), client.post(confirm_url(signup))):
        assert answer.status_code == 410
        assert "This link has expired" in answer.content.decode()
        assert "Joan Carer" in answer.content.decode()
    assert not Associate.objects.exists()
    again = reverse("communities:renew", args=[signup_token(signup)])
    assert client.get(again).status_code == 405
    assert client.post(again).url == SENT
    assert Delivery.objects.get().recipient == "joan@example.org"
    assert client.post(confirm_url(signup)).status_code == 302
    assert Associate.objects.get().memberships.get().community == community


def test_confirmation_when_a_minute_of_the_seven_days_is_left_then_works(client, community, time_machine):
    time_machine.move_to("2026-11-01 12:00", tick=False)
    signup = make_signup(community)
    time_machine.move_to("2026-11-08 11:59", tick=False)
    assert client.post(confirm_url(signup)).status_code == 302


def test_new_link_when_asked_for_too_often_then_429(client, community):
    signup = make_signup(community, expires_at=timezone.now() - dt.timedelta(hours=1))
    again = reverse("communities:renew", args=[signup_token(signup)])
    answers = []
    for _ in range(4):
        Signup.objects.update(expires_at=timezone.now() - dt.timedelta(hours=1))
        answers.append(client.post(again).status_code)
    assert answers == [302, 302, 302, 429]


def test_new_link_when_confirmed_already_then_leads_to_what_was_joined(client, community):
    signup = make_signup(community)
    client.post(confirm_url(signup))
    again = reverse("communities:renew", args=[signup_token(signup)])
    assert client.post(again).url == confirm_url(signup)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("damage", [lambda t: t[:-1], lambda t: t + "x", lambda t: "x" + t, lambda t: "nonsense"])
def test_confirmation_when_link_is_forged_or_cut_then_404_with_a_way_on(client, community, damage, method):
    token = damage(signup_token(make_signup(community)))
    answer = getattr(client, method)(reverse("communities:confirm", args=[token]))
    assert answer.status_code == 404
    assert reverse("communities:join") in answer.content.decode()
    assert not Associate.objects.exists()


def test_confirmation_when_token_is_for_something_else_then_404(client, community):
    from tests.communities.links import recipient_token

    token = recipient_token(make_associate(community))
    assert client.post(reverse("communities:confirm", args=[token])).status_code == 404


def test_confirmation_when_signup_was_deleted_then_410_with_a_way_to_begin_again(client, community):
    signup = make_signup(community)
    url = confirm_url(signup)
    signup.delete()
    assert client.get(url).status_code == client.post(url).status_code == 410
    assert JOIN in client.get(url).content.decode()


def test_confirmation_when_associate_was_erased_since_then_410(client, community):
    signup = make_signup(community)
    client.post(confirm_url(signup))
    Associate.objects.all().delete()
    assert client.get(confirm_url(signup)).status_code == client.post(confirm_url(signup)).status_code == 410
    assert not Associate.objects.exists()


def test_confirmation_when_shown_then_kept_by_nobody(client, community):
    answer = client.get(confirm_url(make_signup(community)))
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


def test_signups_when_long_expired_then_deleted_and_others_kept(community, time_machine):
    time_machine.move_to("2026-11-01 12:00", tick=False)
    old, confirmed = make_signup(community), make_signup(community, confirmed_at=timezone.now())
    time_machine.move_to("2026-11-14 12:00", tick=False)
    fresh = make_signup(community)
    assert delete_expired_signups() == 0
    time_machine.move_to("2026-11-15 12:00", tick=False)
    assert delete_unconfirmed_signups() == 2
    assert delete_unconfirmed_signups() == 0
    assert list(Signup.objects.all()) == [fresh]
    assert not Signup.objects.filter(pk__in=[old.pk, confirmed.pk]).exists()


def test_attempts_when_an_hour_old_then_deleted(client, community, time_machine):
    time_machine.move_to("2026-11-01 12:00", tick=False)
    client.post(JOIN, filled_in(community.slug))
    assert Attempt.objects.count() == 2
    time_machine.move_to("2026-11-01 13:00", tick=False)
    delete_unconfirmed_signups()
    assert not Attempt.objects.exists()


def test_signup_when_posted_without_javascript_and_with_csrf_checks_then_works(community):
    client = Client(enforce_csrf_checks=True)
    page = BeautifulSoup(client.get(JOIN).content, "html.parser")
    token = page.select_one("input[name=csrfmiddlewaretoken]")["value"]
    assert client.post(JOIN, filled_in(community.slug)).status_code == 403
    assert client.post(JOIN, {**filled_in(community.slug), "csrfmiddlewaretoken": token}).status_code == 302


def test_page_when_there_are_more_communities_then_as_many_queries(client, community, theme, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from studies.models import Study

    with CaptureQueriesContext(connection) as few:
        client.get(JOIN)
    for number in range(50):
        make_community(Study.objects.create(slug=f"s{number}", theme=theme, title=f"Study {number}", stage="active"))
    with django_assert_num_queries(len(few)):
        assert len(BeautifulSoup(client.get(JOIN).content, "html.parser").select("input[name=communities]")) == 51
