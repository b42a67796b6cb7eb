import datetime as dt
import re

import pytest
from django.template import TemplateSyntaxError, engines
from django.utils.safestring import mark_safe

from clahrc.navigation import Link


def drawn(source, **context):
    return engines["django"].from_string(source).render(context)


def test_cell_when_its_label_is_written_in_the_template_or_comes_from_the_page_then_it_says_the_same():
    written = drawn('{% cell "Size & shape" %}{{ size }}{% endcell %}', size="<1>")
    given = drawn("{% cell label %}{{ size }}{% endcell %}", size="<1>", label="Size & shape")
    assert "&lt;1&gt;" in written
    assert "<1>" not in written
    assert given.replace("&amp;", "&") == written.replace("&amp;", "&")


def test_cell_when_drawn_for_each_of_several_rows_then_each_has_its_own_content_and_class():
    page = drawn(
        "{% for n in numbers %}{% cell n numeric=True %}{{ n }}{% endcell %}{% endfor %}", numbers=["one", "two"]
    )
    assert page.count("nhsuk-table__cell--numeric") == 2
    assert [page.count(f">{name}") for name in ("one", "two")] == [2, 2]


@pytest.mark.parametrize("source", ["{% cell 1 2 3 4 %}{% endcell %}", "{% row colour='red' %}{% endrow %}"])
def test_block_tag_when_given_what_it_does_not_take_then_the_template_is_refused(source):
    with pytest.raises(TemplateSyntaxError, match=r"cell|row"):
        drawn(source)


def test_card_when_its_heading_comes_from_people_then_it_is_escaped_each_time():
    source = "{% card heading href='/x/' %}{% endcard %}"
    assert "<b>" not in drawn(source, heading="<b>")
    assert "<b>" not in drawn(source, heading="<b>")


def test_tag_when_the_same_words_are_safe_once_and_not_the_next_time_then_only_the_safe_are_kept_as_they_are():
    assert "<i>x</i>" in drawn("{% tag words %}", words=mark_safe("<i>x</i>"))
    assert "<i>x</i>" not in drawn("{% tag words %}", words="<i>x</i>")


def test_day_when_there_is_one_or_none_then_it_is_in_words_or_nothing():
    assert drawn("{{ d|day }} {{ d|day:'j M Y' }}", d=dt.date(2026, 11, 3)) == "3 November 2026 3 Nov 2026"
    assert drawn("{{ d|day }}{{ missing.starts_on|day }}", d=None) == ""


def test_row_when_its_cells_are_written_in_the_template_then_what_is_between_and_within_them_keeps_its_order():
    page = drawn(
        "{% row %}a{% cell 'One' %}b{{ x }}{% endcell %}c{% cell label %}d{% endcell %}"
        "{% if x %}e{% endif %}{% endrow %}",
        x=1,
        label="Two",
    )
    words = [word for word in re.split(r"<[^>]+>", page) if word.strip()]
    assert words == ["a", "One ", "b1", "c", "Two ", "d", "e"]


def test_breadcrumbs_when_the_same_words_are_safe_once_and_not_the_next_time_then_only_the_safe_are_kept_as_they_are():
    source = "{% breadcrumbs words '/x/' %}"
    assert "<i>x</i>" in drawn(source, words=mark_safe("<i>x</i>"))
    assert "<i>x</i>" not in drawn(source, words="<i>x</i>")


def test_component_when_drawn_with_other_options_then_nothing_of_the_first_is_left():
    source = "{% component 'site-navigation' entries=entries %}"
    first = drawn(source, entries=[Link("Home", "/", True)])
    second = drawn(source, entries=[Link("Home", "/", False)])
    assert first.count("aria-current") - second.count("aria-current") == 1
    assert first == drawn(source, entries=[Link("Home", "/", True)])
