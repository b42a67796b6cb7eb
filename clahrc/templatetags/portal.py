"""Template tags that every template may use: one for each component that pages put together themselves.

``docs/components.md`` shows each. Forms are drawn by the crispy pack instead (``templates/nhsuk``).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django import forms, template
from django.core.paginator import Page
from django.forms.formsets import BaseFormSet
from django.http import QueryDict
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify

from clahrc.templatetags.nhs_fields import all_errors_of, draw_error_summary
from clahrc.templatetags.status import colour_of

register = template.Library()


def address(target: object) -> str:
    """An address given as a URL name (``dashboard``, ``people:index``) or as the address itself."""
    text = str(target)
    if not text or text[0] in "/#?." or "://" in text or text.startswith(("mailto:", "tel:")):
        return text
    return reverse(text)


def _render(component: str, **options: object) -> SafeString:
    return SafeString(get_template(f"components/{component}.html").render(options))


def _links(pairs: tuple[object, ...], tag: str) -> list[dict[str, object]]:
    if len(pairs) % 2:
        raise template.TemplateSyntaxError(f"{tag} takes pairs: words, then a URL name or address.")
    return [{"text": text, "href": address(target)} for text, target in zip(pairs[::2], pairs[1::2], strict=True)]


def _path_of(context: template.Context) -> str:
    request = context.get("request")
    return request.path if request else ""


# --- Where you are --------------------------------------------------------------------------------------------


@register.simple_tag
def breadcrumbs(*pairs: object) -> SafeString:
    """``{% breadcrumbs "Home" "home" study.short_title study.get_absolute_url %}``: the pages above this one."""
    return _render("breadcrumb", items=_links(pairs, "breadcrumbs"))


@register.simple_tag
def url_or_nothing(name: str) -> str:
    """The address of a page, or nothing where this installation has no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@register.simple_tag
def back_link(text: object = "Back", href: object = "home") -> SafeString:
    """``{% back_link "Back to your reviews" "reviews:index" %}``, in place of breadcrumbs within a journey."""
    return _render("back-link", text=text, href=address(href))


@register.simple_tag(takes_context=True)
def section_nav(context: template.Context, label: str, *pairs: object) -> SafeString:
    """``{% section_nav "Study" "Overview" url "Ledger" url %}``: links between pages about one thing; the one you
    are on is marked.
    """
    path = _path_of(context)
    items = [{**item, "current": urlsplit(str(item["href"])).path == path} for item in _links(pairs, "section_nav")]
    return _render("secondary-navigation", label=label, items=items)


@register.simple_tag
def contents_list(*pairs: object, current: str = "") -> SafeString:
    """Links to the parts of a long page, or to the pages of a set of which ``current`` is the one you are on."""
    items = [{**item, "current": item["href"] == current} for item in _links(pairs, "contents_list")]
    return _render("contents-list", items=items)


@register.simple_tag(takes_context=True)
def page_has_errors(context: template.Context) -> bool:
    """Whether the page's ``form`` or ``formset`` came back with errors: its title and its banners depend on it."""
    found: list[Any] = [context.get("form"), context.get("formset"), *(context.get("forms") or [])]
    return any(bool(_error_count(each)) for each in found)


@register.simple_tag(takes_context=True)
def page_error_summary(context: template.Context) -> SafeString:
    """The errors of the page's forms, before anything else on it; the forms themselves then do not list them again."""
    found = [context.get("form"), context.get("formset"), *(context.get("forms") or [])]
    return SafeString(draw_error_summary(all_errors_of(found)))


def _error_count(candidate: object) -> int:
    if isinstance(candidate, BaseFormSet):
        return candidate.total_error_count() if candidate.is_bound else 0
    if isinstance(candidate, forms.BaseForm):
        return len(candidate.errors)
    return 0


# --- Things to press ------------------------------------------------------------------------------------------


@register.simple_tag
def button(text: object, href: object = "", variant: str = "", **options: object) -> SafeString:
    """``{% button "Save" %}`` submits; ``{% button "New study" "studies:new" variant="secondary" %}`` is a link.

    Variants: secondary, secondary-solid, reverse, warning. ``name``, ``value``, ``small``, ``disabled``, ``id``,
    ``classes`` and ``prevent_double_click`` are passed on.
    """
    return _render("button", text=text, href=address(href) if href else "", variant=variant, **options)


