"""What people read when something goes wrong: what happened, and what to do."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.core.ratelimit import respond_429
from bs4 import BeautifulSoup
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import get_template
from django.test import Client
from django.urls import path
from django.views.decorators.http import require_POST

from clahrc.urls import urlpatterns as portal


@login_not_required
def bad(request: HttpRequest) -> HttpResponse:
    raise BadRequest


@login_not_required
def denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


@login_not_required
def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


@login_not_required
def hasty(request: HttpRequest) -> HttpResponse:
    return respond_429(request)


@login_not_required
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sent")


@login_not_required
@require_POST
def button(request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


urlpatterns = [
    path("400/", bad), path("403/", denied), path("404/", missing), path("429/", hasty), path("500/", broken),
    path("form/", form), path("405/", button), *portal,
]  # fmt: skip

HEADINGS = {
    400: "This request could not be read",
    403: "You cannot do this",
    404: "Page not found",
    405: "This is the address of a button",
    429: "Too many tries",
    500: "Something went wrong",
}

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def check(response: HttpResponse, heading: str) -> BeautifulSoup:
    soup = BeautifulSoup(response.content, "html.parser")
    assert [h1.text for h1 in soup.select("h1")] == [heading]
    assert soup.title.text.startswith(f"{heading} – ")
    assert "/" in {a["href"] for a in soup.select("main a")}
    assert all(a["href"] for a in soup.select("a"))
    assert len(soup.select("main p")) >= 2
    return soup


@pytest.mark.parametrize("status", HEADINGS)
@pytest.mark.parametrize("role", ["anonymous", "staff"])
def test_error_page_when_drawn_then_says_what_to_do(status, role, client_of, programme):
    client = client_of(role)
    client.raise_request_exception = False
    response = client.get(f"/{status}/")
    assert response.status_code == status
    check(response, HEADINGS[status])


def test_not_found_when_anonymous_then_offers_to_log_in_and_otherwise_does_not(client_of, programme):
    assert b"/accounts/login/" in client_of("anonymous").get("/404/").content
    main = BeautifulSoup(client_of("staff").get("/404/").content, "html.parser").main
    assert "/accounts/login/" not in str(main)


def test_denied_when_logged_in_then_names_the_account(client_of, staff, programme):
    assert staff.email in client_of("staff").get("/403/").content.decode()


def test_form_when_its_token_is_wrong_then_says_that_it_is_out_of_date(programme):
    response = Client(enforce_csrf_checks=True).post("/form/", {"text": "long words"})
    assert response.status_code == 403
    soup = check(response, "This form is out of date")
    assert len(soup.select("main ol li")) == 3


@pytest.mark.parametrize("logged_in", [False, True])
def test_bad_request_when_for_another_host_then_is_told_so_and_is_no_fault_of_ours(logged_in, client_of, programme):
    client = client_of("staff" if logged_in else "anonymous")
    client.raise_request_exception = False
    response = client.get("/404/", headers={"host": "evil.example"})
    assert response.status_code == 400
    check(response, HEADINGS[400])
    assert "evil.example" not in response.content.decode()


def test_button_when_its_address_is_opened_then_says_what_it_takes_and_to_programs_no_more(client, programme):
    assert client.get("/405/")["Allow"] == "POST"
    assert client.put("/405/").content == b""
    assert client.post("/405/").content == b"done"


def test_button_when_pressed_after_the_login_ended_then_the_login_leads_to_that_page(client, staff, programme):
    to_login = client.post("/studies/manage/views/save/", {"name": "Mine"})
    client.force_login(staff)
    answer = client.get(parse_qs(urlsplit(to_login.url).query)["next"][0])
    assert answer.status_code == 405
    check(answer, HEADINGS[405])


def test_server_error_when_the_database_is_away_then_still_is_drawn(django_assert_num_queries):
    with django_assert_num_queries(0):
        html = get_template("500.html").render()
    assert "Something went wrong" in html
    assert "CLAHRC portal" in html


def test_unknown_address_when_asked_for_then_is_the_same_page(client_of, programme):
    response = client_of("anonymous").get("/nothing/here/")
    assert response.status_code == 404
    check(response, "Page not found")


@pytest.mark.parametrize("announced", ["43000000", "9" * 30, "-1", "many"])
def test_body_when_far_larger_than_any_form_takes_then_413_unread(client, db, settings, announced):
    settings.UPLOAD_MAX_BYTES = 20 * 1024 * 1024
    answer = client.generic("POST", "/communities/join/", b"x", CONTENT_LENGTH=announced)
    assert answer.status_code == 413
    check(answer, "This file is too large")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
