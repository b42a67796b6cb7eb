import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import Newsletter
from fellows.models import FellowPost, Secondment
from panels.models import Review, ReviewCycle
from people.models import Invitation, User
from studies.models import Study, StudyPerson, Suggestion
from tests.conftest import ROLES

pytestmark = pytest.mark.django_db

URL = reverse("dashboard")
TODAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC), tick=False):
        yield


def panels_of(client):
    """Every panel by its heading, with what it names and how many there are."""
    dashboard = client.get(URL).context["dashboard"]
    return {panel.heading: ([item.text for item in panel.items], panel.total)
            for panel in [*dashboard.waiting, *dashboard.places]}  # fmt: skip


def ask_for_review(panel, study, member, due_on, **fields):
    cycle, _ = ReviewCycle.objects.get_or_create(panel=panel, study=study, reason="annual", defaults={"due_on": due_on})
    return Review.objects.create(cycle=cycle, member=member, **fields)


@pytest.mark.parametrize("role", ROLES)
def test_dashboard_when_each_role_asks_then_its_own_page(role, client_of, study):
    response = client_of(role).get(URL)
    assert response.status_code == (302 if role == "anonymous" else 200)


def test_dashboard_when_stranger_then_told_what_to_do_next(client_of, stranger, study):
    response = client_of("stranger").get(URL)
    assert response.context["dashboard"].is_empty
    page = response.content.decode()
    assert "Join a community" in page
    assert "Waiting for you" not in page


def test_dashboard_when_panel_member_then_their_reviews_and_nobody_elses(
    client_of, panel, panel_member, chair, study, other_study
):
    ask_for_review(panel, study, panel_member, TODAY - dt.timedelta(days=1))
    ask_for_review(panel, study, chair, TODAY)
    ask_for_review(panel, other_study, chair, TODAY)
    response = client_of("panel_member").get(URL)
    assert panels_of(client_of("panel_member")) == {
        "Reviews for you to write": (["Review HOVIS"], 1),
        "Your panels": ([panel.name], 1),
    }
    assert [item.tag for item in response.context["dashboard"].waiting[0].items] == ["Overdue"]
    mine = panels_of(client_of("chair"))
    assert mine["Reviews for you to write"] == (["Review HOVIS", "Review Return to work"], 2)
    assert mine["Reviews that you look after"] == (["HOVIS", "Return to work"], 2)


def test_dashboard_when_on_a_team_then_suggestions_to_their_study_alone(
    client_of, team, steering, lead, study, other_study, theme
):
    elsewhere = Study.objects.create(
        slug="x", theme=theme.__class__.objects.create(slug="x", name="X", kind="research"), title="X"
    )
    for each in (study, other_study, elsewhere):
        Suggestion.objects.create(study=each, source="panel", text=f"Change {each.slug}")
    Suggestion.objects.create(study=study, source="panel", text="Answered", status="accepted")
    assert panels_of(client_of("team"))["Suggestions to answer"] == (["Change home-visits"], 1)
    assert panels_of(client_of("lead"))["Suggestions to answer"][1] == 2
    assert "Suggestions to answer" not in panels_of(client_of("steering"))
    words = client_of("team").get(URL).content.decode()
    assert f'href="{reverse("studies:suggestions")}"' in words
    mine = Suggestion.objects.get(text="Change home-visits")
    assert f'href="{reverse("studies:suggestion_answer", args=[study.slug, mine.pk])}"' in words


