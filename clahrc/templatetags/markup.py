"""Filters with which the component templates are written; pages use the tags of ``portal`` instead."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


def _mapping_of(value: object) -> Mapping[str, Any] | None:
    if isinstance(value, Mapping):
        return value
    return vars(value) if isinstance(value, SimpleNamespace) else None


@register.filter
def words(value: object) -> SimpleNamespace:
    """A component's wording as one shape: ``content`` is what to show, the rest (id, classes, …) what was given.

    Text comes as a string (escaped unless it is already safe) or as a mapping with ``text`` or ``html``.
    """
    given = _mapping_of(value)
    if given is None:
        return SimpleNamespace(content="" if value is None or isinstance(value, bool) else value)
    return SimpleNamespace(**{**given, "content": given.get("html") or given.get("text") or given.get("content") or ""})


def _attribute(name: str, value: object) -> SafeString:
    given = _mapping_of(value)
    optional = bool(given and given.get("optional"))
    if given is not None:
        value = json.dumps(given.get("value")) if given.get("type") == "array" else given.get("value")
    if optional and (value is None or value is False):
        return SafeString("")
    if optional and value is True:
        return format_html(" {}", name)
    shown = {None: "", True: "true", False: "false"}.get(value, value) if isinstance(value, bool | None) else value
    return format_html(' {}="{}"', name, shown)


@register.filter
def attributes(given: object) -> SafeString:
    """Extra HTML attributes of a component, escaped, with a space before each.

    A value may say ``{"value": …, "optional": True}``: then nothing is written where it is empty or false, and only
    the name where it is true.
    """
    pairs = _mapping_of(given)
    if pairs is None:
        return given if isinstance(given, SafeString) else SafeString("")
    return format_html_join("", "{}", ((_attribute(name, value),) for name, value in pairs.items()))


@register.filter
def modifier(value: object, base: str) -> str:
    """``{{ "green"|modifier:"nhsuk-tag" }}`` is `` nhsuk-tag--green``; nothing where there is no value."""
    return f" {base}--{value}" if value else ""


@register.filter
def spaced(value: object) -> str:
    """The value with a space before it, to go on at the end of a class list; nothing where there is none."""
    return f" {value}" if value else ""


def is_one_of(value: object, choices: object) -> bool:
    """Whether a choice is the one picked, or among those picked; compared as text, as browsers send them."""
    if value in (None, "") or choices in (None, ""):
        return False
    picked: Iterable[object] = [choices] if isinstance(choices, str) or not isinstance(choices, Iterable) else choices
    return str(value) in {str(choice) for choice in picked}


@register.simple_tag
def described_by(given: object = "", field_id: object = "", hint: object = None, error: object = None) -> SafeString:
    """`` aria-describedby="…"``: the ids given, then the hint's and the error's where there are any."""
    ids = [str(given)] if given else []
    for part, suffix in ((hint, "hint"), (error, "error")):
        if getattr(part, "content", None):
            ids.append(getattr(part, "id", None) or f"{field_id}-{suffix}")
    return format_html(' aria-describedby="{}"', " ".join(ids)) if ids else SafeString("")


@register.filter
def icon_of(given: object) -> SimpleNamespace:
    """A button's icon, given by name or as a mapping with ``name`` and ``placement`` (start or end)."""
    found = _mapping_of(given)
    if found is None:
        return SimpleNamespace(name=given or "", placement="start" if given else "")
    return SimpleNamespace(**{"name": "", "placement": "", **found})


@register.filter
def as_json(value: object) -> str:
    """A list as JSON without spaces, for a data attribute."""
    return json.dumps(value, separators=(",", ":"))


@register.filter
def error_prefix(error: object) -> object:
    """What screen readers hear before an error: "Error", unless it says otherwise."""
    return vars(error).get("visually_hidden_text", "Error") if isinstance(error, SimpleNamespace) else "Error"


@register.simple_tag
def first_given(first: object, second: object) -> object:
    """The first of two options that was given at all; false counts as given."""
    return second if first in (None, "") else first


@register.simple_tag
def is_link(href: object, kind: object, element: object) -> bool:
    """Whether something pressed is a link: as it says, or because it has an address and no button type."""
    return str(element).lower() == "a" if element else bool(href) and not kind


# --- Titles: labels, legends and headings with their captions ------------------------------------------------------


