"""Links to other websites, asked on this machine alone: the far side is a small server of the test's own."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from communities import outside_links
from communities.checks import outside_links as links_of
from communities.outside_links import ask_all
from tests.communities.factories import make_block, make_newsletter


class Website(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self):
        self.asked.append(f"{self.command} {self.path}")
        status = {"/gone": 404, "/login": 403, "/broken": 500, "/moved": 302, "/inside": 302, "/nohead": 200}.get(
            self.path, 200
        )
        if self.path == "/nohead" and self.command == "HEAD":
            status = 405
        self.send_response(status)
        if status == 302:
            there = "/fine" if self.path == "/moved" else f"http://127.0.0.2:{self.server.server_port}/secret"
            self.send_header("Location", there)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *args):
        pass


def two_servers() -> tuple[ThreadingHTTPServer, ThreadingHTTPServer]:
    """On one port of two addresses."""
    while True:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Website)
        try:
            return server, ThreadingHTTPServer(("127.0.0.2", server.server_port), Website)
        except OSError:  # somebody else has it there
            server.server_close()


@pytest.fixture
def website(monkeypatch):
    """Where it is, and what it was asked."""
    monkeypatch.setattr(outside_links, "_SECONDS", 60.0)  # on a machine that is busy with other tests
    Website.asked = []
    server, inside = two_servers()
    for each in (server, inside):
        threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", Website.asked
    for each in (server, inside):
        each.shutdown()
        each.server_close()


@pytest.fixture
def outside(monkeypatch):
    """Take this machine, but not 127.0.0.2, for the public internet."""
    monkeypatch.setattr(outside_links, "_is_outside", lambda ip, port: ip == "127.0.0.1")


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("/fine", "fine"),
        ("/moved", "fine"),
        ("/nohead", "fine"),
        ("/gone", "dead"),
        ("/broken", "dead"),
        ("/login", "unsure"),
    ],
)
def test_ask_when_it_answers_then_says_whether_the_page_is_there(website, path, state):
    (answer,) = ask_all([website[0] + path])
    assert answer.state == state


@pytest.mark.usefixtures("outside")
def test_ask_when_nobody_answers_then_dead(website):
    (answer,) = ask_all(["http://127.0.0.1:9/"])
    assert answer.state == "dead"


@pytest.mark.usefixtures("outside")
def test_ask_when_redirected_into_the_network_then_nothing_is_sent_there(website):
    (answer,) = ask_all([f"{website[0]}/inside"])
    assert answer.state == "unsure"
    assert not [asked for asked in website[1] if "secret" in asked]


@pytest.mark.parametrize("address", ["{site}/fine", "http://localhost:{port}/fine", "http://[::1]:{port}/", "ftp://x/"])
def test_ask_when_it_leads_into_the_network_then_nothing_is_sent(website, address):
    site, asked = website
    (answer,) = ask_all([address.format(site=site, port=site.rpartition(":")[2])])
    assert answer.state != "fine"
    assert asked == []


@pytest.mark.parametrize("port", ["open", "closed"])
def test_ask_when_a_port_inside_is_open_or_closed_then_the_same_answer(website, port):
    number = website[0].rpartition(":")[2] if port == "open" else "9"
    (answer,) = ask_all([f"http://127.0.0.1:{number}/"])
    assert (answer.state, answer.words.startswith("This is not on the public internet")) == ("unsure", True)


def test_ask_when_twice_the_same_then_once(website, monkeypatch):
    calls = []
    monkeypatch.setattr(outside_links, "_ask", calls.append)
    ask_all(["https://example.org/"] * 3 + [f"https://example.org/{number}" for number in range(60)])
    assert len(calls) == 40


@pytest.mark.parametrize(
    ("ip", "port", "is_outside"),
    [
        ("93.184.215.14", 443, True),
        ("93.184.215.14", 22, False),
        ("10.0.0.1", 80, False),
        ("127.0.0.1", 80, False),
        ("169.254.169.254", 80, False),
        ("::1", 443, False),
        ("::ffff:10.0.0.1", 443, False),
        ("fd00::1", 443, False),
        ("100.64.0.1", 443, False),
        ("64:ff9b::a00:1", 443, False),
        ("2002:a00:1::1", 443, False),
        ("64:ff9b:1::a00:1", 443, False),
        ("fec0::1", 443, False),
        ("::10.0.0.1", 443, False),
        ("2606:2800:220:1::1", 443, True),
        ("224.0.0.1", 80, False),
    ],
)
def test_outside_when_an_address_then_only_the_public_internet(ip, port, is_outside):
    assert outside_links._is_outside(ip, port) is is_outside


@pytest.mark.usefixtures("outside")
def test_page_when_pressed_then_each_outside_link_with_its_answer(client_of, community, website, settings):
    newsletter = make_newsletter(community, words=f"[one]({website[0]}/gone) and {settings.SITE_URL}/events/")
    make_block(newsletter, kind="button", label="Go", address=f"{website[0]}/fine")
    assert links_of(newsletter) == [f"{website[0]}/gone", f"{website[0]}/fine"]
    client = client_of("staff")
    page = client.post(reverse("newsletters:links", args=[newsletter.slug]))
    rows = [row.get_text(" ", strip=True) for row in BeautifulSoup(page.content, "html.parser").select("tbody tr")]
    assert ["Dead" in rows[0], "There" in rows[1]] == [True, True]
    settings.CHECK_OUTSIDE_LINKS = False
    assert client.post(reverse("newsletters:links", args=[newsletter.slug])).status_code == 404
    preview = client.get(reverse("newsletters:preview", args=[newsletter.slug])).content.decode()
    assert "Check links" not in preview
