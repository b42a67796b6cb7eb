"""What the libraries of template tags share: addresses, and drawing a component."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from inspect import signature
from types import NoneType
from urllib.parse import urlsplit

from django import template
from django.http import QueryDict
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.loader import get_template
from django.urls import reverse
from django.utils.safestring import SafeString


def address(target: object) -> str:
    """An address given as a URL name (``dashboard``, ``people:index``) or as the address itself."""
    text = str(target)
    if not text or text[0] in "/#?." or "://" in text or text.startswith(("mailto:", "tel:")):
        return text
    return reverse(text)


_PLAIN = (str, SafeString, int, bool, NoneType)


def render(component: str, **options: object) -> SafeString:
    """A component of ``templates/components`` with its options. One whose options are all plain is drawn once and
    kept: pages say the same tags, buttons and links over and over.
    """
    plain = all(type(option) in _PLAIN for option in options.values())
    return (_kept if plain else _drawn)(component, **options)


def _drawn(component: str, **options: object) -> SafeString:
    return SafeString(get_template(f"components/{component}.html").render(options))


#: Typed, so that safe text and text to escape are not taken for each other.
_kept = lru_cache(maxsize=1000, typed=True)(_drawn)


Frame = tuple[SafeString, SafeString]


class FrameNode(template.Node):
    """Content between two pieces of markup. Where the template says all that they depend on, they are made once, when
    it is read: a page has hundreds of cells.
    """

    def __init__(
        self,
        frame: Callable[..., Frame],
        args: list[FilterExpression],
        kwargs: dict[str, FilterExpression],
        content: template.NodeList,
    ) -> None:
        self.frame, self.args, self.kwargs, self.nodelist = frame, args, kwargs, content
        known = all(map(_is_literal, [*args, *kwargs.values()]))
        self.made = self.make(template.Context()) if known else None

    def make(self, context: template.Context) -> Frame:
        """What stands before and after the content."""
        given = [value.resolve(context) for value in self.args]
        return self.frame(*given, **{name: value.resolve(context) for name, value in self.kwargs.items()})

    def render(self, context: template.Context) -> SafeString:
        """The content in its frame."""
        before, after = self.made or self.make(context)
        return SafeString(f"{before}{self.nodelist.render(context)}{after}")


def _is_literal(value: FilterExpression) -> bool:
    named = getattr(value.var, "lookups", None)
    return not value.filters and named in (None, ("True",), ("False",))


def frame_tag(library: template.Library) -> Callable[[Callable[..., Frame]], Callable[..., Frame]]:
    """Make a block tag, ``{% cell "Theme" %}…{% endcell %}``, of a function that gives what stands before the content
    and after it.
    """

    def register(frame: Callable[..., Frame]) -> Callable[..., Frame]:
        name = frame.__name__

        def compile_tag(parser: Parser, token: Token) -> FrameNode:
            args: list[FilterExpression] = []
            kwargs: dict[str, FilterExpression] = {}
            for bit in token.split_contents()[1:]:
                named = token_kwargs([bit], parser)
                kwargs.update(named)
                if not named:
                    args.append(parser.compile_filter(bit))
            try:
                signature(frame).bind(*args, **kwargs)
            except TypeError as error:
                raise template.TemplateSyntaxError(f"{name}: {error}") from error
            content = parser.parse((f"end{name}",))
            parser.delete_first_token()
            return FrameNode(frame, args, kwargs, content)

        library.tag(name, compile_tag)
        return frame

    return register


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
