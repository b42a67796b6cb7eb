"""A real browser for the journeys: headless Chromium on the live server, kept on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from people.models import User
from tests.plugins.isolation import is_loopback

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    # What is not on this machine is asked of a proxy that is not there. (Playwright's routes would end all caching.)
    "--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=127.0.0.1;localhost",
)  # fmt: skip
#: Milliseconds that a page may take to show what a journey waits for, on a machine that is busy with much else.
PATIENCE = 180_000
expect.set_options(timeout=PATIENCE)
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 320, "height": 640}
RUN_AXE = "tags => axe.run({runOnly: tags, resultTypes: ['violations']}).then(({violations}) => violations)"
#: Fonts may come after the page, and the menu's script looks at the room there is a frame after each change of it.
SETTLE = """() => {
    if (!document.body.classList.contains("js-enabled")) return null;
    const frame = () => new Promise(requestAnimationFrame);
    const frames = () => frame().then(frame).then(frame);
    return frames().then(() => document.fonts.ready).then(frames).then(() => null);
}"""
WCAG_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def settle(page: Page) -> None:
    """Wait until all of the page has come and nothing on it moves by itself any more."""
    page.wait_for_load_state()
    page.evaluate(SETTLE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all journeys of this process; ``CHROMIUM`` names another one than Debian's."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("No Chromium here: apt-get install chromium")
    # Playwright runs an event loop in this thread; Django would take that for asynchronous code and refuse its queries.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS), timeout=PATIENCE)
        yield chromium
        chromium.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(live_server, settings) -> str:
    """The address of the live server, which links in emails name too."""
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return live_server.url


@pytest.fixture
def browser_faults() -> Iterator[list[str]]:
    """Requests to elsewhere, errors in scripts and breaches of the Content-Security-Policy: any one fails the test."""
    faults: list[str] = []
    yield faults
    assert not faults, "The browser saw " + "; ".join(faults)


@pytest.fixture
def new_context(browser, site, browser_faults) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a browser profile of its own, watched by ``browser_faults``."""
    contexts: list[BrowserContext] = []
    faults = browser_faults

    def stay_here(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and not is_loopback(parts.hostname or ""):
            faults.append(f"a request to {request.url}")

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(f"a script's error on {page.url}: {error}"))
        page.on("console", lambda message: note(page, message.text))

    def note(page: Page, text: str) -> None:
        if "Content Security Policy" in text or "Content-Security-Policy" in text:
            faults.append(f"a breach of the Content-Security-Policy on {page.url}: {text}")

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(base_url=site, locale="en-GB", timezone_id="Europe/London", **options)
        context.set_default_timeout(PATIENCE)
        context.on("request", stay_here)
        context.on("page", watch)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_context) -> Page:
    """A page at a desk."""
    return new_context(viewport=DESK).new_page()


@pytest.fixture
def phone_page(new_context) -> Page:
    """A page on the narrowest phone that WCAG asks for: 320 pixels, touched."""
    return new_context(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()


@pytest.fixture
def page_without_javascript(new_context) -> Page:
    """A page in which no script runs."""
    return new_context(viewport=DESK, java_script_enabled=False).new_page()


@pytest.fixture
def log_in(site) -> Callable[[Page, User], None]:
    """``log_in(page, user)`` gives the page that person's session, without the login form."""

    def into(page: Page, user: User) -> None:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        name = django_settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site}])

    return into


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """``axe(page)`` lists what axe-core finds wrong with the page as it stands, a line for each rule and element."""
    source = (ROOT / "node_modules/axe-core/axe.min.js").read_text()

    def violations(page: Page) -> list[str]:
        settle(page)
        # By evaluate, not by a script tag: the Content-Security-Policy refuses those, as it should.
        if not page.evaluate("'axe' in window"):
            page.evaluate(source)
        found = page.evaluate(RUN_AXE, WCAG_TAGS)
        return [
            f"{page.url}: {rule['id']}: {rule['help']}: {node['html'][:200]}"
            for rule in found
            for node in rule["nodes"]
        ]

    return violations


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A journey made in one way only is made once, with SQLite; one made in every way is shared between the columns."""
    for item in items:
        is_journey = item.get_closest_marker("journey") and not item.get_closest_marker("walk")
        if is_journey and "way" not in getattr(item, "fixturenames", ()):
            item.add_marker("once")
