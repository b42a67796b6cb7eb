import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import Associate, Event, Membership, Newsletter
from studies.models import Theme

pytestmark = pytest.mark.django_db

URL = reverse("home")


def event(title, days, **fields):
    starts_at = timezone.now() + dt.timedelta(days=days)
    return Event.objects.create(
        **{"slug": title.lower(), "title": title, "kind": "roadshow", "description": "All welcome.", "place": "Derby",
           "starts_at": starts_at, "ends_at": starts_at + dt.timedelta(hours=1), "status": "published", **fields}
    )  # fmt: skip


def newsletter(community, title, days_ago, **fields):
    return Newsletter.objects.create(
        **{"slug": title.lower(), "community": community, "title": title, "introduction": "News.",
           "status": "sent", "sent_at": timezone.now() - dt.timedelta(days=days_ago), **fields}
    )  # fmt: skip


def test_home_when_anonymous_then_says_what_the_programme_is(client, programme):
    programme.aims = ["Improve care", "Build capacity"]
    programme.population = 3000000
    programme.save()
    page = client.get(URL).content.decode()
    for words in (programme.name, "A funder", "Somewhere", "1 January 2024 to 31 December 2029", "3,000,000",
                  "Improve care", "Build capacity", "Join a community"):  # fmt: skip
        assert words in page
    assert page.count("<h1") == 1


def test_home_when_nothing_is_loaded_then_tells_the_operator_what_to_run(client):
    response = client.get(URL)
    assert response.status_code == 200
    assert "python manage.py load_programme data/clahrc-ndl.json" in response.content.decode()


def test_home_when_counted_then_today_and_the_targets(client, programme, theme, make_study, associate, convenor):
    make_study(theme, "cato", posts=2, filled=1)
    leaver = Associate.objects.create(email="leaver@example.org", name="L", involvement="carer")
    joined = timezone.now() - dt.timedelta(days=9)
    Membership.objects.create(
        associate=leaver, community=theme.studies.get(slug="cato").community, joined_at=joined, left_at=timezone.now()
    )
    numbers = client.get(URL).context["numbers"]
    assert (numbers.studies, numbers.communities, numbers.fellows, numbers.associates) == (2, 2, 1, 2)
    assert (numbers.fellows_note, numbers.associates_note) == ("of 24 planned", "first-year target 400")


def test_home_when_figure_1_is_drawn_then_pillars_and_beams_link_to_their_themes(
    client, theme, primary_care, implementation, make_study
):
    make_study(theme, "cato")
    make_study(theme, "gone", archived_at=timezone.now())
    response = client.get(URL)
    figure = response.context["figure"]
    assert [(each.name, each.number_of_studies) for each in figure.pillars] == [("Stroke", 1), ("Primary Care", 0)]
    assert [each.name for each in figure.beams] == ["Implementation"]
    html = response.content.decode()
    for each in Theme.objects.all():
        assert f'href="{each.get_absolute_url()}"' in html
    assert "2 research themes, and across them all the implementation theme that helps every study" in " ".join(
        html.split()
    )


def test_home_when_there_is_news_then_the_next_events_and_latest_newsletters_that_are_public(client, community):
    for title, days, fields in [
        ("Later", 9, {}), ("Soon", 1, {}), ("Past", -2, {}), ("Draft", 2, {"status": "draft"}),
        ("Off", 3, {"status": "cancelled"}), ("Fourth", 12, {}), ("Third", 10, {}),
    ]:  # fmt: skip
        event(title, days, **fields)
    for title, ago in [("Old", 30), ("New", 1), ("Older", 40), ("Middle", 20)]:
        newsletter(community, title, ago)
    newsletter(community, "Unsent", 0, status="draft", sent_at=None)
    context = client.get(URL).context
    assert [each.title for each in context["events"]] == ["Soon", "Later", "Third"]
    assert [each.title for each in context["newsletters"]] == ["New", "Middle", "Old"]


def test_home_when_there_are_more_rows_then_no_more_queries(client, community, theme, make_study):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    event("One", 1, community=community)
    newsletter(community, "One", 1)
    few = queries()
    for number in range(49):
        event(f"E{number}", 2, community=community)
        newsletter(community, f"N{number}", 2)
        make_study(theme, f"s{number}", posts=1, filled=1)
    assert queries() == few