@register.simple_tag
def action_link(text: object, href: object) -> SafeString:
    """``{% action_link "Join a community" "communities:join" %}``: the one thing most people came to do."""
    return _render("action-link", text=text, href=address(href))


# --- Status, numbers, people ----------------------------------------------------------------------------------


@register.simple_tag
def tag(text: object, colour: str = "", classes: str = "") -> SafeString:
    """``{% tag "Overdue" "red" %}``: a word in a coloured box. The word alone must say it."""
    return _render("tag", text=text, colour=colour, classes=classes)


@register.simple_tag
def status_tag(value: object, label: object = "") -> SafeString:
    """``{% status_tag study.stage study.get_stage_display %}``: the tag of a status, in the portal's one colour for it.

    A TextChoices member brings its own label.
    """
    return _render("tag", text=label or getattr(value, "label", value), colour=colour_of(str(value)))


@register.simple_tag
def stat(label: object, number: object, href: object = "", note: object = "", accent: str = "") -> SafeString:
    """``{% stat "Studies" 16 "table_1" note="in 4 themes" %}``: a number to see at a glance, inside ``{% stats %}``."""
    return _render("stat", label=label, number=number, href=address(href) if href else "", note=note, accent=accent)


@register.simple_block_tag
def stats(content: str) -> SafeString:
    """A row of stat tiles."""
    return format_html('<ul class="app-stats">{}</ul>', SafeString(content))


@register.simple_tag
def progress(label: object, value: float, maximum: float, note: object = "") -> SafeString:
    """``{% progress "Associates who joined" 213 400 %}``: how far along something is, in words and as a bar."""
    return _render("progress", label=label, value=value, maximum=maximum, note=note)


@register.simple_tag
def person(user: Any, role: object = "") -> SafeString:
    """A person's name, with what they do there in lighter type. "Nobody yet" where there is none."""
    return _render("person", name=str(user) if user else "", role=role)


@register.simple_tag
def empty_state(heading: object, text: object = "", action: object = "", href: object = "") -> SafeString:
    """What to show where a list has nothing: why, and what to do about it."""
    return _render("empty-state", heading=heading, text=text, action=action, href=address(href) if href else "")


# --- Boxes around words ---------------------------------------------------------------------------------------


@register.simple_block_tag
def card(
    content: str, heading: object = "", href: object = "", level: int = 2, variant: str = "", **options: object
) -> SafeString:
    """``{% card "Heading" href=… level=3 %}…{% endcard %}``. With ``href`` the heading is the link and the whole card
    can be pressed. Variants: feature, secondary.
    """
    return _render(
        "card",
        heading={"text": heading, "level": level, "size": options.pop("size", "m")},
        href=address(href) if href else "",
        clickable=bool(href),
        description={"html": SafeString(content)},
        variant=variant,
        **options,
    )


@register.simple_block_tag
def details(content: str, summary: object, open: bool = False) -> SafeString:
    """``{% details "What is a diffusion fellow?" %}…{% enddetails %}``: help for those who want it."""
    return _render("details", summary=summary, html=SafeString(content), open=open)


@register.simple_block_tag
def expander(content: str, summary: object, open: bool = False) -> SafeString:
    """Like ``details``, in a box of its own."""
    return _render("details", summary=summary, html=SafeString(content), open=open, classes="nhsuk-expander")


@register.simple_block_tag
def inset(content: str) -> SafeString:
    """``{% inset %}…{% endinset %}``: words set apart from the rest."""
    return _render("inset-text", html=SafeString(content))


@register.simple_block_tag
def warning_callout(content: str, heading: object, level: int = 2) -> SafeString:
    """``{% warning_callout "This cannot be undone" %}…{% endwarning_callout %}``."""
    return _render("warning-callout", heading={"text": heading, "level": level}, html=SafeString(content))


@register.simple_block_tag
def panel(content: str, title: object, level: int = 1) -> SafeString:
    """``{% panel "You have joined" %}…{% endpanel %}``: the end of a journey. Its title is the page's h1."""
    return _render("panel", heading={"text": title, "level": level}, html=SafeString(content))


@register.simple_block_tag
def notification(content: str, title: object = "Important", kind: str = "", id: str = "banner") -> SafeString:
    """``{% notification "Important" %}…{% endnotification %}``; ``kind="success"`` for what has just worked."""
    return _render(
        "notification-banner", title={"text": title, "id": f"{id}-title"}, html=SafeString(content), variant=kind
    )


# --- Lists and tables -----------------------------------------------------------------------------------------


