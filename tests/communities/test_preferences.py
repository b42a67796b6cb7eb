"""What associates do for themselves by their signed link."""

from __future__ import annotations

import json

import pytest
from allauth.account.models import EmailAddress
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from communities.models import Associate, Consent, Membership, Signup
from communities.services.newsletters import send_newsletter
from communities.tokens import TEST_SUBJECT, owner_token
from communities.wording import consent_wording
from mailing.models import Delivery
from mailing.tokens import sign
from people import privacy
from tests.communities.factories import give, make_associate, make_community, make_newsletter, make_signup
from tests.communities.links import recipient_token

LINK = reverse("communities:link")
PAGES = ("preferences", "preferences_details", "preferences_data", "preferences_erase")


def url(associate: Associate, name: str = "preferences") -> str:
    return reverse(f"communities:{name}", args=[owner_token(associate)])


def chosen(page: bytes) -> dict[str, object]:
    """What the preferences form would send as it stands."""
    form = BeautifulSoup(page, "html.parser").select_one("main form")
    data: dict[str, object] = {}
    for box in form.select("input[type=checkbox][checked]"):
        data.setdefault(box["name"], []).append(box.get("value", "on"))  # type: ignore[attr-defined]
    for hidden in form.select("input[type=hidden]"):
        data[hidden["name"]] = hidden.get("value", "")
    return data


@pytest.fixture
def person(community):
    return make_associate(community, name="Joan Carer", email="joan@example.org", events=False)


@pytest.fixture
def other_community(other_study):
    return make_community(other_study)


def test_page_when_opened_then_shows_what_is_held(client, person, community):
    page = client.get(url(person)).content.decode()
    for words in ("Joan Carer", "joan@example.org", "I care for someone", community.name, "signup page"):
        assert words in page
    assert consent_wording("newsletters") in page
    assert chosen(client.get(url(person)).content)[f"community_{community.pk}"] == ["member", "newsletters"]


def test_page_when_sent_back_unchanged_then_changes_nothing(client, person, community):
    before = list(Membership.objects.values()), list(Consent.objects.values())
    assert client.post(url(person), chosen(client.get(url(person)).content)).url == url(person)
    assert (list(Membership.objects.values()), list(Consent.objects.values())) == before


def test_consent_when_given_then_recorded_with_its_words_and_wanted_everywhere(client, person, community):
    data = {**chosen(client.get(url(person)).content), "agree_events": "on"}
    client.post(url(person), data)
    consent = person.consents.get(purpose="events")
    assert (consent.wording, consent.source, consent.withdrawn_at) == (
        consent_wording("events"), "preferences page", None,
    )  # fmt: skip
    assert person.memberships.get().wants_events


def test_consent_when_taken_back_then_kept_with_when_and_how(client, person):
    data = chosen(client.get(url(person)).content)
    del data["agree_newsletters"]
    client.post(url(person), data)
    client.post(url(person), data)
    consent = person.consents.get()
    assert consent.withdrawn_at is not None
    assert consent.withdrawn_by == "preferences page"
    assert "preferences page" in client.get(url(person)).content.decode()


def test_consent_when_given_again_then_a_second_row(client, person):
    data = chosen(client.get(url(person)).content)
    without = {key: value for key, value in data.items() if key != "agree_newsletters"}
    client.post(url(person), without)
    client.post(url(person), data)
    assert [consent.withdrawn_at is None for consent in person.consents.all()] == [True, False]


def test_community_when_joined_and_left_then_memberships_say_so(client, person, community, other_community):
    data = chosen(client.get(url(person)).content)
    del data[f"community_{community.pk}"]
    client.post(url(person), {**data, "join": [other_community.slug]})
    left, joined = person.memberships.get(community=community), person.memberships.get(community=other_community)
    assert left.left_at is not None
    assert joined.left_at is None
    assert (joined.wants_newsletters, joined.wants_events) == (True, False)


