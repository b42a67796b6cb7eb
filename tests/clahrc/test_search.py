import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clahrc.search import words_of
from communities.models import Event, Newsletter
from people.matching import MOST_WORDS
from studies.models import Study

pytestmark = pytest.mark.django_db

URL = reverse("search")


def found(client, **query):
    """What a search shows, by kind."""
    context = client.get(URL, query).context
    return {kind.key: [result.title for result in results] for kind, results, _ in context["groups"]}


@pytest.fixture
def stroke(community, other_study):
    """Something of each kind with the word, and what not everyone may see."""
    now = timezone.now()
    when = {"starts_at": now, "ends_at": now + dt.timedelta(hours=1), "place": "Derby", "kind": "roadshow"}
    Event.objects.create(slug="e", title="Stroke roadshow", description="D", status="published", **when)
    Event.objects.create(slug="d", title="Stroke draft event", description="D", status="draft", **when)
    letter = {"community": community, "introduction": "About stroke"}
    Newsletter.objects.create(slug="n", title="Autumn", status="sent", sent_at=now, **letter)
    Newsletter.objects.create(slug="u", title="Unsent", **letter)
    Study.objects.create(slug="z", theme=other_study.theme, title="Archived stroke study", archived_at=now)
    Study.objects.create(slug="y", theme=other_study.theme, title="Given up stroke", stage="not_taken_forward")


def test_search_when_anonymous_then_only_what_is_public(client, stroke, staff):
    assert found(client, q="stroke") == {
        "studies": ["HOVIS: Home visits after stroke", "Return to work"],
        "communities": ["Home visits after stroke"],
        "events": ["Stroke roadshow"],
        "newsletters": ["Autumn"],
    }
    assert found(client, q="staff@example.org") == {}


def test_search_when_staff_then_drafts_archived_and_people_too(client_of, stroke, staff, stranger):
    client = client_of("staff")
    everything = found(client, q="stroke")
    assert set(everything["studies"]) == {
        "HOVIS: Home visits after stroke", "Return to work", "Archived stroke study", "Given up stroke",
    }  # fmt: skip
    assert set(everything["events"]) == {"Stroke roadshow", "Stroke draft event"}
    assert set(everything["newsletters"]) == {"Autumn", "Unsent"}
    assert found(client, q="STRANGER") == {"people": ["Stranger"]}


def test_search_when_not_staff_then_never_people(client_of, team, stranger):
    assert found(client_of("team"), q="stranger") == {}
    response = client_of("team").get(URL, {"q": "stranger", "kind": "people"})
    assert response.context["chosen"] is None


def test_search_when_many_words_then_all_must_be_there(client, study):
    assert found(client, q="visits  HOME") == {"studies": ["HOVIS: Home visits after stroke"]}
    assert found(client, q="visits nowhere") == {}


def test_search_when_one_kind_then_by_pages_and_links_keep_the_words(client, theme, make_study):
    for number in range(45):
        make_study(theme, f"cat-{number:02}")
    response = client.get(URL, {"q": "cat &x"})
    assert found(client, q="cat")["studies"] == ["Cat 00", "Cat 01", "Cat 02", "Cat 03", "Cat 04"]
    assert "?q=cat&amp;kind=studies" in client.get(URL, {"q": "cat"}).content.decode()
    response = client.get(URL, {"q": "cat", "kind": "studies", "page": "3"})
    assert [result.title for result in response.context["results"]] == [f"Cat {number}" for number in range(40, 45)]
    assert "q=cat&amp;kind=studies&amp;page=2" in response.content.decode()


@pytest.mark.parametrize("query", ["", "   ", "\x00", "\x07"])
def test_search_when_there_are_no_words_then_asks_for_one(client, study, query):
    response = client.get(URL, {"q": query})
    assert response.status_code == 200
    assert response.context["groups"] == []


@pytest.mark.parametrize(
    "query", ["%", "_", "100%", "\\", "'", '"><script>', "stroke\x00visits", "x" * 5000, "a " * 500]
)
def test_search_when_the_words_are_odd_then_taken_as_they_are(client, study, query):
    response = client.get(URL, {"q": query, "page": "-1", "kind": "nonsense"})
    assert response.status_code == 200
    assert "<script>" not in response.content.decode()


@pytest.mark.parametrize("query", ["%", "_", "100%", "\\", "'", "x" * 5000])
def test_search_when_the_words_mean_something_to_a_database_then_they_do_not_here(client, study, query):
    assert found(client, q=query) == {}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.text(max_size=300))
def test_search_when_anything_at_all_is_asked_then_it_answers(client, study, query):
    assert client.get(URL, {"q": query}).status_code == 200


@given(st.text(max_size=600))
def test_words_of_when_any_text_then_few_printable_words(query):
    words = words_of(query)
    assert len(words) <= MOST_WORDS
    assert all(word and word.isprintable() and " " not in word for word in words)


def test_search_when_more_rows_then_no_more_queries(client_of, staff, theme, make_study):
    client = client_of("staff")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(URL, {"q": "cat"})
        return len(captured)

    make_study(theme, "cat-0")
    queries()
    few = queries()
    for number in range(1, 50):
        make_study(theme, f"cat-{number}")
    assert queries() == few