def _text_of(given: object) -> SimpleNamespace:
    """A wording with every part a title may have, so that templates can ask for each."""
    blank = {"id": "", "classes": "", "attributes": None, "level": None, "size": None, "visually_hidden_text": ""}
    return SimpleNamespace(**{**blank, "caption": None, "placement": "", "element": "", **vars(words(given))})


def _size_class(base: str, sizes: tuple[str, ...], size: object, classes: str, separator: str = "--") -> str:
    """The class of a size, unless the caller's own classes already name one."""
    if size not in sizes or any(f"{base}{separator}{each}" in (classes or "") for each in sizes):
        return ""
    return f"{base}{separator}{size}"


def _caption_of(given: object, size: object) -> SimpleNamespace | None:
    caption = _text_of(given)
    if not caption.content:
        return None
    caption.css = _size_class("nhsuk-caption", ("m", "l", "xl", "xxl"), caption.size or size, caption.classes, "-")
    caption.css = caption.css or "nhsuk-caption"
    if caption.placement in ("after", "end"):
        caption.css += " nhsuk-caption--bottom"
    caption.placement = caption.placement or "start"
    return caption


@register.filter
def titled(given: object, base: str) -> SimpleNamespace:
    """A label or legend as its template needs it: ``content``, ``css``, ``caption`` and, where it is also a heading,
    ``heading``. What the heading says comes before what the label says.
    """
    title = _text_of(given)
    asked = getattr(title, "heading", None)
    is_page_heading = getattr(title, "is_page_heading", None)
    heading = _text_of(asked) if asked else _text_of(None)
    title.heading = (
        heading if (is_page_heading and asked is not False) or (is_page_heading is not False and asked) else None
    )
    if title.heading:
        for part in ("content", "visually_hidden_text", "caption", "size"):
            setattr(title, part, getattr(heading, part) or getattr(title, part))
        heading.tag = f"h{heading.level or 1}"
    title.content = title.content or heading.content
    title.caption = _caption_of(title.caption, title.size)
    sizes = ("s", "m", "l", "xl")
    title.css = " ".join(
        part for part in (base, _size_class(base, sizes, title.size, title.classes), title.classes) if part
    )
    return title


@register.filter
def heading_of(given: object, base: str) -> SimpleNamespace:
    """A component's heading: ``content``, ``css``, ``level``, ``caption``; ``base`` is its class."""
    heading = _text_of(given)
    heading.caption = _caption_of(heading.caption, heading.size)
    heading.css = " ".join(part for part in (base, heading.classes) if part)
    return heading


# --- Radios and checkboxes -------------------------------------------------------------------------------------


@register.simple_tag
def item_id(item: object, prefix: object, number: int) -> str:
    """The id of one choice. The first has the group's own, so that an error summary can link to it."""
    given = _mapping_of(item) or {}
    return str(given.get("id") or (prefix if number == 1 else f"{prefix}-{number}"))


@register.simple_tag
def is_chosen(item: object, chosen: object) -> bool:
    """Whether a choice is picked: because it says so, or because its value is the one (or among those) chosen."""
    given = _mapping_of(item) or {}
    says = given.get("checked", given.get("selected"))
    if says is not None:
        return bool(says)
    return is_one_of(given.get("value", given.get("text")), chosen)


@register.filter
def item_label(item: object) -> SimpleNamespace:
    """The label of one choice, which it gives as ``label``, ``html`` or ``text``."""
    given = _mapping_of(item) or {}
    return words(given.get("label") or {"html": given.get("html"), "text": given.get("text")})


@register.filter
def item_hint(given: object, item_id: str) -> SimpleNamespace:
    """The hint of one choice, with its id."""
    hint = _text_of(given)
    hint.id = hint.id or f"{item_id}-item-hint"
    return hint


@register.simple_tag
def item_described_by(
    given: object, prefix: object, hint: object, error: object, item_id: str, item_hint: object
) -> SafeString:
    """What describes a checkbox that stands in no fieldset: the question's hint and error, then its own hint."""
    ids = [str(given)] if given else []
    for part, each in ((hint, f"{prefix}-hint"), (error, f"{prefix}-error"), (item_hint, f"{item_id}-item-hint")):
        if getattr(part, "content", None):
            ids.append(getattr(part, "id", None) or each)
    return format_html(' aria-describedby="{}"', " ".join(ids)) if ids else SafeString("")


# --- Dates in boxes --------------------------------------------------------------------------------------------

