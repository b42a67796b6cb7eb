"""Template tags for lists: tables whose rows are cards on a phone, sorting, pages, filters, facts and tasks.

They are built in with those of ``portal``; ``docs/components.md`` shows each.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from django import template
from django.core.paginator import Page
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clahrc.templatetags.drawing import Frame, address, frame_tag, path_of, query_of, render

register = template.Library()


@register.simple_block_tag
def summary_list(content: str, classes: str = "") -> SafeString:
    """``{% summary_list %}{% summary_row "Theme" %}Stroke{% endsummary_row %}{% endsummary_list %}``."""
    if "nhsuk-summary-list__actions" not in content:  # no row keeps a place for links that none has
        content = content.replace(" nhsuk-summary-list__row--no-actions", "")
    return format_html(
        '<dl class="nhsuk-summary-list{}">{}</dl>', f" {classes}" if classes else "", SafeString(content)
    )


@register.simple_block_tag
def summary_row(content: str, key: object, href: object = "", action: object = "Change") -> SafeString:
    """One line of a summary list; with ``href`` it ends in a link ("Change", or ``action``)."""
    shown = content if content.strip() else '<span class="app-muted">Not given</span>'
    link: SafeString | str = ""
    if href:
        link = format_html(
            '<dd class="nhsuk-summary-list__actions"><a class="nhsuk-link" href="{}">{}'
            '<span class="nhsuk-u-visually-hidden"> {}</span></a></dd>',
            address(href), action, _in_a_sentence(key),
        )  # fmt: skip
    return format_html(
        '<div class="nhsuk-summary-list__row{}"><dt class="nhsuk-summary-list__key">{}</dt>'
        '<dd class="nhsuk-summary-list__value">{}</dd>{}</div>',
        "" if href else " nhsuk-summary-list__row--no-actions", key, SafeString(shown), link,
    )  # fmt: skip


def _in_a_sentence(words: object) -> str:
    text = str(words)
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


# --- Tables ---------------------------------------------------------------------------------------------------


@register.simple_block_tag
def data_table(
    content: str, caption: object, size: str = "m", hide_caption: bool = False, classes: str = ""
) -> SafeString:
    """``{% data_table "Studies" %}{% head %}…{% endhead %}…rows…{% enddata_table %}``: on a phone each row is a card.

    ``hide_caption`` keeps the caption for screen readers only, where a heading above says the same.
    """
    sorts = "data-sort" in content
    own = " nhsuk-table--sortable" if sorts else ""
    hint = SafeString('<span class="nhsuk-u-visually-hidden"> (Column headers are sortable)</span>') if sorts else ""
    look = " nhsuk-u-visually-hidden" if hide_caption else f" nhsuk-table__caption--{size}" if size else ""
    return format_html(
        '<table class="nhsuk-table nhsuk-table--responsive app-table-cards{}{}" role="table">'
        '<caption class="nhsuk-table__caption{}">{}{}</caption>{}</table>',
        own, f" {classes}" if classes else "", look, caption, hint, SafeString(content),
    )  # fmt: skip


@frame_tag(register)
def head() -> Frame:
    """The header row of a ``data_table``; its columns are ``{% column %}`` and ``{% sort_column %}``."""
    before = '<thead class="nhsuk-table__head" role="rowgroup"><tr class="nhsuk-table__row" role="row">'
    return SafeString(before), SafeString("</tr></thead>")


@frame_tag(register)
def rows() -> Frame:
    """The body of a ``data_table``: its ``{% row %}``s."""
    return SafeString('<tbody class="nhsuk-table__body">'), SafeString("</tbody>")


@frame_tag(register)
def row(classes: str = "") -> Frame:
    """A row of a ``data_table``: first a ``{% row_header %}``, then ``{% cell %}``s."""
    before = format_html('<tr class="nhsuk-table__row{}" role="row">', f" {classes}" if classes else "")
    return before, SafeString("</tr>")


@register.simple_tag
def column(label: object, numeric: bool = False, hide: bool = False) -> SafeString:
    """A column's heading; ``hide`` leaves it to screen readers."""
    shown = format_html('<span class="nhsuk-u-visually-hidden">{}</span>', label) if hide else label
    return format_html(
        '<th class="nhsuk-table__header{}" scope="col" role="columnheader">{}</th>',
        " nhsuk-table__header--numeric" if numeric else "", shown,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def sort_column(
    context: template.Context, label: object, key: str, param: str = "sort", numeric: bool = False, default: str = ""
) -> SafeString:
    """A column's heading that sorts: its link sets ``?sort=key``, then ``?sort=-key``; the rest of the query stays.

    ``default`` is the order that the list has where the address names none.
    """
    query = query_of(context)
    now = query.get(param) or default
    ascending, descending = now == key, now == f"-{key}"
    query[param] = f"-{key}" if ascending else key
    query.pop("page", None)
    way = "ascending" if ascending else "descending" if descending else ""
    return format_html(
        '<th class="nhsuk-table__header{}" scope="col" role="columnheader" data-sort{}>'
        '<a class="nhsuk-link" href="?{}">{}</a></th>',
        " nhsuk-table__header--numeric" if numeric else "",
        format_html(' aria-sort="{}"', way) if way else "",
        query.urlencode(),
        label,
    )


@frame_tag(register)
def row_header(label: object = "") -> Frame:
    """The first cell of a row: what the row is about. On a phone it is the card's title, or with ``label`` as any other
    cell.
    """
    before = format_html(
        '<th class="nhsuk-table__header{}" scope="row" role="rowheader">{}<div class="app-cell">',
        "" if label else " app-table-cards__title", _column_of(label),
    )  # fmt: skip
    return before, SafeString("</div></th>")


@frame_tag(register)
def cell(label: object = "", numeric: bool = False, named: bool = False) -> Frame:
    """A cell; ``label`` is its column's heading. Where the row is a card the heading is shown before a number, and
    before what does not say by itself what it is (``named``). A cell without a label holds links and buttons: what
    one can do with the row.
    """
    before = format_html(
        '<td class="nhsuk-table__cell{}{}" role="cell">{}<div class="app-cell{}">',
        " nhsuk-table__cell--numeric" if numeric else "", " app-cell-named" if named else "", _column_of(label),
        "" if label else " app-cell--actions",
    )  # fmt: skip
    return before, SafeString("</div></td>")


def _column_of(label: object) -> SafeString:
    if not label:
        return SafeString("")
    return format_html('<span class="nhsuk-table__heading" aria-hidden="true">{} </span>', label)


# --- Pages and filters ----------------------------------------------------------------------------------------


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
    query = query_of(context)

    def link(number: int) -> str:
        query[param] = str(number)
        return f"?{query.urlencode()}"

    items = [
        {"number": number, "href": link(number), "current": number == page.number} if number else {"ellipsis": True}
        for number in _page_numbers(page)
    ]
    return render(
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
    query = query_of(context)
    kept = [(name, query[name]) for name in keep.split() if name in query]
    active = any(value for name, value in query.items() if name not in {"page", "sort", *keep.split()})
    return render(
        "filter-panel",
        heading=heading, button=button, content=SafeString(content), kept=kept, active=active, path=path_of(context),
    )  # fmt: skip