@register.simple_block_tag
def summary_list(content: str, classes: str = "") -> SafeString:
    """``{% summary_list %}{% summary_row "Theme" %}Stroke{% endsummary_row %}{% endsummary_list %}``."""
    return format_html(
        '<dl class="nhsuk-summary-list{}">{}</dl>', f" {classes}" if classes else "", SafeString(content)
    )


@register.simple_block_tag
def summary_row(content: str, key: object, href: object = "", action: object = "Change") -> SafeString:
    """One line of a summary list; with ``href`` it ends in a link ("Change", or ``action``)."""
    shown = content if content.strip() else '<span class="app-muted">Not given</span>'
    link = (
        format_html(
            '<dd class="nhsuk-summary-list__actions"><a href="{}">{}<span class="nhsuk-u-visually-hidden"> {}</span></a></dd>',
            address(href), action, str(key).lower(),
        )
        if href
        else ""
    )  # fmt: skip
    return format_html(
        '<div class="nhsuk-summary-list__row{}"><dt class="nhsuk-summary-list__key">{}</dt>'
        '<dd class="nhsuk-summary-list__value">{}</dd>{}</div>',
        "" if href else " nhsuk-summary-list__row--no-actions", key, SafeString(shown), link,
    )  # fmt: skip


@register.simple_block_tag
def data_table(
    content: str, caption: object, size: str = "m", hide_caption: bool = False, classes: str = ""
) -> SafeString:
    """``{% data_table "Studies" %}{% head %}…{% endhead %}…rows…{% enddata_table %}``: on a phone each row is a card.

    ``hide_caption`` keeps the caption for screen readers only, where a heading above says the same.
    """
    caption_classes = "nhsuk-u-visually-hidden" if hide_caption else f"nhsuk-table__caption--{size}"
    return format_html(
        '<table class="nhsuk-table app-table-cards{}" role="table">'
        '<caption class="nhsuk-table__caption {}">{}</caption>{}</table>',
        f" {classes}" if classes else "", caption_classes, caption, SafeString(content),
    )  # fmt: skip


@register.simple_block_tag
def head(content: str) -> SafeString:
    """The header row of a ``data_table``; its columns are ``{% column %}`` and ``{% sort_column %}``."""
    return format_html(
        '<thead class="nhsuk-table__head" role="rowgroup"><tr role="row">{}</tr></thead>', SafeString(content)
    )


@register.simple_block_tag
def rows(content: str) -> SafeString:
    """The body of a ``data_table``: its ``{% row %}``s."""
    return format_html('<tbody class="nhsuk-table__body" role="rowgroup">{}</tbody>', SafeString(content))


@register.simple_block_tag
def row(content: str, classes: str = "") -> SafeString:
    """A row of a ``data_table``: first a ``{% row_header %}``, then ``{% cell %}``s."""
    return format_html(
        '<tr class="nhsuk-table__row{}" role="row">{}</tr>', f" {classes}" if classes else "", SafeString(content)
    )