def test_page_when_somebody_belongs_then_others_to_join_fold_away_and_not_when_they_belong_to_none(
    client, person, community, other_community
):
    def boxes(query: str) -> int:
        return len(BeautifulSoup(client.get(url(person)).content, "html.parser").select(query))

    assert (boxes("details:not([open]) [name=join]"), boxes("[name=join]")) == (1, 1)
    person.memberships.update(left_at=timezone.now())
    assert (boxes("details [name=join]"), boxes("[name=join]")) == (0, 2)


def test_community_when_left_and_joined_again_then_a_second_membership(client, person, community):
    data = chosen(client.get(url(person)).content)
    del data[f"community_{community.pk}"]
    client.post(url(person), data)
    client.post(url(person), {**chosen(client.get(url(person)).content), "join": [community.slug]})
    assert person.memberships.count() == 2
    assert person.memberships.current().get().community == community


def test_community_when_joined_in_another_tab_meanwhile_then_not_left(client, person, community, other_community):
    data = chosen(client.get(url(person)).content)
    Membership.objects.create(associate=person, community=other_community)
    client.post(url(person), data)
    assert person.memberships.current().count() == 2


@pytest.mark.parametrize("slug", ["return-to-work", "nonsense", "\x00"])
def test_community_when_forged_or_closed_then_refused_in_words(client, person, theme, other_community, slug):
    from studies.models import Study

    make_community(Study.objects.create(slug="open", theme=theme, title="Open", stage="active"))
    other_community.open_to_join = False
    other_community.save()
    answer = client.post(url(person), {**chosen(client.get(url(person)).content), "join": [slug]})
    assert "is not open to join" in answer.content.decode()
    assert BeautifulSoup(answer.content, "html.parser").select_one("main form details[open] [name=join]")
    assert person.memberships.current().count() == 1


def test_wish_when_a_newsletter_waits_then_it_is_withdrawn(client, person, community, staff):
    newsletter = send_newsletter(newsletter=make_newsletter(community), version=1, by=staff)
    assert Delivery.objects.get(mailing=newsletter.mailing).status == "queued"
    data = chosen(client.get(url(person)).content)
    data[f"community_{community.pk}"] = ["member"]
    client.post(url(person), data)
    assert Delivery.objects.get(mailing=newsletter.mailing).status == "skipped"


def test_leaving_when_a_newsletter_of_another_community_waits_then_that_one_still_goes(
    client, person, community, other_community, staff
):
    Membership.objects.create(associate=person, community=other_community, wants_newsletters=True)
    here = send_newsletter(newsletter=make_newsletter(community), version=1, by=staff)
    there = send_newsletter(newsletter=make_newsletter(other_community), version=1, by=staff)
    data = chosen(client.get(url(person)).content)
    del data[f"community_{community.pk}"]
    client.post(url(person), data)
    assert Delivery.objects.get(mailing=here.mailing).status == "skipped"
    assert Delivery.objects.get(mailing=there.mailing).status == "queued"


def test_details_when_changed_then_kept(client, person):
    data = {"name": "Joan Lee", "involvement": "clinician", "organisation": "Trent", "area": "Lincoln"}
    assert client.post(url(person, "preferences_details"), data).url == url(person)
    person.refresh_from_db()
    assert (person.name, person.involvement) == ("Joan Lee", "clinician")
    assert (person.organisation, person.area) == ("Trent", "Lincoln")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"name": ""}, "Enter your name"), ({"name": "a\nb"}, "one line"), ({"involvement": "x"}, "x is not one of")],
)
def test_details_when_wrong_then_says_so_and_changes_nothing(client, person, change, words):
    data = {"name": "Joan Lee", "involvement": "clinician", "organisation": "", **change}
    page = client.post(url(person, "preferences_details"), data).content.decode()
    assert words in page
    person.refresh_from_db()
    assert person.name == "Joan Carer"


