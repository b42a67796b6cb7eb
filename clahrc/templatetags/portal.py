"""Template tags that every template may use: one for each component that pages put together themselves.

``docs/components.md`` shows each. Forms are drawn by the crispy pack instead (``templates/nhsuk``).
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from django import forms, template
from django.forms.formsets import BaseFormSet
from django.urls import NoReverseMatch
from django.utils.formats import date_format
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from clahrc.templatetags import tables
from clahrc.templatetags.drawing import Frame, address, frame_tag, is_here, links, render
from clahrc.templatetags.form_reading import all_errors_of, draw_error_summary
from clahrc.templatetags.status import colour_of
from people.addresses import address_of
from people.words import moment_words, time_words

register = template.Library()


# --- When -----------------------------------------------------------------------------------------------------


@register.filter
def when(moment: dt.datetime | None) -> str:
    """``{{ review.saved_at|when }}``: 24 November 2026, 2:30pm."""
    return moment_words(moment) if moment else ""


@register.filter
def clock(moment: dt.datetime | None) -> str:
    """``{{ event.starts_at|clock }}``: 2:30pm."""
    return time_words(moment) if moment else ""


@register.filter
def day(value: dt.date | None, form: str = "DATE_FORMAT") -> str:
    """``{{ study.starts_on|day }}``: 24 November 2026, or in another form. For lists, which name the same days again
    and again: each is put into words once, in a seventh of the time that ``date`` takes.
    """
    return _day(value, form) if value else ""


_day = lru_cache(maxsize=2000)(date_format)


@register.simple_tag
def component(name: str, /, **options: object) -> SafeString:
    """``{% component "icon" name="user" %}``: a component that has no tag of its own, drawn with these options alone.
    It says what ``include`` would, and sooner: what is the same on every page is drawn once.
    """
    return render(name, **options)


# --- Where you are --------------------------------------------------------------------------------------------


@register.simple_tag
def breadcrumbs(*pairs: object) -> SafeString:
    """``{% breadcrumbs "Home" "home" study.short_title study.get_absolute_url %}``: the pages above this one. A tuple
    stands for as many of them as it has.
    """
    flat = [each for given in pairs for each in (given if isinstance(given, tuple) else (given,))]
    return render("breadcrumb", items=links(tuple(flat), "breadcrumbs"))


@register.simple_tag
def url_or_nothing(name: str) -> str:
    """The address of a page, or nothing where this installation has no such page."""
    try:
        return address_of(name)
    except NoReverseMatch:
        return ""


@register.simple_tag
def back_link(text: object = "Back", href: object = "home") -> SafeString:
    """``{% back_link "Back to your reviews" "reviews:index" %}``, in place of breadcrumbs within a journey."""
    return render("back-link", text=text, href=address(href))


@register.simple_tag(takes_context=True)
def section_nav(context: template.Context, label: str, *pairs: object) -> SafeString:
    """``{% section_nav "Study" "Overview" url "Ledger" url %}``: links between pages about one thing; the one you
    are on is marked.
    """
    items = [{**item, "current": is_here(context, item["href"])} for item in links(pairs, "section_nav")]
    return render("secondary-navigation", label=label, items=items)


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
    return render("button", text=text, href=address(href) if href else "", variant=variant, **options)


@register.simple_tag
def action_link(text: object, href: object) -> SafeString:
    """``{% action_link "Join a community" "communities:join" %}``: the one thing most people came to do."""
    return render("action-link", text=text, href=address(href))


# --- Status, numbers, people ----------------------------------------------------------------------------------


@register.simple_tag
def tag(text: object, colour: str = "", classes: str = "") -> SafeString:
    """``{% tag "Overdue" "red" %}``: a word in a coloured box. The word alone must say it."""
    return render("tag", text=text, colour=colour, classes=classes)


@register.simple_tag
def status_tag(value: object, label: object = "") -> SafeString:
    """``{% status_tag study.stage study.get_stage_display %}``: the tag of a status, in the portal's one colour for it.

    A TextChoices member brings its own label.
    """
    return render("tag", text=label or getattr(value, "label", value), colour=colour_of(str(value)))


@register.simple_tag
def stat(label: object, number: object, href: object = "", note: object = "", accent: str = "") -> SafeString:
    """``{% stat "Studies" 16 "table_1" note="in 4 themes" %}``: a number to see at a glance, inside ``{% stats %}``."""
    return render("stat", label=label, number=number, href=address(href) if href else "", note=note, accent=accent)


@register.simple_block_tag
def stats(content: str) -> SafeString:
    """A row of stat tiles."""
    return format_html('<ul class="app-stats">{}</ul>', SafeString(content))


@register.simple_tag
def progress(label: object, value: float, maximum: float, note: object = "") -> SafeString:
    """``{% progress "Associates who joined" 213 400 %}``: how far along something is, in words and as a bar."""
    return render("progress", label=label, value=value, maximum=maximum, note=note)


@register.simple_tag
def person(user: Any, role: object = "") -> SafeString:
    """A person's name, with what they do there in lighter type. "Nobody yet" where there is none."""
    return render("person", name=str(user) if user else "", role=role)


