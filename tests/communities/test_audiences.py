"""Whom a newsletter goes to: chosen by a form, counted, said in words, saved under a name."""

from __future__ import annotations

import datetime as dt

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from communities.audiences import Choice, choice_of, in_words, joined_words, people_of
from communities.models import Associate, Audience, Consent, LeftOut, Membership, Newsletter
from communities.privacy import data_held
from communities.services.audiences import (
    save_audience,
)
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.newsletters import schedule_newsletter, send_newsletter
from mailing.models import Delivery
from mailing.services import suppress
from studies.models import Study, Theme
from tests.communities.audiences import BY_SCRIPT, filled, of, url
from tests.communities.factories import make_associate, make_community, make_newsletter
from tests.pages import words_of


@pytest.fixture
def newsletter(community):
    return make_newsletter(community, title="Spring")


def joined(person: Associate, day: str) -> Associate:
    person.memberships.update(joined_at=timezone.make_aware(dt.datetime.fromisoformat(day)))
    return person


def test_audience_when_nothing_was_chosen_then_its_own_community_alone(newsletter, community, other, staff):
    mine = make_associate(community)
    make_associate(other)
    assert choice_of(newsletter) == of(community)
    assert list(people_of(choice_of(newsletter))) == [mine]
    sent = send_newsletter(newsletter=newsletter, version=1, by=staff)
    assert sent.mailing.list_key == f"newsletters/{community.slug}/"


def test_page_when_two_communities_are_chosen_then_each_person_gets_it_once(client_of, newsletter, community, other):
    both, first, second = make_associate(community), make_associate(community), make_associate(other)
    Membership.objects.create(associate=both, community=other, wants_newsletters=True)
    make_associate(other, newsletters=False)
    client = client_of("staff")
    answer = client.post(url(newsletter), filled(newsletter, community, other))
    assert answer.url == url(newsletter, "preview")
    newsletter.refresh_from_db()
    page = words_of(client.get(url(newsletter, "send")))
    assert "3 people now: members of Home visits after stroke and Return to work" in page
    client.post(url(newsletter, "send"), {"version": newsletter.version})
    newsletter.refresh_from_db()
    assert sorted(row.recipient for row in Delivery.objects.all()) == sorted([both.email, first.email, second.email])
    assert newsletter.mailing.list_key == f"newsletters/~{newsletter.pk}/"
    assert "joined Home visits after stroke or Return to work and agreed" in newsletter.mailing.text
    header = newsletter.mailing.headers["List-Unsubscribe"]
    assert f"list=newsletters&issue={newsletter.pk}" in header
    assert "members of Home visits after stroke and Return to work" in words_of(client.get(url(newsletter, "report")))


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"involvement": ("clinician", "manager")}, {"Clinician", "Manager"}),
        ({"organisation": "trent, WOLDS county"}, {"Clinician", "Manager"}),
        ({"organisation": " , "}, {"Clinician", "Manager", "Carer"}),
        ({"area": "lincoln"}, {"Carer"}),
        ({"joined_from": dt.date(2026, 3, 1)}, {"Manager", "Carer"}),
        ({"joined_until": dt.date(2026, 3, 1)}, {"Clinician", "Manager"}),
        ({"joined_from": dt.date(2026, 3, 1), "joined_until": dt.date(2026, 3, 1)}, {"Manager"}),
        ({"also_agreed": ("events",)}, {"Clinician"}),
        ({"involvement": ("clinician", "manager"), "joined_from": dt.date(2026, 3, 1)}, {"Manager"}),
        ({"involvement": ("carer",), "organisation": "trent"}, set()),
        ({}, {"Clinician", "Manager", "Carer"}),
    ],
)
def test_people_when_filtered_then_exactly_those(community, fields, names):
    people = {
        "Clinician": {"involvement": "clinician", "organisation": "Trent Healthcare", "events": True},
        "Manager": {"involvement": "manager", "organisation": "Wolds County Hall", "events": False},
        "Carer": {"involvement": "carer", "area": "Lincolnshire", "events": False},
    }
    days = {"Clinician": "2026-02-28T23:30", "Manager": "2026-03-01T23:30", "Carer": "2026-03-02T00:00"}
    for name, values in people.items():
        joined(make_associate(community, name=name, **values), days[name])
        no = joined(make_associate(community, name=f"No {name}", newsletters=False, **values), days[name])
        assert not no.consents.filter(purpose="newsletters").exists()
    assert {person.name for person in people_of(of(community, **fields))} == names


