"""Reviews through the browser, as their members do it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from panels import kept_text, services
from panels.models import Review, ReviewCycle
from studies.models import Study, StudyPerson
from tests.conftest import ROLES

BACKEND = "django.contrib.auth.backends.ModelBackend"


def url(name: str, review: Review) -> str:
    return reverse(f"reviews:{name}", args=[review.pk])


@pytest.fixture
def browser(client_of, cycle) -> Client:
    return client_of("panel_member")


@pytest.fixture
def ready(review) -> Review:
    """No conflict of interest: the questions are shown."""
    return services.declare_no_conflict(review=review)


@pytest.fixture
def typed(ready, score, words) -> dict[str, str]:
    return {
        "version": "1",
        "page": "tab-a",
        score.field_name: "4",
        words.field_name: "Shorten the questionnaire.",
        "recommendation": "minor",
        "comments_to_team": "Well done.",
        "confidential_comments": "Between us.",
    }


def test_review_when_written_checked_and_sent_then_it_is_in(browser, review, typed):
    assert browser.post(url("conflict", review), {"has_conflict": "no"}).url == url("edit", review)
    answer = browser.post(url("edit", review), {**typed, "action": "check"})
    assert answer.url == url("check", review)
    page = browser.get(answer.url)
    for words in ("4. Mostly", "Shorten the questionnaire.", "Go ahead with small changes", "Between us."):
        assert words in page.content.decode()
    review.refresh_from_db()
    answer = browser.post(url("check", review), {"version": review.version})
    assert answer.url == url("done", review)
    assert "Your review is in" in browser.get(answer.url).content.decode()
    review.refresh_from_db()
    assert (review.status, review.comments_to_team) == ("submitted", "Well done.")
    assert browser.post(url("check", review), {"version": review.version}).url == url("done", review)


def test_edit_when_conflict_is_not_settled_then_only_that_is_asked(browser, review, score):
    page = browser.get(url("edit", review)).content.decode()
    assert "Do you have a conflict of interest?" in page
    assert score.field_name not in page
    assert review.cycle.study.summary in page
    assert "Read the protocol first." in page


def test_conflict_when_declared_then_closed_and_undone(browser, review):
    browser.post(url("conflict", review), {"has_conflict": "yes", "conflict": "My sister leads it."})
    page = browser.get(url("edit", review)).content.decode()
    assert "My sister leads it." in page
    assert "Take this back" in page
    browser.post(url("undo_conflict", review))
    assert "Do you have a conflict of interest?" in browser.get(url("edit", review)).content.decode()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose whether you have a conflict of interest."),
        ({"has_conflict": "yes"}, "Say in a few words what your conflict of interest is."),
        ({"has_conflict": "maybe"}, "Select a valid choice"),
    ],
)
def test_conflict_when_badly_filled_in_then_shown_again_with_words(browser, review, sent, words):
    page = browser.post(url("conflict", review), sent)
    assert page.status_code == 200
    assert words in page.content.decode()
    assert "<title>Error: " in page.content.decode()


def test_edit_when_the_member_is_on_the_study_then_only_the_conflict_is_asked(
    browser, ready, study, panel_member, typed
):
    StudyPerson.objects.create(study=study, user=panel_member, role=StudyPerson.Role.RESEARCHER)
    page = browser.get(url("edit", ready)).content.decode()
    assert "You are on this study" in page


def test_edit_when_a_draft_is_saved_then_it_is_there_next_time(browser, ready, typed):
    assert browser.post(url("edit", ready), {**typed, "action": "save"}).url == url("edit", ready)
    page = browser.get(url("edit", ready)).content.decode()
    assert "Shorten the questionnaire." in page
    assert "Your draft has been saved." in page


def test_edit_when_checked_incomplete_then_errors_link_to_the_questions_and_the_rest_is_kept(
    browser, ready, typed, score
):
    del typed[score.field_name]
    page = browser.post(url("edit", ready), {**typed, "action": "check"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "<title>Error: " in text
    assert "Choose a score for “Are the methods right?”" in text
    assert f'href="#id_{score.field_name}' in text
    assert "Shorten the questionnaire." in text
    ready.refresh_from_db()
    assert ready.comments_to_team == "Well done."
    assert browser.get(url("check", ready)).url == f"{url('edit', ready)}?complete"
    assert "<title>Error: " in browser.get(f"{url('edit', ready)}?complete").content.decode()
    assert browser.post(url("check", ready), {"version": ready.version}).url == f"{url('edit', ready)}?complete"


@pytest.mark.parametrize("value", ["6", "0", "-1", "four", "4.5"])
def test_edit_when_a_score_is_forged_then_it_is_refused_and_the_rest_saved(browser, ready, typed, score, value):
    page = browser.post(url("edit", ready), {**typed, score.field_name: value, "action": "save"})
    assert page.status_code == 200
    assert "Choose one of the five scores." in page.content.decode()
    ready.refresh_from_db()
    assert ready.comments_to_team == "Well done."
    assert not ready.answers.filter(question=score).exists()


@pytest.mark.parametrize("text", ["x" * 10_001, "nul \x00 here"])
def test_edit_when_a_text_cannot_be_kept_then_it_is_shown_again_with_an_error(browser, ready, typed, text):
    page = browser.post(url("edit", ready), {**typed, "comments_to_team": text, "action": "save"})
    assert page.status_code == 200
    assert "<title>Error: " in page.content.decode()
    ready.refresh_from_db()
    assert (ready.comments_to_team, ready.confidential_comments) == ("", "Between us.")


@pytest.mark.parametrize("version", ["", "x", "-3", "9" * 20, pytest.param("9" * 5000, id="long"), "²"])
def test_edit_when_the_version_is_forged_then_nothing_is_overwritten_or_broken(browser, ready, typed, version):
    assert browser.post(url("edit", ready), {**typed, "version": version, "page": ""}).status_code in (200, 409)
    assert browser.post(url("check", ready), {"version": version}).status_code == 302
    ready.refresh_from_db()
    assert ready.comments_to_team == ""


def test_edit_when_another_tab_saved_first_then_both_texts_are_shown_and_saving_again_decides(browser, ready, typed):
    browser.post(url("edit", ready), typed)
    second = {**typed, "page": "tab-b", "comments_to_team": "From the other tab."}
    page = browser.post(url("edit", ready), second)
    text = page.content.decode()
    assert page.status_code == 409
    assert "From the other tab." in text
    assert "Well done." in text
    ready.refresh_from_db()
    assert ready.comments_to_team == "Well done."
    form = page.context["form"]
    again = {**second, "version": form.data["version"], "page": form.data["page"]}
    assert browser.post(url("edit", ready), again).status_code == 302
    ready.refresh_from_db()
    assert ready.comments_to_team == "From the other tab."


def test_autosave_when_typing_then_each_save_is_kept_and_answered_in_json(browser, ready, typed):
    for words in ("W", "We", "Well"):
        answer = browser.post(url("autosave", ready), {**typed, "comments_to_team": words})
        assert answer.status_code == 200
        assert answer.json()["saved_at"]
    ready.refresh_from_db()
    assert (ready.comments_to_team, ready.status) == ("Well", "draft")


def test_autosave_when_part_is_not_valid_then_the_rest_is_kept(browser, ready, typed, score):
    answer = browser.post(url("autosave", ready), {**typed, score.field_name: "9"})
    assert answer.status_code == 200
    assert list(answer.json()["errors"]) == [score.field_name]
    ready.refresh_from_db()
    assert ready.comments_to_team == "Well done."


def test_autosave_when_another_tab_saved_first_then_409_and_words(browser, ready, typed):
    browser.post(url("autosave", ready), typed)
    answer = browser.post(url("autosave", ready), {**typed, "page": "tab-b", "comments_to_team": "Other"})
    assert answer.status_code == 409
    assert "another tab" in answer.json()["message"]


def test_autosave_when_sent_or_conflicted_then_409(browser, review, send):
    send(review)
    assert browser.post(url("autosave", review), {"comments_to_team": "x"}).status_code == 409


def test_autosave_when_logged_out_or_get_then_refused(client_of, browser, ready, typed):
    assert client_of("anonymous").post(url("autosave", ready), typed).status_code == 401
    assert browser.get(url("autosave", ready)).status_code == 405
    ready.refresh_from_db()
    assert ready.comments_to_team == ""


def test_edit_when_the_cycle_closes_while_writing_then_the_text_is_kept_and_the_member_told(
    browser, ready, typed, cycle, staff
):
    services.close_cycle(cycle=cycle, closed_by=staff)
    answer = browser.post(url("edit", ready), {**typed, "action": "check"}, follow=True)
    text = answer.content.decode()
    assert "The panel has closed its reviews" in text
    assert "Well done." in text
    ready.refresh_from_db()
    assert (ready.status, ready.comments_to_team) == ("draft", "Well done.")
    assert browser.post(url("autosave", ready), typed).status_code == 409
    assert browser.post(url("check", ready), {"version": ready.version}).url == url("edit", ready)


def test_edit_when_a_change_was_cut_short_by_closing_then_what_is_typed_is_shown_again(
    browser, review, send, typed, cycle, staff
):
    send(Review.objects.get(pk=review.pk))
    services.reopen_review(review=review)
    services.close_cycle(cycle=cycle, closed_by=staff)
    page = browser.post(url("edit", review), {**typed, "comments_to_team": "Typed too late"})
    assert page.status_code == 409
    assert "Typed too late" in page.content.decode()


def test_edit_when_strangers_post_on_and_on_then_no_more_is_kept(ready, typed, monkeypatch):
    """Whoever posts has no login yet: the database is not theirs to fill."""
    monkeypatch.setattr(kept_text, "_AN_HOUR", 2)
    before = Session.objects.count()
    for _ in range(4):
        Client().post(url("edit", ready), typed)
    assert Session.objects.count() == before + 2


def test_edit_when_the_login_had_ended_then_logging_in_again_saves_what_was_typed(ready, typed, panel_member):
    browser = Client()
    answer = browser.post(url("edit", ready), typed)
    assert answer.url == f"{reverse('account_login')}?next={url('edit', ready)}"
    ready.refresh_from_db()
    assert ready.comments_to_team == ""
    browser.force_login(panel_member, backend=BACKEND)
    assert browser.get(url("edit", ready)).url == url("edit", ready)
    ready.refresh_from_db()
    assert ready.comments_to_team == "Well done."
    assert browser.get(url("edit", ready)).status_code == 200


def test_edit_when_somebody_else_logs_in_then_they_do_not_get_the_text(ready, typed, second_member, second_review):
    browser = Client()
    browser.post(url("edit", ready), typed)
    browser.force_login(second_member, backend=BACKEND)
    assert browser.get(url("edit", ready)).status_code == 404
    assert "Well done." not in browser.get(url("edit", second_review)).content.decode()


def test_edit_when_kept_text_meets_a_later_save_then_both_are_shown(ready, typed, panel_member):
    browser = Client()
    browser.post(url("edit", ready), {**typed, "comments_to_team": "Typed while logged out"})
    services.save_draft(review=ready, version=1, page="elsewhere", fields={"comments_to_team": "Newer"}, answers={})
    browser.force_login(panel_member, backend=BACKEND)
    page = browser.get(url("edit", ready))
    assert page.status_code == 409
    assert "Typed while logged out" in page.content.decode()
    assert "Newer" in page.content.decode()


def test_edit_when_the_token_is_stale_then_the_text_is_shown_again_and_nothing_saved(ready, typed, panel_member):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(panel_member, backend=BACKEND)
    page = browser.post(url("edit", ready), typed)
    assert page.status_code == 403
    assert "Shorten the questionnaire." in page.content.decode()
    ready.refresh_from_db()
    assert ready.comments_to_team == ""
    assert browser.post(url("autosave", ready), typed).status_code == 403
    token = browser.cookies["csrftoken"].value
    assert browser.post(url("edit", ready), {**typed, "csrfmiddlewaretoken": token}).status_code == 302


def test_edit_when_a_stranger_without_a_token_posts_then_nothing_is_kept(ready, typed, panel_member):
    browser = Client(enforce_csrf_checks=True)
    browser.post(url("edit", ready), typed)
    assert "panels_kept_text" not in browser.session


def test_change_when_sent_then_written_again_and_sent_again(browser, review, send):
    send(review)
    assert "Change your review" in browser.get(url("edit", review)).content.decode()
    assert browser.get(url("change", review)).status_code == 200
    assert browser.post(url("change", review)).url == url("edit", review)
    review.refresh_from_db()
    assert review.status == "draft"
    assert browser.get(url("done", review)).url == url("edit", review)
    browser.post(url("check", review), {"version": review.version})
    review.refresh_from_db()
    assert review.status == "submitted"


@pytest.mark.parametrize("name", ["edit", "autosave", "conflict", "undo_conflict", "check", "done", "change"])
@pytest.mark.parametrize("role", [role for role in ROLES if role != "panel_member"])
def test_pages_of_a_review_when_it_is_somebody_elses_then_not_found(client_of, review, role, name):
    browser = client_of(role)
    get, post = browser.get(url(name, review)), browser.post(url(name, review))
    if role == "anonymous":
        assert post.status_code in (302, 401)
        assert get.status_code in (302, 405)
        return
    assert post.status_code in (404, 405)
    assert get.status_code in (404, 405)
    assert 404 in (post.status_code, get.status_code)


def test_index_when_empty_then_it_says_so(client_of, panel):
    page = client_of("panel_member").get(reverse("reviews:index"))
    assert "No reviews are waiting for you" in page.content.decode()


@pytest.mark.parametrize(
    ("role", "status"),
    [(role, 200 if role in ("panel_member", "conflicted_member", "chair", "staff", "administrator") else 403)
     for role in ROLES if role != "anonymous"],
)  # fmt: skip
def test_index_when_seen_by_each_role_then_only_those_who_review_get_it(client_of, role, status):
    assert client_of(role).get(reverse("reviews:index")).status_code == status


def test_index_when_reviews_stand_differently_then_each_is_in_its_place(
    browser, panel, theme, panel_member, staff, review
):
    today = timezone.localdate()
    made = {}
    for name, days in (("late", -3), ("soon", 3), ("done", 5)):
        study = Study.objects.create(slug=name, theme=theme, title=f"Study {name}")
        cycle = ReviewCycle.objects.create(panel=panel, study=study, reason="annual", due_on=today + dt.timedelta(days))
        made[name] = Review.objects.create(cycle=cycle, member=panel_member)
    services.declare_conflict(review=made["done"], conflict="I know them.")
    context = browser.get(reverse("reviews:index")).context
    assert context["overdue"] == [made["late"]]
    assert context["due"] == [made["soon"], review]
    assert context["done"] == [made["done"]]


def test_index_when_there_are_many_then_the_queries_stay(browser, panel, theme, panel_member, review):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(reverse("reviews:index")).status_code == 200
        return len(seen)

    queries()
    before = queries()
    for number in range(50):
        study = Study.objects.create(slug=f"s{number}", theme=theme, title=f"Study {number}")
        cycle = ReviewCycle.objects.create(panel=panel, study=study, reason="annual", due_on=timezone.localdate())
        Review.objects.create(cycle=cycle, member=panel_member)
    assert queries() == before


def test_edit_when_logging_in_by_the_login_page_then_what_was_typed_survives_it(ready, typed, panel_member):
    from people.services import mark_email_verified

    mark_email_verified(panel_member)
    browser = Client()
    address = browser.post(url("edit", ready), typed).url
    sent = {"login": panel_member.email, "password": "a-long-enough-password"}
    assert browser.post(address, sent).url == url("edit", ready)
    browser.get(url("edit", ready))
    ready.refresh_from_db()
    assert ready.comments_to_team == "Well done."
