import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from fellows import services
from fellows.models import FellowPost, Secondment
from mailing.models import Delivery
from studies.models import Study, StudyPerson

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC), tick=False):
        yield


def on_study(study):
    roles = StudyPerson.objects.filter(study=study, role=StudyPerson.Role.FELLOW).order_by("starts_on")
    return [(row.user.full_name, row.starts_on, row.ends_on) for row in roles]


# --- Seconding ------------------------------------------------------------------------------------------------


def test_second_when_free_then_fellow_is_in_post_on_the_study_and_told(post, clinician, second, study):
    secondment = second(post, clinician, TODAY)
    assert FellowPost.objects.get(pk=post.pk).present == secondment
    assert on_study(study) == [("Cleo Clinician", TODAY, None)]
    delivery = Delivery.objects.get()
    assert delivery.recipient == "clinician@example.org"
    assert "HOVIS" in delivery.mailing.subject
    assert "1 day a week from 23 November 2026" in delivery.mailing.text
    assert "http://testserver/fellows/studies/home-visits/" in delivery.mailing.text


def test_second_when_called_twice_then_one_secondment_and_one_email(post, clinician, second, study):
    assert second(post, clinician, TODAY) == second(post, clinician, TODAY)
    assert Secondment.objects.count() == Delivery.objects.count() == len(on_study(study)) == 1


def test_second_when_name_is_not_known_then_post_is_filled_and_nobody_told(post, second, study):
    second(post, None, TODAY)
    assert list(FellowPost.objects.unnamed()) == [post]
    assert list(FellowPost.objects.vacant()) == []
    assert on_study(study) == []
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize(
    ("starts_on", "ends_on"),
    [
        (dt.date(2026, 1, 31), None),
        (dt.date(2026, 1, 31), dt.date(2026, 2, 28)),
        (dt.date(2025, 1, 1), dt.date(2026, 1, 1)),
        (dt.date(2025, 1, 1), None),
        (dt.date(2026, 1, 10), dt.date(2026, 1, 20)),
    ],
)
def test_second_when_post_is_taken_on_one_of_the_days_then_refused_in_words(
    post, clinician, nurse, second, starts_on, ends_on
):
    second(post, clinician, dt.date(2026, 1, 1), dt.date(2026, 1, 31))
    with pytest.raises(ValidationError, match="The post is taken from 1 January 2026 to 31 January 2026"):
        second(post, nurse, starts_on, ends_on)
    assert Secondment.objects.count() == 1


def test_second_when_the_day_after_the_last_then_allowed(post, clinician, nurse, second):
    second(post, clinician, dt.date(2026, 1, 1), dt.date(2026, 1, 31))
    second(post, nurse, dt.date(2026, 2, 1))
    assert Secondment.objects.count() == 2


def test_second_when_fellow_is_in_another_post_of_the_study_then_refused(post, study, clinician, second):
    second(post, clinician, TODAY)
    other = FellowPost.objects.create(study=study, number=2)
    with pytest.raises(ValidationError, match="Cleo Clinician is already in a post of this study") as refused:
        second(other, clinician, TODAY + dt.timedelta(days=30))
    assert set(refused.value.error_dict) == {"fellow"}


def test_second_when_fellow_is_on_another_study_then_allowed(post, other_study, clinician, second):
    second(post, clinician, TODAY)
    second(FellowPost.objects.create(study=other_study, number=1), clinician, TODAY)
    assert Secondment.objects.in_post().count() == 2


def test_second_when_longer_than_the_programme_allows_then_refused_with_the_latest_day(post, clinician, second):
    with pytest.raises(ValidationError, match="last day must be 22 November 2031 or before"):
        second(post, clinician, TODAY, dt.date(2031, 11, 23))
    second(post, clinician, TODAY, dt.date(2031, 11, 22))


def test_second_when_it_ends_before_it_begins_then_refused(post, clinician, second):
    with pytest.raises(ValidationError, match="must be 23 November 2026, the first day, or after"):
        second(post, clinician, TODAY, TODAY - dt.timedelta(days=1))


def test_second_when_post_is_closed_then_refused(post, clinician, second):
    post.closed_on = TODAY
    post.save()
    with pytest.raises(ValidationError, match="This post is closed"):
        second(post, clinician, TODAY)