def test_people_when_a_theme_is_chosen_then_its_public_communities_alone(community, other, other_study, theme):
    far = Theme.objects.create(slug="mental-health", name="Mental health", kind="research", position=2)
    mine = make_associate(community)
    make_associate(other)
    other_study.theme = far
    other_study.save()
    assert list(people_of(Choice(themes=frozenset([theme.pk])))) == [mine]
    assert people_of(of(other, themes=frozenset([theme.pk]))).count() == 2
    other_study.archived_at = timezone.now()
    other_study.save()
    assert not people_of(Choice(themes=frozenset([far.pk]))).exists()


def test_people_when_excluded_then_neither_members_nor_those_who_had_another(community, other, staff):
    got = make_associate(community)
    earlier = send_newsletter(newsletter=make_newsletter(community), version=1, by=staff)
    skipped, member, new = make_associate(community), make_associate(community), make_associate(community)
    row = Delivery.objects.get()
    Delivery.objects.create(mailing=row.mailing, recipient=skipped.email.upper(), status="skipped", due_at=None)
    Membership.objects.create(associate=member, community=other)
    without = {"without_communities": frozenset([other.pk]), "without_newsletters": frozenset([earlier.pk])}
    assert list(people_of(of(community, **without))) == [skipped, new]
    Delivery.objects.filter(pk=row.pk).update(recipient=got.email.upper())
    assert got not in people_of(of(community, **without))


def test_send_when_filtered_then_who_was_left_out_and_why_is_kept(newsletter, community, other, staff):
    had = make_associate(community, involvement="clinician")
    earlier = send_newsletter(newsletter=make_newsletter(community), version=1, by=staff)
    got = make_associate(community, involvement="clinician")
    carer, no_consent = make_associate(other), make_associate(other, newsletters=False, involvement="clinician")
    not_there = make_associate(community, involvement="clinician")
    not_there.memberships.update(wants_newsletters=False)
    bounced = make_associate(community, involvement="clinician")
    suppress(email=bounced.email, reason="hard bounce")
    choice = of(community, other, involvement=("clinician",), without_newsletters=frozenset([earlier.pk]))
    save_audience(newsletter=newsletter, version=1, choice=choice, by=staff)
    sent = send_newsletter(newsletter=newsletter, version=2, by=staff)
    assert [row.recipient for row in sent.mailing.deliveries.all()] == [got.email]
    assert {(row.associate, row.reason) for row in LeftOut.objects.all()} == {
        (carer, "filtered"), (no_consent, "no_consent"), (not_there, "not_here"), (bounced, "suppressed"),
        (had, "excluded"),
    }  # fmt: skip
    assert data_held(carer)["Newsletters that you were not sent"] == [
        {"Newsletter": "Spring", "Why": "Not among those whom its audience was chosen for"}
    ]


def test_words_when_all_is_chosen_then_say_all_of_it(community, other, theme, newsletter):
    choice = of(
        community,
        themes=frozenset([theme.pk]),
        involvement=("manager", "carer", "clinician"),
        organisation="Trent, Wolds",
        area="Lincoln",
        joined_from=dt.date(2026, 1, 1),
        joined_until=dt.date(2026, 2, 1),
        also_agreed=("events",),
        without_communities=frozenset([other.pk]),
        without_newsletters=frozenset([newsletter.pk]),
    )
    assert in_words(choice) == (
        "members of Home visits after stroke, and members of every community of the theme Stroke who care for someone, "
        "work in health or social care or manage services, who gave an organisation with “Trent” or “Wolds” in it, who "
        "gave an area with “Lincoln” in it, who joined from 1 January 2026 to 1 February 2026, and who also agreed to "
        "emails about events, but not members of Return to work or those who were sent “Spring”"
    )
    assert in_words(of(community, joined_from=dt.date(2026, 1, 1))).endswith("stroke who joined since 1 January 2026")
    assert in_words(of(community, also_agreed=("updates",))).endswith("who also agreed to monthly updates")
    assert in_words(of(community, joined_until=dt.date(2026, 1, 1))).endswith("who joined by 1 January 2026")
    assert joined_words(of(community, other)) == "Home visits after stroke or Return to work"


