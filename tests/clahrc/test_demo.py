"""The demonstration as it stands once it is made: alive as of today, and all fictional."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from clahrc.demo.build import DemoError, build
from clahrc.demo.cast import LOGINS
from communities.models import Associate, Audience, Consent, Event, Membership, Newsletter, Registration
from communities.services.notices import send_thanks
from communities.services.registrations import pass_all_places_on
from communities.tasks import forget_past_attendees
from fellows.models import FellowPost, Secondment
from panels.models import Review, ReviewCycle
from people.models import Organisation, User
from studies.models import Programme, Study
from tests.clahrc.programme_files import PAPER

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def demo(django_db_setup, django_db_blocker):
    """Made once for this module, in a transaction that is undone after it; each test undoes its own changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_programme", PAPER, stdout=StringIO())
        with override_settings(DEBUG=True):
            call_command("load_demo", stdout=StringIO())
        with django_db_blocker.block():
            yield
        transaction.set_rollback(True)


def test_demo_when_it_is_there_already_then_nothing_is_added():
    before = (User.objects.count(), Associate.objects.count(), Event.objects.count())
    with pytest.raises(DemoError, match="people here already"):
        build()
    assert (User.objects.count(), Associate.objects.count(), Event.objects.count()) == before


def test_demo_when_made_then_it_is_the_programmes_third_year():
    programme, today = Programme.objects.get(), timezone.localdate()
    assert dt.timedelta(days=2 * 365) < today - programme.starts_on < dt.timedelta(days=3 * 365)
    assert (programme.starts_on.day, (programme.ends_on + dt.timedelta(days=1)).day) == (1, 1)
    months = (
        12 * (programme.ends_on.year - programme.starts_on.year) + programme.ends_on.month - programme.starts_on.month
    )
    assert months == 12 * (2013 - 2008) + 12 - 10


def test_demo_when_made_then_each_study_is_where_its_history_ends():
    for study in Study.objects.all():
        assert study.history.latest().stage == study.stage
        assert study.stage_moves.order_by("-moved_at", "-pk").first().to_stage == study.stage


def test_demo_when_made_then_fellows_and_associates_are_as_many_as_the_paper_says():
    programme = Programme.objects.get()
    first_year = (programme.starts_on, programme.starts_on + dt.timedelta(days=365))
    assert Associate.objects.filter(confirmed_at__date__range=first_year).count() == 400
    assert Secondment.objects.exclude(fellow=None).values("fellow").distinct().count() == 24
    assert Secondment.objects.in_post().exclude(fellow=None).count() == 20
    assert [post.study.acronym for post in FellowPost.objects.vacant()] == ["PATCHWORK"]


def test_demo_when_made_then_something_waits_for_everybody():
    today = timezone.localdate()
    waiting = Review.objects.waiting()
    assert waiting.filter(cycle__due_on__lt=today).exists()
    assert waiting.filter(cycle__due_on__gte=today).exists()
    for login in ("commissioner", "service-user", "scientist"):
        assert waiting.filter(member__email=f"{login}@example.org").exists(), login
    assert Event.objects.public().upcoming().exists()
    assert Newsletter.objects.sent().exists()
    assert Newsletter.objects.filter(status="draft").exists()
    assert Audience.objects.get(newsletter__sent_at__isnull=False).communities.count() == 2
    assert Audience.objects.saved().count() == 2
    assert Membership.objects.exclude(left_at=None).exists()
    assert ReviewCycle.objects.filter(status="closed", decision__conditions__met_at=None).exists()
    assert {status for status in Review.Status.values if status != "withdrawn"} == set(
        Review.objects.values_list("status", flat=True)
    )
    assert Study.objects.exclude(people__role="steering_service_user").count() == 1


def test_demo_when_made_then_everybody_lives_at_example_org():
    for address in [*User.objects.values_list("email", flat=True), *Associate.objects.values_list("email", flat=True)]:
        assert address.endswith("@example.org")
    assert not Organisation.objects.exclude(ror_id="").exists()


def test_demo_when_made_then_nothing_lies_in_the_future_that_has_happened():
    now = timezone.now()
    assert not Associate.objects.filter(confirmed_at__gt=now).exists()
    assert not Consent.objects.filter(withdrawn_at__gt=now).exists()
    assert not Review.objects.filter(submitted_at__gt=now).exists()
    assert not Newsletter.objects.filter(sent_at__gt=now).exists()


def test_demo_when_made_then_past_newsletters_went_to_those_who_were_members():
    past = Newsletter.objects.filter(sent_at__lt=timezone.now() - dt.timedelta(days=60))
    assert past.count() > 20
    for newsletter in past:
        states = newsletter.mailing.deliveries.values_list("status", "created_at")
        assert len(states) > 5
        assert set(states) == {("sent", newsletter.sent_at)}
    joined = dict(Associate.objects.values_list("email", "confirmed_at"))
    got = past.values_list("mailing__deliveries__recipient", "sent_at")
    assert all(joined[address] <= sent_at for address, sent_at in got)


def test_demo_when_made_then_each_login_works(settings):
    settings.DEMO = True
    arrived = {}
    for login in LOGINS:
        response = Client().post(
            "/accounts/login/", {"login": f"{login}@example.org", "password": "demo-password"}, follow=True
        )
        assert response.status_code == 200, login
        arrived[login] = str(response.wsgi_request.user)
    assert arrived == LOGINS


def test_demo_when_made_then_one_event_is_full_one_fills_and_a_past_one_was_liked():
    events = Event.objects.with_registrations().public().exclude(status="cancelled")
    full = events.upcoming().get(kind="roadshow")
    assert (full.coming, full.waiting, full.registrations.taking_places().count()) == (29, 7, full.capacity)
    assert events.upcoming().filter(capacity=None, coming__gt=0).exists()
    assert not events.past().filter(attended_count=None).exists()
    liked = events.past().get(kind="regional")
    assert (liked.attended_count, liked.feedback.count()) == (21, 8)
    assert Registration.objects.filter(email="associate@example.org", event=full).exists()


def test_demo_when_the_clock_runs_then_nobody_is_thanked_or_reminded_of_the_past():
    assert send_thanks() == 0
    assert pass_all_places_on() == 0
    assert forget_past_attendees() == 0
