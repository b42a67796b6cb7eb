"""What the libraries of template tags share: addresses, and drawing a component."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from inspect import signature
from types import NoneType
from urllib.parse import urlsplit

from django import template
from django.http import QueryDict
from django.template.base import FilterExpression, Parser, TextNode, Token, token_kwargs
from django.template.loader import get_template
from django.utils.safestring import SafeString

from people.addresses import address_of


def address(target: object) -> str:
    """An address given as a URL name (``dashboard``, ``people:index``) or as the address itself."""
    text = str(target)
    if not text or text[0] in "/#?." or "://" in text or text.startswith(("mailto:", "tel:")):
        return text
    return address_of(text)


_PLAIN = frozenset({str, SafeString, int, bool, NoneType})


def render(component: str, /, **options: object) -> SafeString:
    """A component of ``templates/components`` with its options. One whose options are plain, or lists of what is plain,
    is drawn once and kept: pages say the same tags, links, menus and breadcrumbs over and over.
    """
    try:
        return _kept(_Asked(component, options))
    except _NotPlainError:
        return _drawn(component, options)


def _drawn(component: str, options: dict[str, object]) -> SafeString:
    return SafeString(get_template(f"components/{component}.html").render(options))


class _NotPlainError(TypeError):
    """An option may look different the next time that it is drawn."""


def _known(value: object) -> tuple[object, ...]:
    """What an option says, with its type: safe text and text to escape are not to be taken for each other."""
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if isinstance(value, dict):
        return kind, tuple(value), *map(_known, value.values())
    if isinstance(value, list | tuple):
        return kind, *map(_known, value)
    raise _NotPlainError


class _Asked:
    """A component and its options, as a key of what is kept. Raises _NotPlainError where they cannot be one."""

    __slots__ = ("component", "key", "options")

    def __init__(self, component: str, options: dict[str, object]) -> None:
        self.component, self.options = component, options
        self.key = component, *options, *map(_known, options.values())

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.key == other.key


@lru_cache(maxsize=1000)
def _kept(asked: _Asked) -> SafeString:
    return _drawn(asked.component, asked.options)


Frame = tuple[SafeString, SafeString]


class FrameNode(template.Node):
    """Content between two pieces of markup. Where the template says all that they depend on, they are made once, when
    it is read, and become one text with what stands beside them: a page has hundreds of cells.
    """

    def __init__(
        self,
        frame: Callable[..., Frame],
        args: list[FilterExpression],
        kwargs: dict[str, FilterExpression],
        content: template.NodeList,
    ) -> None:
        self.frame, self.args, self.kwargs = frame, args, kwargs
        self.is_made = all(map(_is_literal, [*args, *kwargs.values()]))
        nodes = list(content)
        if self.is_made:
            before, after = self.make(template.Context())
            nodes = [TextNode(before), *nodes, TextNode(after)]
        self.nodelist = template.NodeList(_run_together(nodes))

    def make(self, context: template.Context) -> Frame:
        """What stands before and after the content."""
        given = [value.resolve(context) for value in self.args]
        return self.frame(*given, **{name: value.resolve(context) for name, value in self.kwargs.items()})

    def render(self, context: template.Context) -> SafeString:
        """The content in its frame."""
        if self.is_made:
            return self.nodelist.render(context)
        before, after = self.make(context)
        return SafeString(f"{before}{self.nodelist.render(context)}{after}")


def _run_together(nodes: Iterable[template.Node]) -> Iterator[template.Node]:
    """The same nodes, those of frames that are made in the frames' place, and texts that follow each other as one."""
    run: list[str] = []
    for node in nodes:
        for each in node.nodelist if isinstance(node, FrameNode) and node.is_made else [node]:
            if isinstance(each, TextNode):
                run.append(each.s)
                continue
            if run:
                yield TextNode("".join(run))
                run = []
            yield each
    if run:
        yield TextNode("".join(run))


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
