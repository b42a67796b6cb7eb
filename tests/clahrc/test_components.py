"""Our components against the HTML that the design itself publishes for each (its ``fixtures.json``)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from bs4 import BeautifulSoup, Comment, NavigableString, Tag
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template import TemplateSyntaxError, engines
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe

from studies.models import Study

pytestmark = pytest.mark.once

FIXTURES = Path(settings.BASE_DIR) / "node_modules/nhsuk-frontend/dist/nhsuk/components"

COMPONENTS = (
    "action-link", "back-link", "breadcrumb", "button", "card", "character-count", "checkboxes", "contents-list",
    "date-input", "details", "error-message", "error-summary", "fieldset", "file-upload", "hint",
    "input", "inset-text", "label", "legend", "notification-banner", "pagination", "panel", "password-input", "radios",
    "search-input", "select", "skip-link", "summary-list", "tabs", "tag", "task-list", "textarea",
    "warning-callout",
)  # fmt: skip


def snake(name: str) -> str:
    """``errorMessage`` is ``error_message``; ``imgURL`` is ``img_url``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z]+)", lambda found: f"_{found[1].lower()}", name)


def ours(value: object, key: str = "") -> object:
    """The design's options as our templates take them: names with underscores, HTML marked as such."""
    if key == "attributes":
        return value
    if isinstance(value, dict):
        return SimpleNamespace(**{snake(name): ours(item, name) for name, item in value.items()})
    if isinstance(value, list):
        return [ours(item) for item in value]
    if isinstance(value, str) and key.lower().endswith("html"):
        return mark_safe(value)
    return value


def words(text: str) -> str:
    return " ".join(text.split())


def tree(node: Tag) -> tuple:
    """An element with what it means: name, attributes (classes as a set), children; text without its spacing."""
    attributes = {
        name: frozenset(value if isinstance(value, list) else str(value).split())
        if name in ("class", "rel")
        else words(str(value))
        for name, value in node.attrs.items()
    }
    children: list = []
    for child in node.children:
        if isinstance(child, Comment):
            continue
        if isinstance(child, NavigableString):
            text = re.sub(r"\s+", "", str(child))
            if text and children and isinstance(children[-1], str):
                children[-1] += text
            elif text:
                children.append(text)
        else:
            children.append(tree(child))
    return (node.name, frozenset(attributes.items()), tuple(children))


def normal(html: str) -> tuple:
    soup = BeautifulSoup(html, "html.parser")
    return tuple(tree(node) for node in soup.children if isinstance(node, Tag))


def fixtures(component: str) -> list[dict]:
    return json.loads((FIXTURES / component / "fixtures.json").read_text())["fixtures"]


def key_of(component: str, fixture: dict) -> str:
    return f"{component}: {fixture['name']}"


def draw(component: str, context: dict) -> str:
    options = vars(ours(context))
    if component in ("label", "legend"):  # drawn inside others, which hand them their options under their name
        options = {component: SimpleNamespace(**options), "for": options.get("for")}
    return get_template(f"components/{component}.html").render(options)


#: Where a component puts words that Nunjucks handed it in a call block. The published options leave those words out,
#: so they are taken from the published HTML, and what stands around them is what is compared.
CALLED: dict[str, tuple[str, str, str]] = {  # component: option, where its words stand, what there is not theirs
    "action-link": ("html", ".nhsuk-action-link__text", ""),
    "back-link": ("html", ".nhsuk-back-link", ".nhsuk-u-visually-hidden"),
    "card": ("description", ".nhsuk-card__content", ".nhsuk-card__heading, .nhsuk-icon"),
    "details": ("html", ".nhsuk-details__text", ""),
    "error-message": ("html", ".nhsuk-error-message", ".nhsuk-u-visually-hidden"),
    "error-summary": ("description", ".nhsuk-error-summary__body > p", ""),
    "fieldset": ("html", "fieldset", "legend"),
    "hint": ("html", ".nhsuk-hint", ""),
    "inset-text": ("html", ".nhsuk-inset-text", ".nhsuk-u-visually-hidden"),
    "label": ("html", "label", ""),
    "legend": ("html", ".nhsuk-fieldset__heading, legend:not(:has(.nhsuk-fieldset__heading))", ".nhsuk-caption-l"),
    "notification-banner": ("html", ".nhsuk-notification-banner__content", ".nhsuk-notification-banner__heading"),
    "panel": ("html", ".nhsuk-panel__body", ""),
    "tag": ("html", "strong", ""),
    "warning-callout": ("html", ".nhsuk-card__content", ".nhsuk-card__heading"),
}


def called(component: str, fixture: dict) -> dict:
    """The fixture's options, with the words of its call block where it had one."""
    options = dict(fixture["context"])
    if component not in CALLED or {"text", "html", "description", "descriptionHtml", "descriptionText"} & set(options):
        return options
    option, place, others = CALLED[component]
    soup = BeautifulSoup(fixture["html"], "html.parser")
    region = soup.select_one(place)
    if region is None:
        return options
    for other in region.select(others) if others else []:
        if other.parent is region and ("heading" in options or component != "card"):
            other.extract()
    if words(region.decode_contents()):
        inner = mark_safe(region.decode_contents())
        options[option] = {"html": inner} if option == "description" else inner
    return options


TRANSLATED = "we write no words for scripts to say in another language"
PREFIX = "only a plain input has words before it here"
CLINICAL = "care cards tell patients how urgent a symptom is: nobody here does"

