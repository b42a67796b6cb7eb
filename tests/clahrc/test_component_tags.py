"""The tags of our own that draw components, and the page around them."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from bs4 import BeautifulSoup
from django import forms
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template import TemplateSyntaxError, engines
from django.test import RequestFactory

from studies.models import Study

pytestmark = pytest.mark.once


# --- Our own ----------------------------------------------------------------------------------------------------


def page(source: str, **context: object) -> BeautifulSoup:
    return BeautifulSoup(engines["django"].from_string(source).render(context), "html.parser")


def request_at(path: str) -> HttpRequest:
    return RequestFactory().get(path)


def test_breadcrumbs_when_given_names_and_addresses_then_link_to_both():
    soup = page('{% breadcrumbs "Home" "home" title url %}', title="A & B", url="/studies/x/")
    assert [(a["href"], a.text.strip()) for a in soup.select("ol a")] == [("/", "Home"), ("/studies/x/", "A & B")]
    assert soup.select_one(".nhsuk-back-link")["href"] == "/studies/x/"


def test_breadcrumbs_when_one_is_left_over_then_says_so():
    with pytest.raises(TemplateSyntaxError, match="pairs"):
        page('{% breadcrumbs "Home" "home" "Odd" %}')


def test_section_nav_when_on_one_of_its_pages_then_marks_only_that_one():
    soup = page('{% section_nav "Study" "A" "/a/" "B" "/b/" %}', request=request_at("/b/?page=2"))
    assert [a.get("aria-current") for a in soup.select("a")] == [None, "page"]


def test_sort_column_when_sorted_then_says_which_way_and_turns_it_round():
    source = '{% sort_column "Title" "title" default="title" %}'
    first = page(source, request=request_at("/?q=x&page=3")).th
    assert first["aria-sort"] == "ascending"
    assert parse_qs(first.a["href"].lstrip("?")) == {"q": ["x"], "sort": ["-title"]}
    turned = page(source, request=request_at("/?sort=-title")).th
    assert turned["aria-sort"] == "descending"
    other = page(source, request=request_at("/?sort=theme")).th
    assert not other.has_attr("aria-sort")
    assert parse_qs(other.a["href"].lstrip("?")) == {"sort": ["title"]}


def test_pagination_when_filters_are_on_then_keeps_them_and_leaves_numbers_out():
    found = Paginator(range(200), 10).page(10)
    soup = page("{% pagination found %}", found=found, request=request_at("/?q=a+b&page=10"))
    assert [li.text.strip() for li in soup.select("li")] == ["1", "⋯", "9", "10", "11", "⋯", "20"]
    assert {parse_qs(a["href"].lstrip("?"))["q"][0] for a in soup.select("a")} == {"a b"}
    assert soup.select_one('[aria-current="page"]').text.strip() == "10"
    assert parse_qs(soup.select_one('[rel="next"]')["href"].lstrip("?"))["page"] == ["11"]


def test_pagination_when_there_is_one_page_then_is_nothing():
    assert not page("{% pagination found %}", found=Paginator([1], 10).page(1)).text.strip()


@pytest.mark.parametrize(
    ("count", "number", "said"),
    [(0, 1, "0 studies"), (1, 1, "1 study"), (1234, 2, "Showing 11 to 20 of 1,234 studies")],
)
def test_results_summary_when_counted_then_says_how_many_in_words(count, number, said):
    found = Paginator(range(count), 10).page(number)
    assert page('{% results_summary found "study" "studies" %}', found=found).text == said


def test_filter_panel_when_a_filter_is_on_then_is_open_and_can_be_cleared():
    source = '{% filter_panel "Filter" keep="sort" %}<input name="q">{% endfilter_panel %}'
    on = page(source, request=request_at("/studies/?q=x&sort=title"))
    assert on.details.has_attr("open")
    assert on.find("a", string="Clear filters")["href"] == "/studies/"
    assert on.select_one('input[type="hidden"]')["value"] == "title"
    off = page(source, request=request_at("/studies/?sort=title&page=2"))
    assert not off.details.has_attr("open")
    assert off.find("a", string="Clear filters") is None


def test_summary_list_when_no_row_has_a_link_then_keeps_no_place_for_one():
    plain = page('{% summary_list %}{% summary_row "A" %}x{% endsummary_row %}{% endsummary_list %}')
    assert not plain.select(".nhsuk-summary-list__row--no-actions")
    mixed = page(
        '{% summary_list %}{% summary_row "A" %} {% endsummary_row %}'
        '{% summary_row "Theme" href="home" %}x{% endsummary_row %}{% endsummary_list %}'
    )
    assert [dd.text for dd in mixed.select("dd")] == ["Not given", "x", "Change theme"]
    assert len(mixed.select(".nhsuk-summary-list__row--no-actions")) == 1


def test_tags_when_given_hostile_words_then_escape_them():
    hostile = '<script>alert(1)</script>"'
    soup = page(
        '{% tag x %}{% button x "/" %}{% stat x x %}{% person x role=x %}{% empty_state x x %}{% progress x 1 2 %}'
        "{% card x %}{% endcard %}{% details x %}{% enddetails %}{% status_tag x x %}"
        "{% bullet_list xs %}"
        "{% data_table x %}{% head %}{% column x %}{% endhead %}{% rows %}{% row %}{% row_header x %}{{ x }}"
        "{% endrow_header %}{% cell x %}{{ x }}{% endcell %}{% endrow %}{% endrows %}{% enddata_table %}"
        "{% warning_callout x %}{% endwarning_callout %}{% panel x %}{% endpanel %}{% inset %}{{ x }}{% endinset %}",
        x=hostile,
        xs=[hostile],
        url="/",
    )
    assert not soup.select("script")


def test_status_tag_when_given_a_choice_then_has_its_label_and_colour():
    found = page("{% status_tag stage %}", stage=Study.Stage.ACTIVE).strong
    assert found.text.strip() == "Active"
    assert "nhsuk-tag--green" in found["class"]


def test_stat_when_drawn_then_its_label_is_the_link():
    found = page('{% stats %}{% stat "Studies" 16 "home" note="in 4 themes" %}{% endstats %}').li
    assert found.a.text == "Studies"
    assert [p.text for p in found.select("p")] == ["Studies", "in 4 themes", "16"]


def test_progress_when_drawn_then_its_numbers_are_for_machines_too():
    found = page('{% progress "Joined" n total %}', n=1200, total=4000).progress
    assert (found["value"], found["max"]) == ("1200", "4000")


# --- The page ---------------------------------------------------------------------------------------------------


def whole_page(**context: object) -> BeautifulSoup:
    source = (
        '{% extends "layouts/page.html" %}{% block title %}Here{% endblock %}'
        "{% block content %}<h1>Here</h1>{% endblock %}"
    )
    return page(source, **context)


def test_page_when_nothing_is_known_then_still_has_its_parts():
    soup = whole_page()
    assert soup.html["lang"] == "en-GB"
    assert soup.title.text == "Here – CLAHRC portal"
    assert soup.select_one(".nhsuk-skip-link")["href"] == "#maincontent"
    assert soup.select_one("main#maincontent")
    assert not soup.select("nav.nhsuk-header__navigation")
    assert not soup.select(".app-demo-banner")


def test_page_when_somebody_is_logged_in_then_shows_them_and_their_navigation(staff, programme):
    navigation = [
        SimpleNamespace(label="Studies", url="/s/", is_current=True),
        SimpleNamespace(label="People", url="/p/", is_current=False),
    ]
    soup = whole_page(user=staff, navigation=navigation, programme=programme, is_demo=True)
    assert soup.title.text == f"Here – {programme.short_name}"
    items = soup.select(".nhsuk-header__navigation-list > li")
    assert [li.text.split()[-1] for li in items] == ["Studies", "People", "More"]
    assert [a.get("aria-current") for a in soup.select(".nhsuk-header__navigation-list a")] == ["true", None]
    assert items[-1].has_attr("hidden")
    assert items[-1]["class"] == ["nhsuk-header__menu"]
    assert soup.select_one(".nhsuk-header__account form")["method"] == "post"
    assert staff.full_name in soup.select_one(".nhsuk-header__account").text
    assert soup.select(".app-demo-banner")


def test_page_when_its_form_has_errors_then_says_so_first_and_holds_messages_back():
    class Form(forms.Form):
        title = forms.CharField()

    held = [Message(messages.SUCCESS, "Saved")]
    soup = whole_page(form=Form({}), messages=held)
    assert soup.title.text == "Error: Here – CLAHRC portal"
    assert [a["href"] for a in soup.select("main .nhsuk-error-summary a")] == ["#id_title"]
    assert not soup.select(".nhsuk-notification-banner")
    clean = whole_page(form=Form(), messages=held)
    assert clean.title.text == "Here – CLAHRC portal"
    assert clean.select_one(".nhsuk-notification-banner--success")["role"] == "alert"


def test_page_when_there_are_several_messages_then_each_heading_has_its_own_id():
    found = whole_page(messages=[Message(messages.SUCCESS, "One"), Message(messages.ERROR, "<b>Two</b>")])
    ids = [h["id"] for h in found.select(".nhsuk-notification-banner__title")]
    assert len(set(ids)) == 2
    assert [div["aria-labelledby"] for div in found.select(".nhsuk-notification-banner")] == ids
    assert not found.select("main b")


def test_confirm_layout_when_drawn_then_posts_and_offers_a_way_out():
    soup = page(
        '{% extends "layouts/confirm.html" %}{% block question %}Archive it?{% endblock %}'
        "{% block button %}Archive{% endblock %}{% block cancel_url %}/back/{% endblock %}",
        destructive=True,
    )
    assert [h.text for h in soup.select("h1")] == ["Archive it?"]
    assert soup.select_one("main form")["method"] == "post"
    assert "nhsuk-button--warning" in soup.select_one("main button")["class"]
    assert soup.select_one("main .nhsuk-button-group a")["href"] == "/back/"
