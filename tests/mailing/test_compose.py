import re

import pytest
from bs4 import BeautifulSoup
from django.core.exceptions import ValidationError

from mailing import compose, services
from mailing.models import Delivery, Mailing

# The brand at the head of each message is looked up.
pytestmark = pytest.mark.django_db


@pytest.fixture
def template(settings, tmp_path):
    """``template("Subject: …")`` is a template of that source; its name."""
    (tmp_path / "emails/try").mkdir(parents=True)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]

    def make(source: str) -> str:
        (tmp_path / "emails/try/it.txt").write_text(source)
        return "try/it"

    return make


def soup(text: str) -> BeautifulSoup:
    return BeautifulSoup(compose.to_html(text), "html.parser")


def test_html_says_what_the_text_says_in_its_own_way():
    html = soup(
        "Dear Ann\nand all\n\n# Next\n\n* one\n* two\n  more\n\n[Join us]\nhttp://testserver/join/{{token}}/\n\n"
        "See https://other.example/a?b=1&c=2.\n"
    )
    assert html.h2.text == "Next"
    assert [item.text for item in html.find_all("li")] == ["one", "two more"]
    links = [(link.text, link["href"]) for link in html.find_all("a")]
    assert links == [
        ("Join us", "http://testserver/join/{{token}}/"),
        ("https://other.example/a?b=1&c=2", "https://other.example/a?b=1&c=2"),
        ("http://testserver", "http://testserver/"),
    ]
    assert html.html["lang"] == "en"


def test_html_escapes_everything_and_fetches_nothing():
    html = compose.to_html(
        '<script>alert(1)</script> <img src=x> "quoted"\n\n[<b>x</b>]\nhttp://testserver/"><script>/\n'
    )
    assert "<script" not in html
    assert "<img" not in html
    assert re.findall(r"<[^>]*\ssrc=|@import|url\(", html) == []


def test_a_button_leads_only_into_the_portal():
    html = soup("[Log in]\nhttps://evil.example/\n\n[Log in]\nhttp://testserver.evil.example/\n")
    assert [link.text for link in html.find_all("a")] == [
        "https://evil.example/", "http://testserver.evil.example/", "http://testserver",
    ]  # fmt: skip


def test_a_template_is_written_once(template, db):
    name = template("Subject: About {{ study }}\n\nDear {{ name }}\n\n\n\n{{ site_url }}/x/{{ token }}/\n")
    sent = services.send_template(
        to=" ann@example.org ", name="Ann", template=name, context={"study": "A & B"}, topic="reviews", subject_id="7",
        headers={"X-For": "{{name}}"},
    )  # fmt: skip
    mailing = sent.mailing
    assert mailing.subject == "About A & B"
    assert re.fullmatch(r"Dear Ann\n\nhttp://testserver/x/7\.[\w.-]+/\n", mailing.text)
    assert mailing.headers == {"X-For": "Ann"}
    assert (sent.recipient, sent.urgent, sent.status, mailing.is_secret) == ("ann@example.org", True, "queued", False)
    assert sent.message_id == f"<{mailing.uid.hex}.{sent.pk}@example.org>"


def test_a_secret_topic_makes_a_secret_message(template, db):
    name = template("Subject: Code\n\n123\n")
    assert services.send_template(to="a@example.org", template=name, topic="login code").mailing.is_secret
    assert services.send_template(to="a@example.org", template=name, topic="reviews", secret=True).mailing.is_secret


@pytest.mark.parametrize(("source", "fields"), [
    ("No subject\n\nHello\n", {}),
    ("Subject: \n\nHello\n", {}),
    ("Subject: A {{ title }}\n\nHello\n", {"context": {"title": "b\nBcc: eve@example.org"}}),
    ("Subject: A\n\nHello\n", {"name": "Ann\nBcc: eve@example.org"}),
    ("Subject: A\n\nHello\n", {"headers": {"X-A": "b\r\nBcc: eve@example.org"}}),
    ("Subject: A\n\nHello\n", {"headers": {"To": "eve@example.org"}}),
])  # fmt: skip
def test_a_forged_header_is_refused_and_nothing_is_queued(template, db, source, fields):
    with pytest.raises(ValueError):
        services.send_template(to="ann@example.org", template=template(source), topic="x", **fields)
    assert not Mailing.objects.exists()


@pytest.mark.parametrize(
    "address", ["", "ann", "ann@", "a b@example.org", "ann@example.org\nBcc: x@example.org", "é@example.org"]
)
def test_an_address_that_is_none_is_refused(template, db, address):
    with pytest.raises(ValidationError):
        services.send_template(to=address, template=template("Subject: A\n\nHello\n"), topic="x")
    assert not Delivery.objects.exists()


def test_another_brand_stands_at_the_head(monkeypatch):
    monkeypatch.setattr(compose, "_brand", lambda: compose.Brand("CLAHRC <Trent>", footer="Funded by us"))
    html = compose.to_html("Hello")
    assert "CLAHRC &lt;Trent&gt;" in html
    assert "Funded by us" in html
