"""What scripts add to a page: drafts saved while people type, forms sent once, regions that renew themselves."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template import engines
from django.urls import path

from clahrc.urls import urlpatterns as portal
from tests.plugins.browser import PATIENCE

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

SOURCE = """
{% extends "layouts/form.html" %}{% block title %}Draft{% endblock %}
{% block content %}
  <h1>Draft</h1>
  <form method="post" data-autosave-url="/try/save/" data-prevent-double-click>
    {% csrf_token %}<input type="hidden" name="version" value="1">
    <label for="words">Words</label><textarea id="words" name="words"></textarea>
    <p class="app-save-status" data-autosave-status role="status"></p>
    <button type="submit">Send</button>
  </form>
  <div id="progress" data-poll-url="/try/progress/" data-poll-seconds="1" aria-live="polite">0</div>
  <p id="actions" data-poll-state="on">Pause</p>
{% endblock %}
"""
saved: list[tuple[str, str]] = []
sent: list[str] = []
answers: list[str] = []
order: list[str] = []
#: While it is not set, what is saved is on its way.
through = threading.Event()


@login_not_required
def draft(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        order.append("sent")
        sent.append(request.POST["words"])
        return HttpResponse("<!doctype html><html lang=en><title>Sent</title><main><h1>Sent</h1></main></html>")
    return HttpResponse(engines["django"].from_string(SOURCE).render({}, request))


@login_not_required
def save(request: HttpRequest) -> HttpResponse:
    order.append("on its way")
    through.wait(PATIENCE / 1000)
    order.append("saved")
    saved.append((request.POST["words"], request.POST["version"]))
    answer = answers.pop(0) if answers else "kept"
    if answer == "changed":
        return JsonResponse({"message": "Ada changed this at 2pm."}, status=409)
    if answer == "login":
        return HttpResponseRedirect("/accounts/login/")
    if answer == "press":
        return JsonResponse({"message": "Press “Send”: you log in and lose nothing."}, status=401)
    return JsonResponse({"fields": {"version": len(saved) + 1}})


@login_not_required
def progress(request: HttpRequest) -> HttpResponse:
    more = '<template data-poll-for="actions" data-poll-state="over">Nothing to do</template>'
    return HttpResponse(f"<p data-poll-done>All sent</p>{more}")


urlpatterns = [path("try/", draft), path("try/save/", save), path("try/progress/", progress), *portal]


@pytest.fixture(autouse=True)
def _nothing_yet():
    for each in (saved, sent, answers, order):
        each.clear()
    through.set()


def status(page):
    return page.locator("[data-autosave-status]")


def until(page, words: str) -> None:
    status(page).filter(has_text=words).wait_for()


def until_true(page, done: Callable[[], bool]) -> None:
    """For what the server gets to know after the page has gone on."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not done():
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)


def test_autosave_when_somebody_types_then_keeps_it_and_says_when(page, programme):
    page.goto("/try/")
    page.fill("#words", "First")
    until(page, "Draft saved at")
    assert saved == [("First", "1")]
    assert page.input_value("[name=version]") == "2"
    page.fill("#words", "First and second")
    page.goto("/accessibility/")
    until_true(page, lambda: saved[-1] == ("First and second", "2"))


def test_autosave_when_words_are_there_before_the_script_then_they_are_kept_too(page, programme):
    page.add_init_script(
        "new MutationObserver(() => { const box = document.querySelector('#words');"
        " if (box && !box.value) box.value = 'Typed at once'; }).observe(document, {childList: true, subtree: true});"
    )
    page.goto("/try/")
    until(page, "Draft saved at")
    assert saved == [("Typed at once", "1")]


def test_autosave_when_somebody_else_changed_it_then_says_so_and_keeps_the_words(page, programme, browser_faults):
    answers.append("changed")
    page.goto("/try/")
    page.fill("#words", "Mine")
    until(page, "Ada changed this at 2pm.")
    assert page.input_value("#words") == "Mine"
    browser_faults.clear()  # the browser notes every 409


def test_autosave_when_the_login_has_run_out_then_says_so_and_keeps_the_words(page, programme):
    answers.append("login")
    page.goto("/try/")
    page.fill("#words", "Mine")
    until(page, "you are no longer logged in")
    assert page.input_value("#words") == "Mine"


def test_autosave_when_the_page_takes_words_without_a_login_then_says_what_to_press(page, programme, browser_faults):
    answers.append("press")
    page.goto("/try/")
    page.type("#words", "Mine")
    until(page, "Press “Send”: you log in and lose nothing.")
    assert page.input_value("#words") == "Mine"
    browser_faults.clear()  # the browser notes every 401


def test_autosave_when_offline_then_says_so_and_saves_once_back(page, programme, browser_faults):
    page.goto("/try/")
    page.locator("#progress p").wait_for()
    page.context.set_offline(True)
    page.fill("#words", "On a train")
    until(page, "you seem to be offline")
    page.context.set_offline(False)
    until(page, "Draft saved at")
    assert saved == [("On a train", "1")]
    browser_faults.clear()  # the browser notes every request that found no network


def test_autosave_when_the_page_is_left_at_once_then_the_words_are_kept(page, programme):
    page.goto("/try/")
    page.fill("#words", "Gone")
    page.goto("/accessibility/")
    # On a slow machine they may be on their way already, and go once more.
    until_true(page, lambda: set(saved) == {("Gone", "1")})


def test_form_when_pressed_twice_then_is_sent_once_and_saves_no_draft(page, programme):
    page.clock.install()
    page.goto("/try/")
    page.clock.pause_at(dt.datetime.now() + dt.timedelta(hours=1))  # so that no time-out saves it before
    page.fill("#words", "Send me")
    page.dblclick("main button")
    page.locator("h1", has_text="Sent").wait_for()
    assert sent == ["Send me"]
    assert saved == []


def test_form_when_sent_while_a_draft_is_on_its_way_then_goes_after_it_and_once(page, programme):
    """A draft that came after what was sent would put older words in its place."""
    through.clear()
    page.goto("/try/")
    page.fill("#words", "Older")
    until_true(page, lambda: order == ["on its way"])
    page.fill("#words", "Newer")
    for _ in range(2):
        page.click("main button")  # which would wait for an answer, were the form sent now
    through.set()
    page.locator("h1", has_text="Sent").wait_for()
    assert (order, saved, sent) == (["on its way", "saved", "sent"], [("Older", "1")], ["Newer"])


def test_region_when_its_address_answers_then_is_renewed_until_done(page, programme):
    page.goto("/try/")
    page.locator("#progress", has_text="All sent").wait_for()
    assert page.locator("#actions").inner_text() == "Nothing to do"
