"""What the libraries of template tags share: addresses, and drawing a component."""

from __future__ import annotations

from urllib.parse import urlsplit

from django import template
from django.http import QueryDict
from django.template.loader import get_template
from django.urls import reverse
from django.utils.safestring import SafeString


def address(target: object) -> str:
    """An address given as a URL name (``dashboard``, ``people:index``) or as the address itself."""
    text = str(target)
    if not text or text[0] in "/#?." or "://" in text or text.startswith(("mailto:", "tel:")):
        return text
    return reverse(text)


def render(component: str, **options: object) -> SafeString:
    """A component of ``templates/components`` with its options."""
    return SafeString(get_template(f"components/{component}.html").render(options))


def links(pairs: tuple[object, ...], tag: str) -> list[dict[str, object]]:
    """Links given as words, address, words, address. Raises TemplateSyntaxError where one is left over."""
    if len(pairs) % 2:
        raise template.TemplateSyntaxError(f"{tag} takes pairs: words, then a URL name or address.")
    return [{"text": text, "href": address(target)} for text, target in zip(pairs[::2], pairs[1::2], strict=True)]


def path_of(context: template.Context) -> str:
    """The path of the page being drawn; nothing where there is no request."""
    request = context.get("request")
    return request.path if request else ""


def is_here(context: template.Context, href: object) -> bool:
    """Whether an address is that of the page being drawn, whatever its query."""
    return urlsplit(str(href)).path == path_of(context)


def query_of(context: template.Context) -> QueryDict:
    """A copy of the page's query that may be changed."""
    request = context.get("request")
    return request.GET.copy() if request else QueryDict(mutable=True)
