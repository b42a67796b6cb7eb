"""Our components against the HTML that the design itself publishes for each (its ``fixtures.json``)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup, Comment, NavigableString, Tag
from django.conf import settings
from django.template import engines
from django.template.loader import get_template
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe

pytestmark = pytest.mark.once

FIXTURES = Path(settings.BASE_DIR) / "node_modules/nhsuk-frontend/dist/nhsuk/components"

COMPONENTS = (
    "action-link", "back-link", "breadcrumb", "button", "card", "checkboxes",
    "date-input", "details", "error-message", "error-summary", "fieldset", "hint",
    "input", "inset-text", "label", "legend", "notification-banner", "pagination", "panel", "radios",
    "skip-link", "summary-list", "tag",
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
    "card: with image and custom HTML": "a heading that brings paragraphs of its own: those go into the card",
    "pagination: with deprecated options": "the old spelling of options that it takes under their new names",
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