#: Fixtures that ours do not draw, and why.
EXCEPTIONS: dict[str, str] = {
    "card: emergency (red and black)": CLINICAL,
    "card: emergency (red and black) with action link": CLINICAL,
    "card: urgent (red)": CLINICAL,
    "card: non-urgent (blue)": CLINICAL,
    "summary-list: as a card (type emergency) with actions": CLINICAL,
    "summary-list: as a card (type urgent) with actions": CLINICAL,
    "summary-list: as a card (type non-urgent) with actions": CLINICAL,
    "character-count: with neither maxlength nor maxwords set": TRANSLATED,
    "character-count: with translations": TRANSLATED,
    "file-upload: with multiple": TRANSLATED,
    "file-upload: with translations": TRANSLATED,
    "password-input: with translations": TRANSLATED,
    "card: with image and custom HTML": "a heading that brings paragraphs of its own: those go into the card",
    "pagination: with deprecated options": "the old spelling of options that it takes under their new names",
    "password-input: with prefix": PREFIX,
    "password-input: with prefix and error message": PREFIX,
    "search-input: with prefix": PREFIX,
    "search-input: with prefix and error message": PREFIX,
}

CASES = [
    pytest.param(name, fixture, id=f"{name}-{number}-{fixture['name']}")
    for name in COMPONENTS
    for number, fixture in enumerate(fixtures(name))
    if key_of(name, fixture) not in EXCEPTIONS
]


@pytest.mark.parametrize(("component", "fixture"), CASES)
def test_component_when_drawn_with_a_fixtures_options_then_is_the_designs_html(component, fixture):
    assert normal(draw(component, called(component, fixture))) == normal(fixture["html"])


@pytest.mark.parametrize("key", EXCEPTIONS)
def test_exception_when_listed_then_is_of_a_fixture_that_ours_still_do_not_draw(key):
    component, _colon, name = key.partition(": ")
    found = [fixture for fixture in fixtures(component) if fixture["name"] == name]
    assert found
    assert any(normal(draw(component, called(component, each))) != normal(each["html"]) for each in found)


# --- Tables, which pages put together by tags -------------------------------------------------------------------

UNDRAWN_TABLE_OPTIONS = {
    "card", "panel", "scroll", "compact", "variant", "border", "lastRowBorder", "classes", "attributes", "striped",
    "sortAnnouncementText", "tableClasses", "panelClasses", "captionClasses", "id", "headingLevel", "heading",
}  # fmt: skip
UNDRAWN_CELL_OPTIONS = {
    "width",
    "align",
    "colspan",
    "rowspan",
    "classes",
    "attributes",
    "sortValue",
    "visuallyHiddenText",
}


def drawable_tables() -> list:
    """The responsive tables that use no more than text, links, numbers and sorting by links."""
    found = []
    for number, fixture in enumerate(fixtures("tables")):
        options = fixture["context"]
        rows = [options.get("head") or [], *(row for row in options.get("rows") or [] if isinstance(row, list))]
        cells = [cell for row in rows for cell in row if isinstance(cell, dict)]
        sorts_by_script = any(cell.get("sort") and not cell.get("href") for cell in cells)
        if (
            options.get("responsive")
            and options.get("firstCellIsHeader")
            and not UNDRAWN_TABLE_OPTIONS & set(options)
            and not any(UNDRAWN_CELL_OPTIONS & set(cell) or cell.get("href") for cell in cells)
            and not sorts_by_script
        ):
            found.append(pytest.param(fixture, id=f"{number}-{fixture['name']}"))
    return found


def table_template(options: dict) -> str:
    """The tags that a page would write for a fixture's table."""
    caption = options["caption"] if isinstance(options["caption"], dict) else {"text": options["caption"]}
    head = [each if isinstance(each, dict) else {"text": each} for each in options["head"]]
    lines = [f'{{% data_table "{caption["text"]}" size="{caption.get("size", "")}" %}}{{% head %}}']
    for each in head:
        numeric = " numeric=True" if each.get("format") == "numeric" else ""
        lines.append(f'{{% column "{each["text"]}"{numeric} %}}')
    lines.append("{% endhead %}{% rows %}")
    for row in options["rows"]:
        lines.append("{% row %}")
        for number, item in enumerate(row):
            each = item if isinstance(item, dict) else {"text": str(item)}
            numeric = " numeric=True" if each.get("format") == "numeric" else ""
            tag = "row_header" if number == 0 else "cell"
            shown = each.get("html") or conditional_escape(each.get("text", ""))
            lines.append(f'{{% {tag} "{head[number]["text"]}"{numeric} %}}{shown}{{% end{tag} %}}')
        lines.append("{% endrow %}")
    lines.append("{% endrows %}{% enddata_table %}")
    return "".join(lines)


def as_published(html: str) -> str:
    """Ours without what it adds: a class of its own, and around the words of a cell a div where the design has
    nothing or a span, because the words here may be a list."""
    soup = BeautifulSoup(html, "html.parser")
    for table in soup.select("table"):
        table["class"] = [name for name in table["class"] if not name.startswith("app-")]
    for cell in soup.select(".app-cell"):
        cell.unwrap()
    for cell in soup.select("tbody span:not(.nhsuk-table__heading):not([class])"):
        cell.unwrap()
    return str(soup)


@pytest.mark.parametrize("fixture", drawable_tables())
def test_table_tags_when_they_draw_a_fixtures_rows_then_make_the_designs_responsive_table(fixture):
    html = engines["django"].from_string(table_template(fixture["context"])).render({})
    assert normal(as_published(html)) == normal(as_published(fixture["html"]))


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
        "{% card x %}{% endcard %}{% details x %}{% enddetails %}{% status_tag x x %}{% task x url x %}"
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