def test_data_when_downloaded_then_holds_everything_of_theirs_and_nothing_of_others(client, person, community):
    make_associate(community, name="Somebody Else", email="else@example.org")
    make_signup(community)
    answer = client.get(url(person, "preferences_data"))
    assert "attachment" in answer["Content-Disposition"]
    held = json.loads(answer.content)
    assert set(held) == {
        "Name", "Email address", "How you are involved", "Organisation", "Town or county", "Confirmed",
        "Has an account to log in",
        "Communities", "Consents", "What you stopped being sent by one community",
        "Newsletters by whose link you unsubscribed", "Newsletters that you were not sent",
        "Monthly updates that you were sent", "Events", "Signups", "Emails",
        "Emails that came back", "Stops of emails to many",
    }  # fmt: skip
    assert held["Consents"][0]["In these words"] == consent_wording("newsletters")
    assert [each["Community"] for each in held["Communities"]] == [community.name]
    assert len(held["Signups"]) == 1
    assert b"else@example.org" not in answer.content


def test_erasing_when_only_opened_then_nothing_is_deleted(client, person):
    assert client.get(url(person, "preferences_erase")).status_code == 200
    assert Associate.objects.filter(pk=person.pk).exists()


def test_erasing_when_confirmed_then_nothing_is_left_and_what_waits_is_withdrawn(client, person, community, staff):
    make_signup(community)
    newsletter = send_newsletter(newsletter=make_newsletter(community), version=1, by=staff)
    page = url(person, "preferences_erase")
    assert client.post(page).url == reverse("communities:erased")
    assert [model.objects.count() for model in (Associate, Membership, Consent, Signup)] == [0, 0, 0, 0]
    assert Delivery.objects.get(mailing=newsletter.mailing).status == "skipped"
    assert client.get(reverse("communities:erased")).status_code == 200
    assert client.get(page).status_code == client.post(page).status_code == 410


@pytest.mark.parametrize("page", PAGES)
def test_pages_when_link_is_forged_then_404_for_both_methods(client, person, page):
    for token in (owner_token(person)[:-2], recipient_token(person)[:-2], "nonsense", sign("signup", person.key)):
        forged = reverse(f"communities:{page}", args=[token])
        assert client.get(forged).status_code == 404
        assert client.post(forged).status_code == 404
    assert Associate.objects.filter(pk=person.pk).exists()


@pytest.mark.parametrize("page", PAGES[1:])
def test_pages_when_link_was_in_an_email_to_many_then_need_the_owners_own(client, person, page):
    """A newsletter is passed on; whoever gets it must not learn, change or delete what we hold."""
    from_newsletter = reverse(f"communities:{page}", args=[recipient_token(person)])
    answers = [client.get(from_newsletter), client.post(from_newsletter, {"name": "Mallory", "involvement": "carer"})]
    assert {answer.status_code for answer in answers} == {403} or page == "preferences_data"
    assert b"Email me my own link" in answers[0].content
    person.refresh_from_db()
    assert person.name != "Mallory"


def test_preferences_when_link_was_in_an_email_to_many_then_show_choices_alone(client, person):
    words = client.get(reverse("communities:preferences", args=[recipient_token(person)])).content.decode()
    assert "Save changes" in words
    assert "Email me my own link" in words
    for private in (person.name, "/data/", "/erase/", "/events/calendar/", "Your events"):
        assert private not in words


@pytest.mark.parametrize("page", PAGES)
def test_pages_when_link_was_in_a_test_then_say_so(client, db, page):
    answer = client.get(reverse(f"communities:{page}", args=[sign("recipient", TEST_SUBJECT)]))
    assert answer.status_code == 200
    assert "This link was in a test" in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_pages_when_shown_then_kept_by_nobody(client, person, page):
    answer = client.get(url(person, page))
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