@pytest.mark.parametrize("stage", [Study.Stage.COMPLETED, Study.Stage.NOT_TAKEN_FORWARD])
def test_second_when_study_is_over_then_refused(post, study, clinician, second, stage):
    Study.objects.filter(pk=study.pk).update(stage=stage)
    with pytest.raises(ValidationError, match="takes no new diffusion fellows"):
        second(post, clinician, TODAY)


@pytest.mark.parametrize("days", [Decimal(0), Decimal("5.5"), Decimal(-1)])
def test_second_when_days_a_week_make_no_sense_then_the_database_refuses(post, clinician, organisation, staff, days):
    with pytest.raises((IntegrityError, ValidationError)), transaction.atomic():
        services.second(
            post=post, fellow=clinician, organisation=organisation, starts_on=TODAY, days_per_week=days,
            matched_funding=None, by=staff,
        )  # fmt: skip


def test_second_when_fellow_cannot_log_in_then_refused(post, clinician, second):
    clinician.is_active = False
    clinician.save()
    with pytest.raises(ValidationError, match="can no longer log in"):
        second(post, clinician, TODAY)


def test_second_when_done_then_history_says_who(post, clinician, second, staff):
    assert second(post, clinician, TODAY).history.get().history_user == staff


# --- Naming ---------------------------------------------------------------------------------------------------


def test_name_fellow_when_unnamed_then_on_the_study_from_the_first_day_and_told(
    post, clinician, nurse, second, staff, study
):
    secondment = second(post, None, dt.date(2026, 1, 1))
    services.name_fellow(secondment=secondment, fellow=clinician, organisation=None, by=staff)
    services.name_fellow(secondment=secondment, fellow=clinician, organisation=None, by=staff)
    assert on_study(study) == [("Cleo Clinician", dt.date(2026, 1, 1), None)]
    assert Delivery.objects.count() == 1
    assert Secondment.objects.get().organisation.name == "Trent Healthcare"
    with pytest.raises(ValidationError, match="Somebody has already been named"):
        services.name_fellow(secondment=secondment, fellow=nurse, organisation=None, by=staff)


def test_name_fellow_when_already_in_another_post_then_refused(post, study, clinician, second, staff):
    second(post, clinician, TODAY)
    unnamed = second(FellowPost.objects.create(study=study, number=2), None, TODAY)
    with pytest.raises(ValidationError, match="already in a post of this study"):
        services.name_fellow(secondment=unnamed, fellow=clinician, organisation=None, by=staff)


# --- Ending and undoing ---------------------------------------------------------------------------------------


def test_end_secondment_when_running_then_leaves_the_study_after_the_last_day(post, clinician, second, staff, study):
    secondment = second(post, clinician, dt.date(2026, 1, 1))
    services.end_secondment(secondment=secondment, ends_on=TODAY, because=" Has moved ", by=staff)
    assert on_study(study) == [("Cleo Clinician", dt.date(2026, 1, 1), TODAY)]
    assert Secondment.objects.get().ended_because == "Has moved"
    assert list(FellowPost.objects.filled()) == [post]
    with time_machine.travel(dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)):
        assert list(FellowPost.objects.vacant()) == [post]
        assert not StudyPerson.objects.today().exists()


def test_end_secondment_when_said_twice_then_recorded_once(post, clinician, second, staff):
    secondment = second(post, clinician, dt.date(2026, 1, 1))
    for _ in range(2):
        services.end_secondment(secondment=secondment, ends_on=TODAY, because="Has moved", by=staff)
    assert secondment.history.count() == 2


@pytest.mark.parametrize(
    ("ends_on", "because", "words"),
    [
        (TODAY, "  ", "Say why"),
        (dt.date(2025, 12, 31), "Moved", "the first day, or after"),
        (dt.date(2031, 1, 1), "Moved", "at most 5 years"),
    ],
)
def test_end_secondment_when_it_makes_no_sense_then_refused(post, clinician, second, staff, ends_on, because, words):
    secondment = second(post, clinician, dt.date(2026, 1, 1))
    with pytest.raises(ValidationError, match=words):
        services.end_secondment(secondment=secondment, ends_on=ends_on, because=because, by=staff)


def test_end_secondment_when_it_would_reach_into_the_next_then_refused(post, clinician, nurse, second, staff):
    first = second(post, clinician, dt.date(2026, 1, 1), TODAY)
    second(post, nurse, dt.date(2027, 1, 1))
    with pytest.raises(ValidationError, match="The post is taken from 1 January 2027"):
        services.end_secondment(secondment=first, ends_on=dt.date(2027, 1, 1), because="Longer", by=staff)