@register.simple_tag
def column(label: object, numeric: bool = False, hide: bool = False) -> SafeString:
    """A column's heading; ``hide`` leaves it to screen readers."""
    shown = format_html('<span class="nhsuk-u-visually-hidden">{}</span>', label) if hide else label
    return format_html(
        '<th class="nhsuk-table__header{}" role="columnheader" scope="col">{}</th>',
        " nhsuk-table__header--numeric" if numeric else "", shown,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def sort_column(
    context: template.Context, label: object, key: str, param: str = "sort", numeric: bool = False, default: str = ""
) -> SafeString:
    """A column's heading that sorts: its link sets ``?sort=key``, then ``?sort=-key``; the rest of the query stays.

    ``default`` is the order that the list has where the address names none.
    """
    query = _query_of(context)
    now = query.get(param) or default
    ascending, descending = now == key, now == f"-{key}"
    query[param] = f"-{key}" if ascending else key
    query.pop("page", None)
    return _render(
        "sort-header",
        label=label,
        href=f"?{query.urlencode()}",
        direction="ascending" if ascending else "descending" if descending else "",
        numeric=numeric,
    )


@register.simple_block_tag
def row_header(content: str, label: object = "") -> SafeString:
    """The first cell of a row: what the row is about."""
    return format_html(
        '<th class="nhsuk-table__header app-table-cards__title" role="rowheader" scope="row"{}>{}</th>',
        format_html(' data-label="{}"', label) if label else "", SafeString(content),
    )  # fmt: skip


@register.simple_block_tag
def cell(content: str, label: object = "", numeric: bool = False) -> SafeString:
    """A cell; ``label`` is its column's heading, shown beside it where the row is a card."""
    return format_html(
        '<td class="nhsuk-table__cell{}" role="cell"{}>{}</td>',
        " nhsuk-table__cell--numeric" if numeric else "",
        format_html(' data-label="{}"', label) if label else "",
        SafeString(content),
    )


def _query_of(context: template.Context) -> QueryDict:
    request = context.get("request")
    return request.GET.copy() if request else QueryDict(mutable=True)


def _page_numbers(page: Page[Any]) -> Iterator[int | None]:
    """The numbers to offer, with None where some are left out: 1 … 4 5 6 … 20."""
    last = page.paginator.num_pages
    kept = sorted({1, last, *range(max(1, page.number - 1), min(last, page.number + 1) + 1)})
    yield kept[0]
    for before, number in pairwise(kept):
        if number - before > 1:
            yield None
        yield number


@register.simple_tag(takes_context=True)
def pagination(context: template.Context, page: Page[Any], param: str = "page") -> SafeString:
    """``{% pagination page_obj %}``: nothing where there is one page. Filters and sorting stay in the links."""
    if not page.has_other_pages():
        return SafeString("")
    query = _query_of(context)

    def link(number: int) -> str:
        query[param] = str(number)
        return f"?{query.urlencode()}"

    items = [
        {"number": number, "href": link(number), "current": number == page.number} if number else {"ellipsis": True}
        for number in _page_numbers(page)
    ]
    return _render(
        "pagination",
        items=items,
        numbered=True,
        previous={"href": link(page.previous_page_number())} if page.has_previous() else None,
        next={"href": link(page.next_page_number())} if page.has_next() else None,
    )


@register.simple_tag
def results_summary(page: Page[Any], noun: str, plural: str = "") -> SafeString:
    """``{% results_summary page_obj "study" "studies" %}``: "Showing 1 to 20 of 48 studies"."""
    total = page.paginator.count
    name = noun if total == 1 else plural or f"{noun}s"
    if page.has_other_pages():
        words = f"Showing {page.start_index():,} to {page.end_index():,} of {total:,} {name}"
    else:
        words = f"{total:,} {name}"
    return format_html('<p class="app-results-summary" role="status">{}</p>', words)


@register.simple_block_tag(takes_context=True)
def filter_panel(
    context: template.Context, content: str, heading: object = "Filter", button: str = "Apply filters", keep: str = ""
) -> SafeString:
    """A GET form around filter fields. It folds away, and is open where a filter is on. ``keep`` names the query
    parameters (by spaces) that it carries along, such as ``sort``.
    """
    query = _query_of(context)
    kept = [(name, query[name]) for name in keep.split() if name in query]
    active = any(value for name, value in query.items() if name not in {"page", "sort", *keep.split()})
    return _render(
        "filter-panel",
        heading=heading, button=button, content=SafeString(content), kept=kept, active=active, path=_path_of(context),
    )  # fmt: skip


@register.simple_block_tag
def task_list(content: str) -> SafeString:
    """``{% task_list %}{% task "Write the summary" url "Completed" %}{% endtask_list %}``."""
    return format_html('<ul class="nhsuk-task-list">{}</ul>', SafeString(content))


@register.simple_tag
def task(
    text: object, href: object = "", status: object = "", colour: str = "", hint: object = "", id: str = ""
) -> SafeString:
    """One task and how far it is. Without ``colour`` the status is plain text, as for what is done."""
    return _render(
        "task-list-item",
        href=address(href) if href else "",
        heading={"content": text},
        hint={"content": hint},
        status={"content": status, "tag": {"text": status, "colour": colour} if colour else None},
        id=id or f"task-{slugify(text)}",
    )


@register.simple_block_tag
def button_group(content: str) -> SafeString:
    """Buttons and links that belong together, in one row."""
    return format_html('<div class="nhsuk-button-group">{}</div>', SafeString(content))


@register.simple_tag
def bullet_list(items: Any) -> SafeString:
    """The items as a bulleted list; nothing where there are none."""
    found = list(items or [])
    if not found:
        return SafeString("")
    lines = format_html_join("", "<li>{}</li>", ((item,) for item in found))
    return format_html('<ul class="nhsuk-list nhsuk-list--bullet">{}</ul>', lines)