@register.simple_tag
def empty_state(heading: object, text: object = "", action: object = "", href: object = "") -> SafeString:
    """What to show where a list has nothing: why, and what to do about it."""
    return render("empty-state", heading=heading, text=text, action=action, href=address(href) if href else "")


# --- Boxes around words ---------------------------------------------------------------------------------------


@frame_tag(register)
def card(heading: object = "", href: object = "", level: int = 2, variant: str = "", size: str = "m") -> Frame:
    """``{% card "Heading" href=… level=3 %}…{% endcard %}``. With ``href`` the heading is the link and the whole card
    can be pressed. Variants: feature, secondary. It says by itself what ``components/card.html`` would: lists have
    a card for each row.
    """
    title: str = format_html("{}", heading)
    if title and href and variant != "feature":
        title = f'<a class="nhsuk-card__link" href="{escape(address(href))}">{title}</a>'
    if title:
        title = f'<h{level} class="nhsuk-card__heading nhsuk-heading-{escape(size)}">{title}</h{level}>'
    kinds = " nhsuk-card--clickable" if href else ""
    kinds += f" nhsuk-card--{escape(variant)}" if variant else ""
    before = SafeString(f'<div class="nhsuk-card{kinds}"><div class="nhsuk-card__content">{title}')
    return before, SafeString("</div></div>")


@register.simple_block_tag
def details(content: str, summary: object, open: bool = False) -> SafeString:
    """``{% details "What is a diffusion fellow?" %}…{% enddetails %}``: help for those who want it."""
    return render("details", summary=summary, html=SafeString(content), open=open)


@register.simple_block_tag
def inset(content: str) -> SafeString:
    """``{% inset %}…{% endinset %}``: words set apart from the rest."""
    return render("inset-text", html=SafeString(content))


@register.simple_block_tag
def warning_callout(content: str, heading: object, level: int = 2) -> SafeString:
    """``{% warning_callout "This cannot be undone" %}…{% endwarning_callout %}``."""
    return render("warning-callout", heading={"text": heading, "level": level}, html=SafeString(content))


@register.simple_block_tag
def panel(content: str, title: object, level: int = 1) -> SafeString:
    """``{% panel "You have joined" %}…{% endpanel %}``: the end of a journey. Its title is the page's h1."""
    return render("panel", heading={"text": title, "level": level}, html=SafeString(content))


@register.simple_block_tag
def notification(content: str, title: object = "Important", kind: str = "", id: str = "banner") -> SafeString:
    """``{% notification "Important" %}…{% endnotification %}``; ``kind="success"`` for what has just worked."""
    return render(
        "notification-banner", title={"text": title, "id": f"{id}-title"}, html=SafeString(content), variant=kind
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


register.tags.update(tables.register.tags)