def test_link_when_address_is_known_or_not_then_answers_alike_and_only_the_known_is_written_to(client, person):
    known, unknown = (client.post(LINK, {"email": email}) for email in ("JOAN@example.org", "nobody@example.org"))
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    delivery = Delivery.objects.get()
    assert delivery.recipient == "joan@example.org"
    token = delivery.mailing.text.split("/communities/preferences/")[1].split("/")[0]
    assert client.get(reverse("communities:preferences", args=[token])).status_code == 200


def test_link_when_asked_for_too_often_then_429_known_or_not(client, person):
    for email in ("joan@example.org", "nobody@example.org"):
        assert [client.post(LINK, {"email": email}).status_code for _ in range(4)] == [302, 302, 302, 429]


def test_link_when_address_is_wrong_then_says_so(client, db):
    assert "correct format" in client.post(LINK, {"email": "joan"}).content.decode()


def test_mine_when_anonymous_then_asks_to_log_in(client, db):
    assert client.get(reverse("communities:mine")).url.startswith(reverse("account_login"))


def test_mine_when_an_associate_then_leads_to_their_page(client_of, associate):
    answer = client_of("associate").get(reverse("communities:mine"))
    assert answer.url == url(associate.associate)


def test_mine_when_address_is_the_same_and_proved_then_joined(client_of, stranger, community):
    associate = make_associate(community, email="Stranger@example.org")
    EmailAddress.objects.create(user=stranger, email=stranger.email, verified=True, primary=True)
    assert client_of("stranger").get(reverse("communities:mine")).url == url(associate)
    associate.refresh_from_db()
    assert associate.user == stranger


def test_mine_when_address_is_the_same_but_not_proved_then_not_joined(client_of, stranger, community):
    associate = make_associate(community, email=stranger.email)
    EmailAddress.objects.create(user=stranger, email=stranger.email, verified=False, primary=True)
    page = client_of("stranger").get(reverse("communities:mine"))
    assert "do not belong to a community" in page.content.decode()
    associate.refresh_from_db()
    assert associate.user is None


def test_mine_when_the_associate_is_somebody_elses_then_not_joined(client_of, stranger, team, community):
    associate = make_associate(community, email=stranger.email, user=team)
    EmailAddress.objects.create(user=stranger, email=stranger.email, verified=True, primary=True)
    assert client_of("stranger").get(reverse("communities:mine")).status_code == 200
    associate.refresh_from_db()
    assert associate.user == team


def test_page_when_there_are_more_communities_then_as_many_queries(client, person, theme, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from studies.models import Study

    make_community(Study.objects.create(slug="z", theme=theme, title="Z", stage="active"))
    with CaptureQueriesContext(connection) as few:
        client.get(url(person))
    for number in range(50):
        row = make_community(Study.objects.create(slug=f"s{number}", theme=theme, title=f"S {number}", stage="active"))
        if number % 2:
            Membership.objects.create(associate=person, community=row)
    with django_assert_num_queries(len(few)):
        client.get(url(person))


def test_data_on_a_user_when_they_are_an_associate_then_is_the_same(associate):
    held = privacy.data_on(associate)["Communities of practice"]
    assert held["Email address"] == associate.email


def test_closing_an_account_when_they_are_an_associate_then_that_goes_too(associate):
    give(associate.associate, "events")
    privacy.erase(associate)
    privacy.erase(associate)
    assert not Associate.objects.exists()


def test_data_when_membership_was_left_then_says_when(client, person):
    person.memberships.update(left_at=timezone.now())
    assert json.loads(client.get(url(person, "preferences_data")).content)["Communities"][0]["Left"]


def test_preferences_when_monthly_updates_are_agreed_to_then_they_are_wanted_and_not_before(client, community):
    person = make_associate(community)
    data = {**chosen(client.get(url(person)).content), "agree_updates": "on"}
    assert not Associate.objects.wanting("updates").exists()
    client.post(url(person), data)
    assert list(Associate.objects.wanting("updates")) == [person]
    assert person.consents.get(purpose="updates").wording == consent_wording("updates")
