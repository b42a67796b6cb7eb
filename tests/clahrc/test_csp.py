"""Nothing on a page comes from elsewhere, and nothing in it is script or style written in place."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template

BASE = Path(settings.BASE_DIR)
OWN = sorted(path for path in (BASE / "templates").rglob("*.html") if "emails" not in path.parts)
SCRIPTS = sorted((BASE / "static/js").glob("*.js"))
#: The name of SVG, which nobody fetches.
NAMESPACE = "http://www.w3.org/2000/svg"


def test_policy_when_a_page_is_asked_for_then_allows_only_this_site(client, programme):
    header = client.get("/accounts/login/").headers["Content-Security-Policy"]
    policy = dict(part.strip().split(" ", 1) for part in header.split(";") if part.strip())
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in header
    assert "http" not in header


def test_permissions_when_a_page_is_asked_for_then_refuse_all_but_passkeys(client, programme):
    features = client.get("/accounts/login/").headers["Permissions-Policy"].split(", ")
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(features)
    assert not [feature for feature in features if feature.startswith("publickey")]


@pytest.mark.once
@pytest.mark.parametrize("path", OWN, ids=lambda path: str(path.relative_to(BASE / "templates")))
def test_template_when_read_then_holds_no_script_style_or_handler_in_place(path):
    source = path.read_text()
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=[\"']|javascript:", source)
    assert all("src=" in tag or 'type="application/' in tag for tag in re.findall(r"<script\b[^>]*>", source))
    assert not re.findall(r"(?:src|srcset|action)=[\"']https?://", source)
    assert not re.findall(r"<link\b[^>]*href=[\"']https?://", source)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_script_when_read_then_imports_only_what_is_here_and_writes_no_code(path):
    source = path.read_text()
    assert not re.search(r"https?://|\beval\(|new Function|innerHTML\s*=|insertAdjacentHTML|document\.write", source)
    for imported in re.findall(r'from "([^"]+)"', source):
        assert finders.find(str(Path("js") / imported).replace("js/../", "").replace("js/./", "js/")), imported


def test_stylesheet_when_built_then_fetches_nothing_from_elsewhere():
    built = finders.find("css/portal.css")
    assert built, "The stylesheet is not built: make ready"
    css = Path(built).read_text()
    assert not re.search(r"https?:|@import|frutiger", css, re.IGNORECASE)
    for written in re.findall(r"url\(\"?([^\")]+)", css):
        address = urljoin("/static/css/portal.css", written)
        assert address.startswith(("data:", "/static/")), address
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address


def test_page_when_drawn_then_all_it_loads_is_in_the_static_files():
    soup = BeautifulSoup(get_template("500.html").render(), "html.parser")
    loaded = [tag.get("src") or tag.get("href") for tag in soup.select("script, link, img")]
    assert len(loaded) >= 5
    for address in loaded:
        assert address.startswith("/static/")
        if not address.endswith("portal.css"):
            assert finders.find(address.removeprefix("/static/")), address


def test_icons_when_read_then_are_our_own_drawing():
    source = Path(finders.find("img/favicon.svg")).read_text()
    assert "http" not in source.replace(NAMESPACE, "")