def test_words_when_all_of_many_communities_then_how_many_and_otherwise_their_names(theme):
    many = [
        make_community(Study.objects.create(theme=theme, title=f"Study {number}", slug=f"study-{number}"))
        for number in range(7)
    ]
    assert in_words(of(*many)) == "members of all 7 communities"
    assert in_words(of(*many[:6])).startswith("members of Study 0, Study 1, ")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"communities": []}, "Choose at least one community"),
        ({"communities": ["nonsense"]}, "Choose from the communities shown"),
        ({"communities": ["a\x00b"]}, "Choose from the communities shown"),
        ({"involvement": ["nobody"]}, "Select a valid choice"),
        ({"also_agreed": ["newsletters"]}, "Select a valid choice"),
        ({"joined_from_day": "31", "joined_from_month": "2", "joined_from_year": "2026"}, "must be a real date"),
        (
            {
                "joined_from_day": "2", "joined_from_month": "2", "joined_from_year": "2026",
                "joined_until_day": "1", "joined_until_month": "2", "joined_until_year": "2026",
            },
            "must not be before the first",
        ),
    ],
)  # fmt: skip
def test_page_when_filled_in_wrongly_then_says_so_and_nothing_changes(client_of, newsletter, community, fields, words):
    answer = client_of("staff").post(url(newsletter), {**filled(newsletter, community), **fields})
    assert answer.status_code == 200
    assert words in words_of(answer)
    assert "to see how many people would get it" in words_of(answer)
    assert not Audience.objects.exists()


def test_page_when_count_is_pressed_then_says_how_many_and_saves_nothing(client_of, newsletter, community, other):
    make_associate(community)
    make_associate(other)
    data = filled(newsletter, community, other, count="Count", save_as="Both")
    answer = client_of("staff").post(url(newsletter), data)
    assert "2 people would get it now: members of Home visits" in words_of(answer)
    assert not Audience.objects.exists()


def test_count_when_asked_for_then_a_fragment_with_the_number(client_of, newsletter, community, other):
    make_associate(other, involvement="manager")
    client = client_of("staff")
    answer = client.get(
        url(newsletter, "audience_count"),
        {"communities": [other.slug], "involvement": ["manager"]},
        headers=BY_SCRIPT,
    )
    assert words_of(answer).startswith("1 person would get it now: members of Return to work who manage services")
    assert "choose at least one community" in words_of(client.get(url(newsletter, "audience_count"), headers=BY_SCRIPT))


def test_count_when_opened_by_hand_then_the_whole_page_with_the_same_choices(client_of, newsletter, other):
    answer = client_of("staff").get(f"{url(newsletter, 'audience_count')}?communities={other.slug}")
    assert answer.url == f"{url(newsletter)}?communities={other.slug}"


def test_page_when_somebody_else_saved_first_then_shows_theirs_and_saves_over_it(
    client_of, newsletter, community, other, staff
):
    save_audience(newsletter=newsletter, version=1, choice=of(other), by=staff)
    client = client_of("staff")
    answer = client.post(url(newsletter), filled(newsletter, community, involvement=["carer"]))
    assert answer.status_code == 409
    assert "members of Return to work" in words_of(answer)
    version = BeautifulSoup(answer.content, "html.parser").select_one("[name=version]")["value"]
    data = filled(newsletter, community, involvement=["carer"]) | {"version": version}
    assert client.post(url(newsletter), data).status_code == 302
    assert choice_of(newsletter) == of(community, involvement=("carer",))


def test_save_when_it_says_its_own_community_again_then_follows_that(newsletter, community, other, staff):
    save_audience(newsletter=newsletter, version=1, choice=of(other), by=staff)
    save_audience(newsletter=newsletter, version=2, choice=of(community), by=staff)
    assert not Audience.objects.exists()


def test_save_when_changed_since_somebody_looked_then_it_is_not_sent(newsletter, community, other, staff):
    make_associate(other)
    save_audience(newsletter=newsletter, version=1, choice=of(community, other), by=staff)
    with pytest.raises(StaleVersionError):
        send_newsletter(newsletter=newsletter, version=1, by=staff)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("state", ["scheduled", "sent", "template"])
