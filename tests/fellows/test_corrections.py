"""What was recorded of a secondment is put right: what was agreed at any time, the whole of it on the same day."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fellows import services
from fellows.models import FellowPost, Secondment
from mailing.models import Delivery
from people.models import Organisation
from studies.models import StudyPerson

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 11, 23)
TOMORROW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
STUDY = reverse("fellows:study", args=["home-visits"])


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC), tick=False):
        yield


def url(name: str, secondment: Secondment) -> str:
    return reverse(f"fellows:{name}", args=[secondment.pk])


# --- What was agreed ------------------------------------------------------------------------------------------


@pytest.fixture
def partner(db) -> Organisation:
    return Organisation.objects.create(name="Fen Trust", kind=Organisation.Kind.NHS_PROVIDER, is_partner=True)


def test_change_when_saved_then_the_terms_are_new_and_the_days_as_they_were(
    client_of, staff, post, nurse, second, partner
):
    secondment = second(post, nurse, TODAY, dt.date(2027, 11, 22))
    client = client_of("staff")
    assert f'href="{url("secondment_change", secondment)}"' in client.get(STUDY).content.decode()
    data = {"organisation": partner.pk, "days_per_week": "1.5", "matched_funding": "12000"}
    assert client.post(url("secondment_change", secondment), data).url == f"{STUDY}#post-1"
    secondment.refresh_from_db()
    assert (secondment.organisation, secondment.days_per_week, secondment.matched_funding) == (
        partner, Decimal("1.5"), Decimal(12000),
    )  # fmt: skip
    assert (secondment.fellow, secondment.starts_on, secondment.ends_on) == (nurse, TODAY, dt.date(2027, 11, 22))
    assert secondment.history.latest().history_user == staff
    assert Delivery.objects.count() == 1  # nobody is told twice


def test_change_when_its_partner_is_none_any_more_then_it_is_offered_still(
    client_of, staff, post, nurse, second, partner
):
    secondment = second(post, nurse, TODAY)
    Organisation.objects.filter(pk=partner.pk).update(is_partner=False)
    Secondment.objects.filter(pk=secondment.pk).update(organisation=partner)
    form = client_of("staff").get(url("secondment_change", secondment)).context["form"]
    assert partner in form.fields["organisation"].queryset
    assert form["organisation"].value() == partner.pk


def test_change_when_nothing_is_new_then_no_history(post, nurse, second, staff, organisation):
    secondment = second(post, nurse, TODAY)
    for days in (Decimal(1), Decimal(2), Decimal(2)):
        services.change_terms(
            secondment=secondment, organisation=organisation, days_per_week=days, matched_funding=None, by=staff
        )
    assert secondment.history.count() == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"days_per_week": "6"}, "days_per_week"),
        ({"days_per_week": ""}, "days_per_week"),
        ({"matched_funding": "-1"}, "matched_funding"),
        ({"organisation": "999"}, "organisation"),
    ],
)
def test_change_when_entered_badly_then_says_so_at_the_field(client_of, staff, post, nurse, second, changes, field):
    secondment = second(post, nurse, TODAY)
    data = {"organisation": "", "days_per_week": "1", "matched_funding": "", **changes}
    answer = client_of("staff").post(url("secondment_change", secondment), data)
    assert list(answer.context["form"].errors) == [field]
    assert secondment.history.count() == 1


# --- Recorded by mistake --------------------------------------------------------------------------------------


def test_take_back_when_recorded_today_then_as_if_it_had_never_been_and_the_fellow_is_told(
    client_of, staff, post, study, nurse, second
):
    secondment = second(post, nurse, TODAY)
    client = client_of("staff")
    take_back = url("secondment_take_back", secondment)
    assert f'href="{take_back}"' in client.get(STUDY).content.decode()
    assert "Nia Nurse" in client.get(take_back).content.decode()
    assert Secondment.objects.count() == 1
    assert client.post(take_back).url == f"{STUDY}#post-1"
    assert list(FellowPost.objects.vacant()) == [post]
    assert not StudyPerson.objects.filter(user=nurse).exists()
    told = Delivery.objects.filter(recipient="nurse@example.org").latest("pk").mailing
    assert told.subject == "You are not a diffusion fellow on HOVIS"
    assert "recorded by mistake" in told.text
    kept = Secondment.history.filter(id=secondment.pk).latest()
    assert (kept.history_type, kept.history_user) == ("-", staff)
    assert client.post(take_back).status_code == 404
    assert second(post, nurse, TODAY).pk != secondment.pk


def test_take_back_when_recorded_yesterday_then_refused_and_not_offered(client_of, staff, post, nurse, second):
    secondment = second(post, nurse, TODAY)
    with time_machine.travel(TOMORROW, tick=False):
        client = client_of("staff")
        assert "Take it back" not in client.get(STUDY).content.decode()
        answer = client.post(url("secondment_take_back", secondment), follow=True)
        assert "End it instead" in answer.content.decode()
        with pytest.raises(ValidationError, match="on the day that it was recorded"):
            services.take_back(secondment=secondment, by=staff)
    assert Secondment.objects.count() == StudyPerson.objects.filter(user=nurse).count() == 1


def test_take_back_when_the_fellow_was_here_before_then_that_time_stays(staff, post, study, nurse, second):
    second(post, nurse, dt.date(2025, 1, 1), dt.date(2025, 12, 31))
    services.take_back(secondment=second(post, nurse, TODAY), by=staff)
    roles = StudyPerson.objects.filter(user=nurse).values_list("starts_on", "ends_on")
    assert list(roles) == [(dt.date(2025, 1, 1), dt.date(2025, 12, 31))]
    assert Secondment.objects.get().starts_on == dt.date(2025, 1, 1)


def test_take_back_when_it_has_no_name_or_is_over_then_nobody_is_told(staff, post, nurse, second):
    services.take_back(secondment=second(post, None, TODAY), by=staff)
    over = second(post, nurse, dt.date(2025, 1, 1), dt.date(2025, 12, 31))
    Delivery.objects.all().delete()
    services.take_back(secondment=over, by=staff)
    assert not Secondment.objects.exists()
    assert not Delivery.objects.exists()


def test_study_when_there_are_more_secondments_then_no_more_queries(client_of, staff, post, nurse, second):
    client = client_of("staff")
    second(post, nurse, dt.date(2020, 1, 1), dt.date(2020, 1, 31))
    with CaptureQueriesContext(connection) as one:
        client.get(STUDY)
    for month in range(2, 12):
        second(post, nurse, dt.date(2020, month, 1), dt.date(2020, month, 28))
    with CaptureQueriesContext(connection) as many:
        client.get(STUDY)
    assert len(many) == len(one)