_BOX_WIDTHS = {"day": 2, "month": 2, "year": 4}


def _box_says_wrong(box: Mapping[str, Any]) -> bool:
    return bool(box.get("error")) or "nhsuk-input--error" in str(box.get("classes", ""))


@register.simple_tag
def date_boxes(
    field_id: object, name_prefix: object, items: object, day: object, month: object, year: object,
    values: object, error: object,
) -> list[SimpleNamespace]:  # fmt: skip
    """The boxes of a date input, each with its id, name, label, width and whether it is wrong.

    ``items`` are the boxes; without them there are three, of which ``day``, ``month`` and ``year`` may say more. Where
    the whole has an error and no box says that it is the one, every box is wrong.
    """
    given = [dict(found) for item in items if (found := _mapping_of(item))] if isinstance(items, list) else []
    if not given:
        parts = (("day", day), ("month", month), ("year", year))
        given = [{"name": name, **(_mapping_of(more) or {})} for name, more in parts if more is not False]
    known = _mapping_of(values) or {}
    some_say = any(_box_says_wrong(box) for box in given)
    boxes = []
    for box in given:
        name = str(box.get("name", ""))
        label = words(box.get("label"))
        label.content = label.content or name.capitalize()
        wrong = _box_says_wrong(box) if some_say else bool(error) and box.get("error") is not False
        defaults = {
            "id": box.get("id") or f"{field_id}-{name}",
            "value": box.get("value", known.get(name)),
            "width": box.get("width", _BOX_WIDTHS.get(name)),
        }
        own_name = f"{name_prefix}[{name}]" if name_prefix else name
        boxes.append(SimpleNamespace(**{**box, **defaults, "name": own_name, "label": label, "error": bool(wrong)}))
    return boxes


@register.simple_tag
def any_wrong(boxes: list[SimpleNamespace]) -> bool:
    """Whether any box of a date is wrong."""
    return any(box.error for box in boxes)


# --- Cards and lists -------------------------------------------------------------------------------------------


@register.filter
def actions_of(given: object) -> SimpleNamespace:
    """A component's links, given as a list or as a mapping with ``items`` and ``classes``."""
    found = _mapping_of(given)
    if found is not None:
        items = [item for item in (found.get("items") or []) if item]
        return SimpleNamespace(**{"classes": "", "id": "", "attributes": None, "width": "", **found, "items": items})
    items = [item for item in given if item] if isinstance(given, Iterable) and not isinstance(given, str) else []
    return SimpleNamespace(items=items, classes="", id="", attributes=None, width="")


@register.simple_tag
def parts_of(item: object) -> object:
    """The items within an item, where it has any."""
    return (_mapping_of(item) or {}).get("items")


@register.simple_tag
def text_or_html(text: object, html: object) -> dict[str, object]:
    """The two ways of giving a component its words, as one."""
    return {"text": text, "html": html}


@register.simple_tag
def warning_heading(heading: object, level: object, classes: object, hidden: object) -> SimpleNamespace:
    """The heading of a warning: says "Important" to screen readers unless its own words do."""
    title = _text_of(heading)
    title.level = title.level or level or 3
    title.classes = title.classes or classes or ""
    says_so = "important" in str(title.content).lower()
    title.visually_hidden_text = "" if says_so else title.visually_hidden_text or hidden or "Important"
    return title


@register.simple_tag
def has_actions(rows: object) -> bool:
    """Whether any row of a summary list ends in a link; then those that do not keep its place empty."""
    found = rows if isinstance(rows, Iterable) and not isinstance(rows, str) else []
    return any(actions_of((_mapping_of(row) or {}).get("actions")).items for row in found)


@register.simple_tag
def card_of(given: object) -> SimpleNamespace:
    """The card around another component, with its heading and links as their templates need them."""
    found = dict(_mapping_of(given) or {})
    blank = {"id": "", "classes": "", "variant": "", "href": "", "attributes": None}
    heading = heading_of(found.get("heading"), "nhsuk-card__heading")
    return SimpleNamespace(**{**blank, **found, "heading": heading, "actions": actions_of(found.get("actions"))})


@register.filter
def task_heading(item: object) -> SimpleNamespace:
    """What a task is called: its ``heading``, or as it used to be spelt, its ``title``."""
    given = _mapping_of(item) or {}
    return _text_of(given.get("heading") or given.get("title"))
