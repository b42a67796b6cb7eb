"""What keeps a member from reviewing, and what the chair does about it: reminding, more time, asking somebody else."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from mailing.models import Delivery
from panels import services
from panels.exceptions import CycleClosedError, NotAskedError
from panels.models import PanelSeat, Review, ReviewReminder
from studies.models import Study, StudyPerson


def said(answer) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").select_one("main").get_text(" ").split())


def last() -> tuple[str, str]:
    """The subject and the text of the last email."""
    mailing = Delivery.objects.order_by("pk").last().mailing
    return mailing.subject, mailing.text


def url(name: str, review: Review) -> str:
    return reverse(f"reviews:{name}", args=[review.pk])


@pytest.fixture
def remind_url(cycle) -> str:
    return reverse("panels:remind", args=[cycle.panel.slug, cycle.pk])


@pytest.fixture
def later(cycle):
    """Two days after the members were asked."""
    with time_machine.travel(timezone.now() + dt.timedelta(days=2), tick=False):
        yield


# --- Declining ------------------------------------------------------------------------------------------------


def test_decline_when_said_why_then_not_asked_and_chair_and_staff_hear(client_of, review, chair, write, outbox):
    write(review)
    client = client_of("panel_member")
    assert url("decline", review) in client.get(url("edit", review)).content.decode()
    assert "Say in a few words" in said(client.post(url("decline", review), {"reason": " "}))
    answer = client.post(url("decline", review), {"reason": "I am on leave."}, follow=True)
    assert "You need not do anything." in said(answer)
    assert sorted(to for to, template in outbox if template == "panels/declined") == [
        "chair@example.org", "staff@example.org",
    ]  # fmt: skip
    subject, text = last()
    assert subject == "Panel Member cannot review HOVIS"
    assert "I am on leave." in text
    page = said(client_of("chair").get(review.cycle.get_absolute_url()))
    assert "Cannot review I am on leave." in page
    assert "0 of 1 in" in page
    assert not Study.objects.visible_to(review.member).exists()
    assert "Cannot review" in said(client.get(reverse("reviews:index")))
    answer = client.post(url("undo_decline", review), follow=True)
    assert "Check your answers" in said(answer)
    review.refresh_from_db()
    assert (review.status, review.declined, review.comments_to_team) == (
        "draft", "", "To the team from Panel Member.",
    )  # fmt: skip


def test_decline_when_called_twice_then_told_once(review, chair, outbox):
    for _ in range(2):
        services.decline_review(review=review, reason="On leave.")
    assert len([1 for _, template in outbox if template == "panels/declined"]) == 2


def test_decline_when_the_others_are_in_then_the_cycle_is_complete(review, second_review, send, chair, outbox):
    send(second_review)
    services.decline_review(review=review, reason="On leave.")
    assert ("chair@example.org", "panels/complete") in outbox


def test_decline_when_sent_or_closed_then_refused(review, second_review, cycle, send, staff):
    send(review)
    with pytest.raises(NotAskedError):
        services.decline_review(review=review, reason="On leave.")
    services.decline_review(review=second_review, reason="On leave.")
    with pytest.raises(NotAskedError, match="cannot review this study"):
        services.save_draft(review=second_review, version=1, fields={"comments_to_team": "x"}, answers={})
    services.close_cycle(cycle=cycle, closed_by=staff)
    with pytest.raises(CycleClosedError):
        services.undo_decline(review=second_review)


def test_decline_when_the_chair_takes_it_back_then_refused_because_they_could_read(cycle, review, send, chair):
    services.add_reviewers(cycle=cycle, members=[chair])
    theirs = cycle.reviews.get(member=chair)
    services.decline_review(review=theirs, reason="No time.")
    send(review)
    assert review in Review.objects.visible_to(chair)
    with pytest.raises(NotAskedError, match="could read"):
        services.undo_decline(review=theirs)


def test_decline_when_chair_stops_asking_then_can_ask_again(client_of, review, chair, outbox):
    services.decline_review(review=review, reason="On leave.")
    cycle = review.cycle
    page = client_of("chair").get(cycle.get_absolute_url()).content.decode()
    withdraw = reverse("panels:withdraw", args=[cycle.panel.slug, cycle.pk, review.pk])
    assert withdraw in page
    client_of("chair").post(withdraw)
    assert ("panel-member@example.org", "panels/withdrawn") not in outbox  # they had said so themselves
    services.add_reviewers(cycle=cycle, members=[review.member])
    review.refresh_from_db()
    assert review.status == "assigned"


def test_review_when_declined_without_words_then_the_database_refuses(review):
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(status="declined")


# --- More time ------------------------------------------------------------------------------------------------


def _day(name: str, day: dt.date) -> dict[str, int]:
    return {f"{name}_day": day.day, f"{name}_month": day.month, f"{name}_year": day.year}


def test_longer_when_asked_then_chair_moves_the_date_and_members_hear(client_of, review, chair, outbox):
    cycle, wanted = review.cycle, review.cycle.due_on + dt.timedelta(days=9)
    client = client_of("panel_member")
    assert url("longer", review) in client.get(url("edit", review)).content.decode()
    answer = client.post(url("longer", review), {**_day("until", wanted), "words": "Exams."}, follow=True)
    assert "You asked for time until" in said(answer)
    assert "More time asked for" in said(client_of("chair").get(reverse("dashboard")))
    assert sorted(to for to, template in outbox if template == "panels/longer") == [
        "chair@example.org", "staff@example.org",
    ]  # fmt: skip
    _, text = last()
    link = f"{reverse('panels:cycle_edit', args=[cycle.panel.slug, cycle.pk])}?due_on={wanted}"
    assert link in text
    assert "Exams." in text
    assert link in client_of("chair").get(cycle.get_absolute_url()).content.decode()
    page = client_of("chair").get(link)
    assert "Panel Member asks for time until" in said(page)
    shown = BeautifulSoup(page.content, "html.parser")
    assert [shown.select_one(f"[name=due_on_{part}]")["value"] for part in ("day", "month", "year")] == [
        str(wanted.day), str(wanted.month), str(wanted.year),
    ]  # fmt: skip
    client_of("chair").post(link, {**_day("due_on", wanted), "note": ""})
    review.refresh_from_db()
    assert (review.cycle.due_on, review.longer_until, review.longer_words) == (wanted, None, "")
    assert "More time asked for" not in said(client_of("chair").get(reverse("dashboard")))
    assert ("panel-member@example.org", "panels/new_date") in outbox


@pytest.mark.parametrize("days", [0, -3, 300])
def test_longer_when_the_day_makes_no_sense_then_asked_again(client_of, review, chair, outbox, days):
    wanted = review.cycle.due_on + dt.timedelta(days=days)
    answer = client_of("panel_member").post(url("longer", review), _day("until", wanted))
    assert "There is a problem" in said(answer)
    assert outbox == []


def test_longer_when_asked_twice_the_same_then_told_once(review, outbox):
    day = review.cycle.due_on + dt.timedelta(days=3)
    for _ in range(2):
        services.ask_for_longer(review=review, until=day, words="Exams.")
    assert len(outbox) == 1
    with pytest.raises(ValueError, match="after the due date"):
        services.ask_for_longer(review=review, until=review.cycle.due_on)


def test_longer_when_the_review_comes_in_then_nothing_is_asked_any_more(review, send):
    services.ask_for_longer(review=review, until=review.cycle.due_on + dt.timedelta(days=3), words="Exams.")
    review.refresh_from_db()
    send(review)
    review.refresh_from_db()
    assert (review.longer_until, review.longer_words) == (None, "")


@pytest.mark.parametrize("name", ["decline", "longer"])
def test_pages_when_sent_already_then_back_to_the_review(client_of, review, send, name):
    send(review)
    assert client_of("panel_member").get(url(name, review)).url == url("edit", review)


@pytest.mark.parametrize("words", ["", "2026-02-31", "x", "9999999-1-1"])
def test_edit_when_the_day_of_the_link_makes_no_sense_then_shows_the_due_date(client_of, cycle, words):
    page = client_of("staff").get(reverse("panels:cycle_edit", args=[cycle.panel.slug, cycle.pk]), {"due_on": words})
    shown = BeautifulSoup(page.content, "html.parser")
    assert shown.select_one("[name=due_on_day]")["value"] == str(cycle.due_on.day)


# --- Reminding ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("later")
def test_remind_when_pressed_then_those_who_owe_one_are_told_once_a_day(
    client_of, cycle, review, second_review, send, chair, remind_url, outbox
):
    send(second_review)
    page = client_of("chair").get(cycle.get_absolute_url())
    assert "Remind all who have not sent theirs" in said(page)
    answer = client_of("chair").post(remind_url, follow=True)
    assert "Reminded by email: Panel Member." in said(answer)
    assert "Reminded" in said(client_of("staff").get(cycle.get_absolute_url()))
    assert [to for to, template in outbox if template == "panels/reminder_soon"] == ["panel-member@example.org"]
    assert "Not reminded: Panel Member." in said(client_of("staff").post(remind_url, follow=True))
    reminder = ReviewReminder.objects.get()
    assert (reminder.kind, reminder.sent_by) == ("by_hand", chair)


@pytest.mark.usefixtures("later")
def test_remind_when_one_is_chosen_then_only_they_are_told(client_of, review, second_review, remind_url, outbox):
    client_of("staff").post(remind_url, {"review": second_review.pk})
    assert outbox == [("second-member@example.org", "panels/reminder_soon")]
    for wrong in ("x", "0", "9" * 30):
        assert client_of("staff").post(remind_url, {"review": wrong}).status_code == 404


def test_remind_when_just_asked_then_not_yet(client_of, cycle, review, remind_url, outbox):
    answer = client_of("staff").post(remind_url, follow=True)
    assert "We asked or reminded them less than a day ago." in said(answer)
    assert outbox == []


def test_remind_when_overdue_then_the_email_says_so(cycle, review, staff, outbox):
    with time_machine.travel(timezone.now() + dt.timedelta(days=40), tick=False):
        reminded, left = services.remind_now(cycle=cycle, by=staff, review=review)
    assert (reminded, left) == ([review.member], [])
    assert outbox == [("panel-member@example.org", "panels/reminder_overdue")]


@pytest.mark.usefixtures("later")
def test_remind_when_nobody_owes_one_then_says_so(client_of, cycle, review, second_review, remind_url, outbox, staff):
    services.decline_review(review=review, reason="On leave.")
    services.withdraw_review(review=second_review)
    outbox.clear()
    assert "Nobody owes a review" in said(client_of("staff").post(remind_url, follow=True))
    services.close_cycle(cycle=cycle, closed_by=staff)
    client_of("staff").post(remind_url)
    assert outbox == []


@pytest.mark.usefixtures("later")
def test_remind_when_by_hand_then_the_reminders_of_the_calendar_still_go(cycle, review, staff, outbox):
    services.remind_now(cycle=cycle, by=staff, review=review)
    assert services.remind(review_id=review.pk, kind="soon")
    assert len(outbox) == 2


@pytest.mark.parametrize(("role", "status"), [("panel_member", 404), ("stranger", 404), ("chair", 302), ("staff", 302)])
def test_remind_when_by_each_role_then_only_those_who_run_it(client_of, cycle, remind_url, role, status, request):
    request.getfixturevalue(role)
    assert client_of(role).post(remind_url).status_code == status


def test_cast_when_chair_is_on_the_study_then_may_not_remind(client_of, cycle, remind_url, chair, study):
    StudyPerson.objects.create(study=study, user=chair, role=StudyPerson.Role.STATISTICIAN)
    assert PanelSeat.objects.chairs().filter(user=chair).exists()
    assert client_of("chair").post(remind_url).status_code == 404
