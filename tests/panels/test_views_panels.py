"""Panels and cycles through the browser, for staff, the chair and members."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from panels import services
from panels.models import Answer, Condition, Decision, PanelSeat, Review, ReviewCycle
from people.models import User
from studies.models import Study, StudyPerson, Suggestion
from tests.conftest import ROLES, make_user

LOGGED_IN = [role for role in ROLES if role != "anonymous"]
MANAGERS = {"staff", "administrator"}
MEMBERS = {"panel_member", "conflicted_member", "chair"}


def at(name: str, *args) -> str:
    return reverse(f"panels:{name}", args=args)


def date_boxes(day: dt.date) -> dict[str, int]:
    return {"due_on_day": day.day, "due_on_month": day.month, "due_on_year": day.year}


@pytest.mark.parametrize("role", LOGGED_IN)
def test_index_when_seen_by_each_role_then_staff_and_members_get_it(client_of, panel, role):
    status = 200 if role in MANAGERS | MEMBERS else 403
    assert client_of(role).get(at("index")).status_code == status


@pytest.mark.parametrize("role", LOGGED_IN)
def test_panel_when_seen_by_each_role_then_others_do_not_find_it(client_of, cycle, panel, role):
    page = client_of(role).get(at("detail", panel.slug))
    assert page.status_code == (200 if role in MANAGERS | MEMBERS else 404)
    if page.status_code == 200:
        text = page.content.decode()
        assert ("Add a member" in text) is (role in MANAGERS)
        assert ("Ask the panel to look at a study" in text) is (role in MANAGERS | {"chair"})
        assert (cycle.get_absolute_url() in text) is (role in MANAGERS | {"chair"})


@pytest.mark.parametrize("name", ["add_seat", "questions", "add_question"])
@pytest.mark.parametrize("role", LOGGED_IN)
def test_managing_a_panel_when_not_staff_then_refused(client_of, panel, role, name):
    status = 200 if role in MANAGERS else 403 if role in MEMBERS else 404
    assert client_of(role).get(at(name, panel.slug)).status_code == status


@pytest.mark.parametrize("name", ["cycle_edit", "add_reviewers", "invite_peer", "cycle_close", "cycle_reopen",
                                  "cycle_release", "cycle_export", "record_decision", "cycle_detail"])  # fmt: skip
@pytest.mark.parametrize("role", [*LOGGED_IN, "second_member", "other_panel_member"])
def test_running_a_cycle_when_not_staff_or_chair_then_refused(request, client_of, panel, cycle, send, role, name):
    send(cycle.reviews.get(member__email="second-member@example.org"))
    status = 200 if role in MANAGERS | {"chair"} else 403 if role == "second_member" else 404
    if role == "second_member" and name == "cycle_detail":
        status = 200
    assert client_of(role).get(at(name, panel.slug, cycle.pk)).status_code == status


@pytest.mark.parametrize("role", LOGGED_IN)
def test_open_when_not_staff_or_a_chair_then_refused(client_of, panel, study, role):
    status = 200 if role in MANAGERS | {"chair"} else 403
    assert client_of(role).get(at("open_cycle", study.slug)).status_code == status


def test_open_when_the_chair_is_on_the_study_then_refused(client_of, panel, study, chair):
    StudyPerson.objects.create(study=study, user=chair, role=StudyPerson.Role.STATISTICIAN)
    assert client_of("chair").get(at("open_cycle", study.slug)).status_code == 403


def test_open_when_the_chair_of_one_panel_names_another_then_it_is_not_offered(
    client_of, panel, other_panel, study, chair
):
    page = client_of("chair").get(at("open_cycle", study.slug), {"panel": other_panel.slug})
    assert other_panel.name not in page.content.decode()


def test_open_when_filled_in_then_members_are_asked(client_of, panel, study, panel_member, second_member, score):
    browser = client_of("staff")
    assert browser.get(at("choose_study", panel.slug), {"study": study.slug}).url == (
        f"{at('open_cycle', study.slug)}?panel=scientific"
    )
    due = timezone.localdate() + dt.timedelta(days=28)
    sent = {"reason": "annual", "note": "Look at the sample.", "members": [panel_member.pk], **date_boxes(due)}
    answer = browser.post(f"{at('open_cycle', study.slug)}?panel=scientific", sent)
    cycle = ReviewCycle.objects.get()
    assert answer.url == cycle.get_absolute_url()
    assert (cycle.due_on, cycle.opened_by.email, cycle.note) == (due, "staff@example.org", "Look at the sample.")
    assert [review.member for review in cycle.reviews.all()] == [panel_member]
    again = browser.post(f"{at('open_cycle', study.slug)}?panel=scientific", sent)
    assert "already looking at HOVIS for this reason" in again.content.decode()
    assert ReviewCycle.objects.count() == 1


def test_open_when_a_member_is_on_the_study_then_shown_with_the_reason_and_a_forged_choice_is_refused(
    client_of, panel, other_study, panel_member, conflicted_member
):
    browser = client_of("staff")
    page = browser.get(f"{at('open_cycle', other_study.slug)}?panel=scientific")
    text = page.content.decode()
    assert "On this study: Statistician" in text
    assert [user.pk for user in page.context["form"].fields["members"].queryset] == [panel_member.pk]
    sent = {"reason": "annual", "members": [conflicted_member.pk], **date_boxes(timezone.localdate())}
    page = browser.post(f"{at('open_cycle', other_study.slug)}?panel=scientific", sent)
    assert "One of the people chosen cannot be asked." in page.content.decode()
    assert not ReviewCycle.objects.exists()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"due_on_day": 31, "due_on_month": 2}, "must be a real date"),
        ({"due_on_year": 2020}, "must be today or later"),
        ({"due_on_day": ""}, "must include a day"),
        ({"members": []}, "Choose at least one member."),
        ({"members": ["x"]}, "is not a valid value"),
        ({"reason": "other"}, "Select a valid choice"),
    ],
)
def test_open_when_badly_filled_in_then_shown_again_with_words(client_of, panel, study, panel_member, broken, words):
    sent = {"reason": "annual", "members": [panel_member.pk], "note": "Kept.", **date_boxes(timezone.localdate())}
    page = client_of("staff").post(f"{at('open_cycle', study.slug)}?panel=scientific", sent | broken)
    assert page.status_code == 200
    assert words in page.content.decode()
    assert "Kept." in page.content.decode()
    assert "<title>Error: " in page.content.decode()
    assert not ReviewCycle.objects.exists()


def test_seat_when_a_person_is_picked_invited_changed_and_ended_then_so_it_is(client_of, panel, stranger):
    browser = client_of("staff")
    home = at("detail", panel.slug)
    assert browser.post(at("add_seat", panel.slug), {"user": stranger.pk, "role": "member"}).url == home
    seat = PanelSeat.objects.get()
    assert seat.user == stranger
    new = {"full_name": "New Chair", "email": "new@example.org", "role": "chair"}
    assert browser.post(at("add_seat", panel.slug), new).url == home
    assert User.objects.get(email="new@example.org").panel_seats.get().role == "chair"
    page = browser.post(at("change_seat", panel.slug, seat.pk), {"role": "chair"})
    assert "New Chair is the chair." in page.content.decode()
    assert browser.get(at("end_seat", panel.slug, seat.pk)).status_code == 200
    assert browser.post(at("end_seat", panel.slug, seat.pk)).url == home
    assert browser.post(at("end_seat", panel.slug, seat.pk)).status_code == 404
    seat.refresh_from_db()
    assert seat.ends_on == timezone.localdate()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a person above, or enter the email address"),
        ({"email": "new@example.org"}, "Enter their full name."),
        ({"email": "no address", "full_name": "X"}, "Enter a valid email address"),
        ({"email": "x@example.org", "full_name": "Click https://bad.example"}, "Enter a name, without any address"),
        ({"user": "self", "email": "a@example.org"}, "but not both"),
    ],
)
def test_seat_when_badly_filled_in_then_shown_again_with_words(client_of, panel, stranger, sent, words):
    sent = {"role": "member", **sent}
    if "user" in sent:
        sent["user"] = stranger.pk
    page = client_of("staff").post(at("add_seat", panel.slug), sent)
    assert words in page.content.decode()
    assert not PanelSeat.objects.exists()


def test_questions_when_added_reworded_moved_and_retired_then_the_list_says_so(client_of, panel):
    browser = client_of("staff")
    home = at("questions", panel.slug)
    for text in ("First?", "Second?"):
        sent = {"text": text, "kind": "score", "is_required": "on"}
        assert browser.post(at("add_question", panel.slug), sent).url == home
    first, second = panel.questions.all()
    assert browser.post(at("move_question", panel.slug, second.pk), {"direction": "up"}).url == home
    assert list(panel.questions.asked_now()) == [second, first]
    assert browser.post(at("change_question", panel.slug, first.pk), {"text": "1st?", "kind": "text"}).url == home
    assert browser.get(at("retire_question", panel.slug, second.pk)).status_code == 200
    assert browser.post(at("retire_question", panel.slug, second.pk)).url == home
    assert [q.text for q in panel.questions.asked_now()] == ["1st?"]
    assert browser.get(at("change_question", panel.slug, second.pk)).status_code == 404
    assert browser.get(at("move_question", panel.slug, first.pk)).status_code == 405


def test_cycle_when_all_is_in_then_scores_medians_and_comments_are_side_by_side(
    client_of, cycle, review, second_review, send, chair
):
    send(review, score=2)
    send(second_review, score=5, recommendation="stop")
    text = client_of("chair").get(cycle.get_absolute_url()).content.decode()
    for words in ("2. A little", "5. Fully", "3.5", "Do not go ahead: 1", "In confidence from Panel Member."):
        assert words in text


def test_cycle_when_read_by_a_member_then_confidential_comments_of_others_are_left_out(
    client_of, cycle, review, second_review, send
):
    send(review)
    send(second_review)
    text = client_of("panel_member").get(cycle.get_absolute_url()).content.decode()
    assert "To the team from Second Member." in text
    assert "In confidence from Panel Member." in text
    assert "In confidence from Second Member." not in text
    assert "Who was asked" not in text


def test_cycle_when_one_is_a_draft_then_nobody_reads_it(client_of, cycle, review, second_review, send, write):
    send(second_review)
    write(review)
    for role in ("staff", "chair", "second_member"):
        text = client_of(role).get(cycle.get_absolute_url()).content.decode()
        assert "To the team from Second Member." in text
        assert "To the team from Panel Member." not in text


def test_cycle_when_the_chair_still_owes_a_review_then_told_to_send_it_first(
    client_of, cycle, second_review, send, chair
):
    services.add_reviewers(cycle=cycle, members=[chair])
    send(second_review)
    browser = client_of("chair")
    text = browser.get(cycle.get_absolute_url()).content.decode()
    assert "You were asked to review this study too." in text
    assert "To the team from Second Member." not in text
    assert "Second Member" not in browser.get(at("cycle_export", cycle.panel.slug, cycle.pk)).content.decode()


def test_export_when_downloaded_then_one_line_a_review_and_formulas_are_quoted(client_of, cycle, review, send):
    send(review, comments_to_team='=HYPERLINK("x")')
    answer = client_of("staff").get(at("cycle_export", cycle.panel.slug, cycle.pk))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    head, line = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head == [
        "Reviewer", "Organisation", "Sent on", "Are the methods right?", "What should change?", "Recommendation",
        "Comments to the study team", "Confidential comments",
    ]  # fmt: skip
    assert line[:2] == ["Panel Member", ""]
    assert line[3:7] == ["4", "Change this, says Panel Member.", "Go ahead with small changes", '\'=HYPERLINK("x")']


def test_cycle_when_members_are_added_withdrawn_and_dates_moved_then_so_it_is(
    client_of, panel, cycle, review, chair, team
):
    browser = client_of("staff")
    home = cycle.get_absolute_url()
    assert browser.post(at("add_reviewers", panel.slug, cycle.pk), {"members": [chair.pk]}).url == home
    page = browser.post(at("add_reviewers", panel.slug, cycle.pk), {})
    assert page.status_code == 200
    assert browser.get(at("withdraw", panel.slug, cycle.pk, review.pk)).status_code == 200
    assert browser.post(at("withdraw", panel.slug, cycle.pk, review.pk)).url == home
    later = cycle.due_on + dt.timedelta(days=7)
    assert browser.post(at("cycle_edit", panel.slug, cycle.pk), {"note": "", **date_boxes(later)}).url == home
    peer = {"full_name": "Pat Peer", "email": "pat@example.org"}
    assert browser.post(at("invite_peer", panel.slug, cycle.pk), peer).url == home
    on_study = browser.post(at("invite_peer", panel.slug, cycle.pk), {"full_name": "T", "email": team.email})
    assert "cannot review this study" in on_study.content.decode()
    cycle.refresh_from_db()
    assert cycle.due_on == later
    assert {(r.member.email, r.status) for r in cycle.reviews.all()} == {
        ("chair@example.org", "assigned"),
        ("panel-member@example.org", "withdrawn"),
        ("second-member@example.org", "assigned"),
        ("pat@example.org", "assigned"),
    }


def test_withdraw_when_the_review_is_another_cycles_then_not_found(client_of, panel, other_study, cycle, staff, chair):
    other = services.open_cycle(
        panel=panel, study=other_study, reason="annual", due_on=cycle.due_on, members=[chair], opened_by=staff
    )
    forged = at("withdraw", panel.slug, cycle.pk, other.reviews.get().pk)
    assert client_of("staff").post(forged).status_code == 404


def test_cycle_when_closed_released_and_reopened_then_the_study_has_the_words(client_of, panel, cycle, review, send):
    send(review)
    browser = client_of("chair")
    home = cycle.get_absolute_url()
    assert browser.post(at("cycle_close", panel.slug, cycle.pk)).url == home
    release = at("cycle_release", panel.slug, cycle.pk)
    assert "Choose at least one comment" in browser.post(release, {f"text_{review.pk}": "X"}).content.decode()
    assert browser.post(release, {f"send_{review.pk}": "on", f"text_{review.pk}": "Shorten it."}).url == home
    assert [s.text for s in Suggestion.objects.all()] == ["Shorten it."]
    reopen = at("cycle_reopen", panel.slug, cycle.pk)
    assert browser.post(reopen, date_boxes(timezone.localdate())).url == home
    cycle.refresh_from_db()
    assert cycle.is_open


def test_decision_when_recorded_then_shown_to_the_study_and_conditions_are_ticked_off(
    client_of, panel, cycle, review, send, team
):
    send(review)
    browser = client_of("chair")
    form = at("record_decision", panel.slug, cycle.pk)
    missing = browser.post(form, {"outcome": "conditions", "reasons": "Small sample."})
    assert "Write at least one condition" in missing.content.decode()
    surplus = browser.post(form, {"outcome": "agreed", "reasons": "Fine.", "conditions": "Do it"})
    assert "Only “Agreed, with conditions” has conditions." in surplus.content.decode()
    sent = {"outcome": "conditions", "reasons": "Small sample.", "conditions": "Recruit more\r\n\r\nSay how"}
    assert browser.post(form, sent).url == cycle.get_absolute_url()
    decision = Decision.objects.get()
    assert browser.post(form, sent).url == decision.get_absolute_url()
    text = client_of("team").get(decision.get_absolute_url()).content.decode()
    assert "Recruit more" in text
    assert "Panel Member" not in text
    ledger = f"/studies/{cycle.study.slug}/suggestions/"
    assert ledger in text
    assert client_of("team").get(ledger).status_code == 200
    for_the_panel = client_of("conflicted_member").get(decision.get_absolute_url()).content.decode()
    assert "Recruit more" in for_the_panel
    assert ledger not in for_the_panel
    assert client_of("conflicted_member").get(ledger).status_code == 404
    assert "Mark as met" not in text
    first = Condition.objects.first()
    met = at("condition_met", first.pk)
    assert client_of("team").post(met).status_code == 403
    assert client_of("stranger").post(met).status_code == 404
    assert browser.get(met).status_code == 200
    assert browser.post(met, {"note": "Seen."}).url == cycle.get_absolute_url()
    assert "Seen." in browser.get(cycle.get_absolute_url()).content.decode()
    assert browser.post(at("condition_unmet", first.pk)).url == cycle.get_absolute_url()
    assert not Condition.objects.exclude(met_at=None).exists()
    assert client_of("stranger").get(decision.get_absolute_url()).status_code == 404


def queries(browser, address: str) -> int:
    browser.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert browser.get(address).status_code == 200
    return len(seen)


@pytest.mark.parametrize("role", ["staff", "chair", "panel_member"])
def test_panel_when_there_are_many_cycles_then_the_queries_stay(client_of, panel, theme, cycle, staff, role):
    browser = client_of(role)
    before = queries(browser, at("detail", panel.slug))
    for number in range(24):
        study = Study.objects.create(slug=f"s{number}", theme=theme, title=f"Study {number}")
        more = ReviewCycle.objects.create(panel=panel, study=study, reason="annual", due_on=cycle.due_on)
        Review.objects.create(cycle=more, member=staff)
        user = make_user(f"m{number}")
        PanelSeat.objects.create(panel=panel, user=user)
    assert queries(browser, at("detail", panel.slug)) == before


@pytest.mark.parametrize("role", ["staff", "chair", "panel_member"])
def test_cycle_when_there_are_many_reviews_then_the_queries_stay(client_of, cycle, review, score, words, send, role):
    send(review)
    browser = client_of(role)
    before = queries(browser, cycle.get_absolute_url())
    now = timezone.now()
    for number in range(49):
        more = Review.objects.create(
            cycle=cycle, member=make_user(f"m{number}"), status="submitted", submitted_at=now, recommendation="proceed"
        )
        Answer.objects.create(review=more, question=score, score=3)
        Answer.objects.create(review=more, question=words, text="Words")
    assert queries(browser, cycle.get_absolute_url()) == before


def test_index_when_there_are_many_panels_then_the_queries_stay(client_of, panel):
    from panels.models import Panel

    browser = client_of("staff")
    before = queries(browser, at("index"))
    for number in range(49):
        Panel.objects.create(slug=f"p{number}", kind="scientific", name=f"Panel {number}")
    assert queries(browser, at("index")) == before
