"""From one text written for reading to both forms of a message: plain text, and HTML in the programme's layout.

The text's rules (docs/mailing.md): a blank line ends a paragraph; lines that begin ``* `` are a list; a line that
begins ``# `` is a heading; ``[Words on it]`` alone on a line, with a web address alone on the next, is a button. A
button leads only into the portal itself: elsewhere the address is shown, so that nobody can hide where a link goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import mrml
from django.conf import settings
from django.template import Context
from django.template.backends.django import Template
from django.template.loader import get_template, render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from mailing.addresses import one_line, squeeze

_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
_BUTTON = re.compile(r"\[([^\[\]]+)\]")
#: What neither a line of an email (RFC 5322, 2.2) nor MJML, which is XML (1.0, 2.2), may hold; pasted texts have it.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True)
class Brand:
    """Whose email it is: the name at its head, and a line of small print at its foot."""

    name: str
    footer: str = ""


@dataclass(frozen=True)
class Written:
    """A message in both its forms."""

    subject: str
    text: str
    html: str


_EMPTY = SafeString()


@dataclass(frozen=True)
class Block:
    """A piece of a message: ``kind`` is heading, paragraph, list or button."""

    kind: str
    html: SafeString = _EMPTY
    items: tuple[SafeString, ...] = ()
    href: str = ""


def _default_brand() -> Brand:
    return Brand(name=settings.DEFAULT_FROM_EMAIL.partition("<")[0].strip().strip('"') or "CLAHRC portal")


_brand: Callable[[], Brand] = _default_brand


def set_brand(provider: Callable[[], Brand]) -> None:
    """Let an app above say whose emails these are; ``provider`` is asked at each message."""
    global _brand
    _brand = provider


def site_url(path: str = "/") -> str:
    """The whole address of one of the portal's own pages, as links in emails need it."""
    return urljoin(settings.SITE_URL + "/", path)


def from_template(template: str, context: Mapping[str, Any]) -> Written:
    """Both forms of ``templates/emails/<template>.txt`` filled with ``context``.

    The first line is ``Subject: …``, the second is empty. Nothing is escaped in the text, everything is in the HTML.
    Raises ``ValueError`` where the subject has a line break in it or the template does not begin with one.
    """
    loaded = get_template(f"emails/{template}.txt")
    if not isinstance(loaded, Template):
        raise TypeError(f"emails/{template}.txt is not a Django template")
    values = {"site_url": settings.SITE_URL, "brand": _brand(), **context}
    rendered = loaded.template.render(Context(values, autoescape=False)).replace("\r\n", "\n")
    first, _, rest = rendered.partition("\n")
    label, colon, subject = first.partition(":")
    if not colon or label.strip().lower() != "subject" or not subject.strip():
        raise ValueError(f"emails/{template}.txt must begin with a line 'Subject: …'")
    second, _, body = rest.partition("\n")
    if second.strip():
        raise ValueError("The subject may not contain a line break: keep line 2 of the template empty")
    text = tidy(body)
    return Written(subject=squeeze(one_line(subject.strip(), "subject")), text=text, html=to_html(text))


def tidy(text: str) -> str:
    """``text`` with its lines' ends trimmed and no more than one empty line running, as template tags leave them, and
    without control characters.
    """
    lines = "\n".join(_CONTROL.sub("", line).rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def to_html(text: str) -> str:
    """``text`` by the rules above in the shared layout; ``{{name}}`` and ``{{token}}`` stay as they are."""
    return laid_out("emails/layout.mjml", {"blocks": blocks(text)})


def laid_out(template: str, context: Mapping[str, Any]) -> str:
    """HTML for mail programs from a template that fills or extends ``emails/layout.mjml``.

    Of the layout: ``preheader`` is what lists show beside the subject, ``from_whom`` a line below the brand's name,
    ``colour`` the colour behind them. ``ValueError`` where the markup is broken.
    """
    return render_mjml(render_to_string(template, {"brand": _brand(), "site_url": settings.SITE_URL, **context}))


def render_mjml(mjml: str) -> str:
    """HTML for mail programs from MJML; ``ValueError`` where the markup is broken."""
    try:
        return str(mrml.to_html(_CONTROL.sub("", mjml)).content)
    except OSError as error:
        raise ValueError(f"The layout is not sound: {error}") from error


def blocks(text: str) -> list[Block]:
    """The pieces that ``text`` is made of, each escaped for HTML."""
    found: list[Block] = []
    for chunk in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        _add(found, [line.strip() for line in chunk.split("\n") if line.strip()])
    return found


def _add(found: list[Block], lines: list[str]) -> None:
    paragraph: list[str] = []
    items: list[str] = []

    def flush() -> None:
        if paragraph:
            found.append(Block("paragraph", _lines(paragraph)))
            paragraph.clear()
        if items:
            found.append(Block("list", items=tuple(_linked(item) for item in items)))
            items.clear()

    position = 0
    while position < len(lines):
        line = lines[position]
        button = _BUTTON.fullmatch(line)
        following = lines[position + 1] if position + 1 < len(lines) else ""
        if button and _is_ours(following):
            flush()
            found.append(Block("button", _escaped(button.group(1)), href=following))
            position += 2
            continue
        if line.startswith("* "):
            if paragraph:
                flush()
            items.append(line[2:])
        elif line.startswith("# "):
            flush()
            found.append(Block("heading", _escaped(line[2:])))
        elif items:
            items[-1] += f" {line}"
        else:
            paragraph.append(line)
        position += 1
    flush()


def _is_ours(address: str) -> bool:
    return address.startswith(settings.SITE_URL + "/") and _LINK.fullmatch(address + "x") is not None


def _escaped(text: str) -> SafeString:
    return escape(text)


def _lines(lines: list[str]) -> SafeString:
    # Built from escaped pieces only.
    return mark_safe("<br />".join(_linked(line) for line in lines))  # noqa: S308


def _linked(text: str) -> SafeString:
    pieces: list[str] = []
    end = 0
    for match in _LINK.finditer(text):
        address = escape(match.group())
        pieces += [escape(text[end : match.start()]), f'<a href="{address}">{address}</a>']
        end = match.end()
    pieces.append(escape(text[end:]))
    # Built from escaped pieces only.
    return mark_safe("".join(pieces))  # noqa: S308