def test_save_when_scheduled_or_sent_then_refused(client_of, newsletter, community, other, staff, state):
    if state == "sent":
        send_newsletter(newsletter=newsletter, version=1, by=staff)
    elif state == "template":
        Newsletter.objects.filter(pk=newsletter.pk).update(status="template")
    else:
        in_an_hour = timezone.now() + dt.timedelta(hours=1)
        schedule_newsletter(newsletter=newsletter, version=1, send_at=in_an_hour, by=staff)
    client = client_of("staff")
    for answer in (client.get(url(newsletter)), client.post(url(newsletter), filled(newsletter, other))):
        assert answer.url == url(newsletter, "preview")
    with pytest.raises(RefusedError):
        save_audience(newsletter=newsletter, version=1, choice=of(other), by=staff)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x", "joined_from": dt.date(2026, 2, 2), "joined_until": dt.date(2026, 2, 1)},
        {"name": "TAKEN"},
    ],
)
def test_database_when_audience_is_none_then_refuses(staff, fields):
    Audience.objects.create(name="taken", owner=staff)
    with pytest.raises(IntegrityError), transaction.atomic():
        Audience.objects.create(owner=staff, **fields)


def test_pages_when_people_are_more_then_as_many_queries(
    client_of, newsletter, community, other, staff, django_assert_num_queries
):
    choice = of(community, other, involvement=("carer",), without_communities=frozenset([other.pk]))
    save_audience(newsletter=newsletter, version=1, choice=choice, by=staff)
    make_associate(community)
    client = client_of("staff")
    pages = [url(newsletter, name) for name in ("audience", "preview", "send")]
    pages.append(f"{url(newsletter, 'audience_count')}?communities={community.slug}")
    few = []
    for page in pages:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page, headers=BY_SCRIPT).status_code == 200
        few.append(len(queries))
    for _ in range(49):
        make_associate(community)
        Membership.objects.create(associate=make_associate(community), community=other)
    for page, count in zip(pages, few, strict=True):
        with django_assert_num_queries(count):
            client.get(page, headers=BY_SCRIPT)


def test_send_when_people_are_more_then_as_many_queries(community, other, staff):
    counts = []
    for _ in range(2):
        draft = make_newsletter(community)
        choice = of(community, other, involvement=("carer",))
        save_audience(newsletter=draft, version=1, choice=choice, by=staff)
        with CaptureQueriesContext(connection) as queries:
            send_newsletter(newsletter=draft, version=2, by=staff)
        counts.append(len(queries))
        for _ in range(30):
            make_associate(community)
            make_associate(other, involvement="manager")
    assert abs(counts[1] - counts[0]) <= 12  # nobody had asked at first: no mailing was written
    draft = make_newsletter(community)
    save_audience(newsletter=draft, version=1, choice=of(community, other, involvement=("carer",)), by=staff)
    with CaptureQueriesContext(connection) as queries:
        send_newsletter(newsletter=draft, version=2, by=staff)
    assert len(queries) == counts[1]


def test_nobody_is_reached_by_any_choice_without_consent(community, other, theme, staff):
    for _ in range(3):
        make_associate(community, involvement="carer")
    Consent.objects.update(withdrawn_at=timezone.now(), withdrawn_by="x")
    for choice in (of(community, other), Choice(themes=frozenset([theme.pk])), of(community, involvement=("carer",))):
        assert not people_of(choice).exists()
    assert not people_of(Choice()).exists()


def test_history_when_an_audience_is_changed_then_says_who_changed_what(newsletter, community, other, staff):
    save_audience(newsletter=newsletter, version=1, choice=of(community, other), by=staff)
    save_audience(newsletter=newsletter, version=2, choice=of(other, involvement=("carer",)), by=staff)
    after, before = Audience.history.all()[:2]
    changes = {each.field: (each.old, each.new) for each in after.diff_against(before).changes}
    assert after.history_user == staff
    assert changes["involvement"] == ([], ["carer"])
    assert [{row["community"] for row in side} for side in changes["communities"]] == [
        {community.pk, other.pk}, {other.pk},
    ]  # fmt: skip
    assert set(changes) == {"involvement", "communities"}
