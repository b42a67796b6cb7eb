"""The browser fixtures themselves: a journey may trust what they promise."""

import pytest
from django.urls import reverse

from tests.plugins.browser import settle

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_page_when_home_is_opened_then_styled_and_without_violations(page, axe, programme):
    page.goto(reverse("home"))
    assert programme.name in page.content()
    settle(page)
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Public Sans Variable"')
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('1em \"Public Sans Variable\"'))")
    assert axe(page) == []


def test_phone_page_when_home_is_opened_then_nothing_is_wider_than_the_phone(phone_page, programme):
    phone_page.goto(reverse("home"))
    settle(phone_page)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 320


def test_page_without_javascript_when_home_is_opened_then_it_is_there(page_without_javascript, programme):
    page_without_javascript.goto(reverse("home"))
    assert programme.name in page_without_javascript.content()


def test_axe_when_a_picture_has_no_name_then_names_the_rule(page, axe, programme):
    page.goto(reverse("home"))
    page.evaluate("document.querySelector('main, body').append(document.createElement('img'))")
    assert any(": image-alt: " in line for line in axe(page))


def test_new_context_when_a_page_asks_another_machine_then_refused_and_noted(new_context, browser_faults, programme):
    page = new_context(bypass_csp=True).new_page()
    page.goto(reverse("home"))
    asked = page.evaluate("fetch('http://192.0.2.1/').then(() => 'answered', () => 'refused')")
    assert asked == "refused"
    assert browser_faults == ["a request to http://192.0.2.1/"]
    browser_faults.clear()
