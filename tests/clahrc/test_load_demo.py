"""The demonstration: alive as of today, made once, all fictional, for any programme."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.utils import timezone

from clahrc.demo.build import DemoError, build
from clahrc.demo.cast import LOGINS
from communities.models import Associate, Consent, Event, Membership, Newsletter, Registration
from communities.services.notices import send_thanks
from communities.services.registrations import pass_all_places_on
from communities.tasks import forget_past_attendees
from fellows.models import FellowPost, Secondment
from panels.models import Review, ReviewCycle
from people.demo import DEMO_LOGINS
from people.models import Organisation, User
from studies.models import Programme, Study
from tests.clahrc.test_load_programme import PAPER, SMALL, load_raw

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo() -> None:
    call_command("load_programme", PAPER, stdout=StringIO())
    with override_settings(DEBUG=True):
        call_command("load_demo", stdout=StringIO())


def test_load_demo_when_debug_is_off_then_it_refuses():
    call_command("load_programme", PAPER, stdout=StringIO())
    with pytest.raises(CommandError, match="only where DEBUG=1"):
        call_command("load_demo", stdout=StringIO())
    assert not User.objects.exists()


def test_load_demo_when_nothing_is_loaded_then_it_says_what_to_do():
    with override_settings(DEBUG=True), pytest.raises(CommandError, match="load_programme"):
        call_command("load_demo", stdout=StringIO())


def test_load_demo_when_it_is_there_already_then_nothing_is_added(demo):
    before = (User.objects.count(), Associate.objects.count(), Event.objects.count())
    with pytest.raises(DemoError, match="people here already"):
        build()
    assert (User.objects.count(), Associate.objects.count(), Event.objects.count()) == before


def test_load_demo_when_made_then_it_is_the_programmes_third_year(demo):
    programme, today = Programme.objects.get(), timezone.localdate()
    assert dt.timedelta(days=2 * 365) < today - programme.starts_on < dt.timedelta(days=3 * 365)
    assert (programme.starts_on.day, (programme.ends_on + dt.timedelta(days=1)).day) == (1, 1)
    months = (
        12 * (programme.ends_on.year - programme.starts_on.year) + programme.ends_on.month - programme.starts_on.month
    )
    assert months == 12 * (2013 - 2008) + 12 - 10


def test_load_demo_when_made_then_fellows_and_associates_are_as_many_as_the_paper_says(demo):
    programme = Programme.objects.get()
    first_year = (programme.starts_on, programme.starts_on + dt.timedelta(days=365))
    assert Associate.objects.filter(confirmed_at__date__range=first_year).count() == 400
    assert Secondment.objects.exclude(fellow=None).values("fellow").distinct().count() == 24
    assert Secondment.objects.in_post().exclude(fellow=None).count() == 20
    assert [post.study.acronym for post in FellowPost.objects.vacant()] == ["PATCHWORK"]


def test_load_demo_when_made_then_something_waits_for_everybody(demo):
    today = timezone.localdate()
    waiting = Review.objects.waiting()
    assert waiting.filter(cycle__due_on__lt=today).exists()
    assert waiting.filter(cycle__due_on__gte=today).exists()
    for login in ("commissioner", "service-user", "scientist"):
        assert waiting.filter(member__email=f"{login}@example.org").exists(), login
    assert Event.objects.public().upcoming().exists()
    assert Newsletter.objects.sent().exists()
    assert Newsletter.objects.filter(status="draft").exists()
    assert Membership.objects.exclude(left_at=None).exists()
    assert ReviewCycle.objects.filter(status="closed", decision__conditions__met_at=None).exists()
    assert {status for status in Review.Status.values if status != "withdrawn"} == set(
        Review.objects.values_list("status", flat=True)
    )
    assert Study.objects.exclude(people__role="steering_service_user").count() == 1


def test_load_demo_when_made_then_everybody_lives_at_example_org(demo):
    for address in [*User.objects.values_list("email", flat=True), *Associate.objects.values_list("email", flat=True)]:
        assert address.endswith("@example.org")
    assert not Organisation.objects.exclude(ror_id="").exists()


def test_load_demo_when_made_then_nothing_lies_in_the_future_that_has_happened(demo):
    now = timezone.now()
    assert not Associate.objects.filter(confirmed_at__gt=now).exists()
    assert not Consent.objects.filter(withdrawn_at__gt=now).exists()
    assert not Review.objects.filter(submitted_at__gt=now).exists()
    assert not Newsletter.objects.filter(sent_at__gt=now).exists()


def test_load_demo_when_made_then_each_login_works(demo):
    arrived = {}
    for login in LOGINS:
        response = Client().post(
            "/accounts/login/", {"login": f"{login}@example.org", "password": "demo-password"}, follow=True
        )
        assert response.status_code == 200, login
        arrived[login] = str(response.wsgi_request.user)
    assert arrived == LOGINS


def test_login_page_when_it_is_a_demonstration_then_it_names_exactly_the_logins_that_are_made():
    assert [login for login, _ in DEMO_LOGINS] == list(LOGINS)


def test_load_demo_when_the_programme_is_another_then_it_comes_to_life_too():
    load_raw(SMALL)
    build()
    assert Secondment.objects.in_post().exclude(fellow=None).count() == 1
    assert Study.objects.exclude(summary="").count() == 2


@pytest.mark.parametrize("day", ["2028-02-29", "2027-03-31", "2026-10-25"])
def test_load_demo_when_made_on_an_awkward_day_then_it_holds(day):
    with time_machine.travel(f"{day} 09:00 +0000", tick=False):
        load_raw(SMALL)
        build()
        assert Programme.objects.get().starts_on < timezone.localdate()


def test_load_demo_when_made_then_one_event_is_full_one_fills_and_a_past_one_was_liked(demo):
    events = Event.objects.with_registrations().public().exclude(status="cancelled")
    full = events.upcoming().get(kind="roadshow")
    assert (full.coming, full.waiting, full.registrations.taking_places().count()) == (29, 7, full.capacity)
    assert events.upcoming().filter(capacity=None, coming__gt=0).exists()
    assert not events.past().filter(attended_count=None).exists()
    liked = events.past().get(kind="regional")
    assert (liked.attended_count, liked.feedback.count()) == (21, 8)
    assert Registration.objects.filter(email="associate@example.org", event=full).exists()


def test_load_demo_when_the_clock_runs_then_nobody_is_thanked_or_reminded_of_the_past(demo):
    assert send_thanks() == 0
    assert pass_all_places_on() == 0
    assert forget_past_attendees() == 0