def test_undo_end_when_recorded_today_then_as_it_was(post, clinician, second, staff, study):
    secondment = second(post, clinician, dt.date(2026, 1, 1))
    services.end_secondment(secondment=secondment, ends_on=TODAY, because="A slip", by=staff)
    services.undo_end(secondment=secondment, by=staff)
    secondment.refresh_from_db()
    assert (secondment.ends_on, secondment.ended_because) == (None, "")
    assert on_study(study) == [("Cleo Clinician", dt.date(2026, 1, 1), None)]
    with pytest.raises(ValidationError, match="nothing to undo"):
        services.undo_end(secondment=secondment, by=staff)


def test_undo_end_when_recorded_yesterday_then_refused(post, clinician, second, staff):
    secondment = second(post, clinician, dt.date(2026, 1, 1))
    services.end_secondment(secondment=secondment, ends_on=TODAY, because="Moved", by=staff)
    with (
        time_machine.travel(dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)),
        pytest.raises(ValidationError, match="on the day"),
    ):
        services.undo_end(secondment=secondment, by=staff)


def test_undo_end_when_post_was_filled_since_then_refused(post, clinician, nurse, second, staff):
    secondment = second(post, clinician, dt.date(2026, 1, 1))
    services.end_secondment(secondment=secondment, ends_on=TODAY, because="Moved", by=staff)
    second(post, nurse, TODAY + dt.timedelta(days=1))
    with pytest.raises(ValidationError, match="The post is taken"):
        services.undo_end(secondment=secondment, by=staff)


# --- Posts ----------------------------------------------------------------------------------------------------


def test_open_post_when_at_the_most_the_programme_allows_then_refused(study, staff):
    posts = [services.open_post(study=study, by=staff) for _ in range(3)]
    assert [post.number for post in posts] == [1, 2, 3]
    with pytest.raises(ValidationError, match="at most 3 posts for diffusion fellows"):
        services.open_post(study=study, by=staff)


def test_open_post_when_one_was_closed_then_numbers_go_on(study, staff):
    services.open_post(study=study, by=staff)
    services.close_post(post=services.open_post(study=study, by=staff), by=staff)
    assert services.open_post(study=study, by=staff).number == 3


def test_open_post_when_archived_then_refused(study, staff):
    Study.objects.filter(pk=study.pk).update(archived_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(ValidationError, match="archived"):
        services.open_post(study=study, by=staff)


def test_close_post_when_somebody_is_in_it_or_to_come_then_refused(post, study, clinician, second, staff):
    FellowPost.objects.create(study=study, number=2)
    second(post, clinician, TODAY + dt.timedelta(days=10))
    with pytest.raises(ValidationError, match="End their secondment first"):
        services.close_post(post=post, by=staff)


def test_close_post_when_it_is_the_last_then_refused_unless_the_study_is_over(post, study, staff):
    with pytest.raises(ValidationError, match="at least 1 post"):
        services.close_post(post=post, by=staff)
    Study.objects.filter(pk=study.pk).update(stage=Study.Stage.COMPLETED)
    assert services.close_post(post=post, by=staff).closed_on == TODAY
    assert services.close_post(post=post, by=staff).closed_on == TODAY


# --- What the database itself refuses ---------------------------------------------------------------------------


def test_database_when_two_open_secondments_in_one_post_then_refused(post):
    Secondment.objects.create(post=post, starts_on=dt.date(2025, 1, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Secondment.objects.create(post=post, starts_on=dt.date(2026, 1, 1))


def test_database_when_secondments_of_one_post_share_a_day_then_refused(post):
    Secondment.objects.create(post=post, starts_on=dt.date(2025, 1, 1), ends_on=dt.date(2025, 6, 30))
    with pytest.raises(IntegrityError, match="secondment_no_overlap_in_post"), transaction.atomic():
        Secondment.objects.create(post=post, starts_on=dt.date(2025, 6, 30), ends_on=dt.date(2025, 7, 1))
    later = Secondment.objects.create(post=post, starts_on=dt.date(2025, 7, 1))
    with pytest.raises(IntegrityError, match="secondment_no_overlap_in_post"), transaction.atomic():
        Secondment.objects.filter(pk=later.pk).update(starts_on=dt.date(2025, 6, 1))