def test_dashboard_when_staff_then_everything_that_waits(
    client_of, staff, theme, community, panel, organisation, stranger, study
):
    StudyPerson.objects.create(study=study, user=stranger, role="lead")
    other = Study.objects.create(slug="b", theme=theme, title="B", summary="B.", stage="active")
    FellowPost.objects.create(study=study, number=1)
    unnamed = FellowPost.objects.create(study=other, number=1)
    Secondment.objects.create(post=unnamed, starts_on=dt.date(2025, 1, 1), ends_on=dt.date(2027, 1, 31))
    Suggestion.objects.create(study=study, source="community", text="Use larger print")
    guest = User.objects.create_user("guest@example.org", None, full_name="Guest")
    now = timezone.now()
    Invitation.objects.create(user=guest, role="Researcher on B", expires_at=now + dt.timedelta(days=1))
    Invitation.objects.create(user=guest, role="Old", expires_at=now + dt.timedelta(days=1), withdrawn_at=now)
    Newsletter.objects.create(slug="n", community=community, title="Autumn", introduction="A")
    assert panels_of(client_of("staff")) == {
        "Suggestions to answer": (["Use larger print"], 1),
        "Secondments that end soon": (["Name not yet added, B"], 1),
        "Newsletters you have not sent": (["Autumn"], 1),
        "Studies to put right": (["HOVIS", "B"], 2),
        "Vacant posts for diffusion fellows": (["HOVIS"], 1),
        "Fellows whose name is missing": (["B"], 1),
        "Invitations not yet accepted": (["Guest"], 1),
    }


def test_dashboard_when_fellow_then_told_of_their_own_end_and_no_one_elses(client_of, fellow, study, stranger):
    post = FellowPost.objects.create(study=study, number=2)
    Secondment.objects.create(post=post, fellow=stranger, starts_on=dt.date(2025, 1, 1), ends_on=dt.date(2026, 12, 1))
    fellow.secondments.update(ends_on=dt.date(2026, 12, 31))
    found = panels_of(client_of("fellow"))
    assert found["Secondments that end soon"] == (["You, HOVIS"], 1)
    assert found["Your studies"] == (["HOVIS: Home visits after stroke"], 1)
    assert "Vacant posts for diffusion fellows" not in found


def test_dashboard_when_convenor_or_associate_then_their_communities_and_drafts(
    client_of, convenor, associate, community
):
    Newsletter.objects.create(slug="n", community=community, title="Autumn", introduction="A")
    assert panels_of(client_of("convenor")) == {
        "Newsletters you have not sent": (["Autumn"], 1),
        "Your communities": (["Home visits after stroke"], 1),
    }
    assert panels_of(client_of("associate")) == {"Your communities": (["Home visits after stroke"], 1)}


def test_dashboard_when_there_are_many_then_five_and_how_many_more(client_of, staff, theme, make_study):
    for number in range(9):
        make_study(theme, f"s{number}", posts=1, filled=0, summary="S.")
    response = client_of("staff").get(URL)
    vacant = next(p for p in response.context["dashboard"].waiting if p.heading.startswith("Vacant"))
    assert (len(vacant.items), vacant.total, vacant.more) == (5, 9, 4)
    assert "/fellows/?state=vacant" in response.content.decode()


@pytest.mark.parametrize("role", ["staff", "lead", "team"])
def test_dashboard_when_more_rows_then_no_more_queries(role, client_of, request, study, theme, panel, make_study):
    user = request.getfixturevalue(role)
    client = client_of(role)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    def add(number):
        each = make_study(theme, f"s{number}", posts=3, filled=2)
        if role != "lead":
            StudyPerson.objects.create(study=each, user=user, role="lead")
        Secondment.objects.filter(post__study=each, post__number=1).update(ends_on=dt.date(2027, 1, 1))
        Suggestion.objects.create(study=each, source="panel", text="Change it")
        ask_for_review(panel, each, user, TODAY)
        Newsletter.objects.create(slug=f"n{number}", community=each.community, title="N", introduction="A")

    add(0)
    queries()
    few = queries()
    for number in range(1, 50):
        add(number)
    assert queries() == few


def test_dashboard_when_monthly_updates_wait_then_convenors_see_theirs_and_staff_all(
    client_of, convenor, community, other_study
):
    from tests.communities.factories import make_community, make_section

    make_section(community)
    make_section(make_community(other_study))
    assert panels_of(client_of("staff"))["Monthly updates to approve"][1] == 2
    assert panels_of(client_of("convenor"))["Monthly updates to approve"] == (["Home visits after stroke"], 1)
    assert "Monthly updates to approve" not in panels_of(client_of("associate"))
