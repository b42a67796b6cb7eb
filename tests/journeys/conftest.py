"""Three ways to use the portal, and what every journey does on its way."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from people import services
from people.models import User
from tests.journeys.walking import too_wide
from tests.plugins.browser import settle

WAYS = {
    "desk": {"viewport": {"width": 1280, "height": 900}},
    "without-javascript": {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": False},
    "phone": {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True},
}
PASSWORD = "a-long-enough-password"  # the cast's, in tests/conftest.py


@pytest.fixture(params=os.environ.get("JOURNEY_WAYS", "").split() or WAYS)
def way(request) -> str:
    """How somebody comes: each journey is made in every way, or in those that ``JOURNEY_WAYS`` names."""
    return request.param


@pytest.fixture
def someone(new_context, way) -> Callable[[], Page]:
    """``someone()`` opens a browser of its own, in the way that the journey is made."""
    return lambda: new_context(accept_downloads=True, **WAYS[way]).new_page()


@pytest.fixture
def look(axe, way) -> Callable[[Page], None]:
    """``look(page)`` fails where the page is wider than the window, or, on the phone, where axe finds something.

    What a page is like at a desk, test_accessibility.py looks at.
    """

    def at(page: Page) -> None:
        wrong = too_wide(page, WAYS[way]["viewport"]["width"])
        if way == "phone":
            wrong += axe(page)
        assert wrong == []

    return at


def log_in_by_password(page: Page, user: User) -> None:
    """From the home page, as people do."""
    services.mark_email_verified(user)
    page.goto("/")
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Email address").fill(user.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/dashboard/")


def follow_menu(page: Page, name: str) -> None:
    """An entry of the menu; where there is no room, a script puts it under "More" once the page has come."""
    settle(page)
    link = page.get_by_role("navigation", name="Menu").get_by_role("link", name=name, exact=True)
    if link.count() == 0 or not link.is_visible():
        page.get_by_role("button", name="More").click()
    link.click()


def main(page: Page) -> Locator:
    """What is on the page besides its header and footer."""
    return page.get_by_role("main")


def press(page: Page, name: str) -> None:
    """A button of the page, once all of it has come: a click on half a page may be lost."""
    page.wait_for_load_state()
    main(page).get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    """A link of the page, once all of it has come."""
    page.wait_for_load_state()
    main(page).get_by_role("link", name=name, exact=True).first.click()


def fill(page: Page, values: dict[str, str]) -> None:
    """Fields by their labels."""
    for label, value in values.items():
        main(page).get_by_label(label).fill(value)


def expect_heading(page: Page, words: str) -> None:
    """The page's one heading."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(words)


def expect_error(page: Page, words: str) -> None:
    """The title says that something is wrong, and the summary leads to it."""
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("There is a problem")
    expect(page.locator(".nhsuk-error-summary").get_by_role("link", name=words)).to_be_visible()


def tab_to(page: Page, target: Locator, most: int = 150) -> None:
    """Reach ``target`` with the Tab key alone, and see that it is reached."""
    for _ in range(most):
        if target.evaluate("each => each === document.activeElement"):
            break
        page.keyboard.press("Tab")
    else:
        raise AssertionError(f"The Tab key does not reach {target}")
    shown = target.evaluate(
        """each => {
            const looks = element => {
                const found = getComputedStyle(element);
                return [found.outline, found.boxShadow, found.backgroundColor, found.borderColor].join();
            };
            const label = each.labels && each.labels[0];
            const now = looks(each) + (label ? getComputedStyle(label, "::before").boxShadow : "");
            each.blur();
            const then = looks(each) + (label ? getComputedStyle(label, "::before").boxShadow : "");
            each.focus({focusVisible: true});
            const box = (label || each).getBoundingClientRect();
            return {differs: now !== then, inside: box.bottom > 0 && box.top < innerHeight};
        }"""
    )
    assert shown == {"differs": True, "inside": True}, f"The focus on {target} cannot be seen: {shown}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The walks past every page begin first: they take longest, and nobody should wait for one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("walk") is None)
