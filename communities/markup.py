"""The simple formatting that newsletters and descriptions are written in, as HTML and as the text of an email.

A blank line ends a paragraph; a line that begins ``## `` is a heading; lines that begin ``- `` or ``1. `` are lists;
``[words](https://…)`` and bare web addresses become links; ``**words**`` are strong. Everything else, HTML included,
is shown as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from communities.words import written_text

_HEADING = re.compile(r"#{1,6}\s+(.*)")
_BULLET = re.compile(r"[-*•]\s+(.*)")
_NUMBER = re.compile(r"\d{1,3}[.)]\s+(.*)")
_LINK = re.compile(
    r"\[(?P<words>[^\[\]\n]+)\]\((?P<to>(?:https?://|mailto:)[^\s()<>\"']+)\)"
    r"|(?P<bare>https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])"
)
_STRONG = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")


@dataclass
class Piece:
    """A heading, paragraph, bullets or numbers, and its lines."""

    kind: str
    lines: list[str]


def pieces(source: str) -> list[Piece]:
    """What a text is made of, in order."""
    found: list[Piece] = []
    for chunk in re.split(r"\n[ \t]*\n", written_text(source).strip()):
        open_piece: Piece | None = None
        for line in filter(None, (line.strip() for line in chunk.split("\n"))):
            kind, words = _kind_of(line)
            if kind == "paragraph" and open_piece and open_piece.kind in {"bullets", "numbers"}:
                open_piece.lines[-1] += f" {words}"
            elif open_piece and open_piece.kind == kind != "heading":
                open_piece.lines.append(words)
            else:
                open_piece = Piece(kind, [words])
                found.append(open_piece)
    return found


def _kind_of(line: str) -> tuple[str, str]:
    for kind, pattern in (("heading", _HEADING), ("bullets", _BULLET), ("numbers", _NUMBER)):
        match = pattern.fullmatch(line)
        if match:
            return kind, match.group(1)
    return "paragraph", line


def to_html(source: str, *, heading_level: int = 2) -> SafeString:
    """The text as safe HTML; its headings are of the level given."""
    drawn = "\n".join(_draw(piece, f"h{heading_level}") for piece in pieces(source))
    # Escaped piece by piece above; cleaned once more, so that a slip there stays harmless.
    clean = nh3.clean(
        drawn,
        tags={"h2", "h3", "h4", "p", "ul", "ol", "li", "a", "br", "strong"},
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 - cleaned by nh3


def _draw(piece: Piece, heading: str) -> str:
    lines = [_linked(line, _html_link, _html_words) for line in piece.lines]
    if piece.kind == "heading":
        return f"<{heading}>{lines[0]}</{heading}>"
    if piece.kind == "paragraph":
        return f"<p>{'<br>'.join(lines)}</p>"
    tag = "ul" if piece.kind == "bullets" else "ol"
    return f"<{tag}>{''.join(f'<li>{line}</li>' for line in lines)}</{tag}>"


def links_in(source: str) -> list[str]:
    """The addresses that a text leads to, in order."""
    return [match["to"] or match["bare"] for match in _LINK.finditer(source)]


def to_mail_text(source: str) -> str:
    """The text by the rules of the mailing's own layout (``mailing.compose``), readable as plain text as it stands."""
    return "\n\n".join(_write(piece) for piece in pieces(source))


def _write(piece: Piece) -> str:
    lines = [_linked(line, _text_link, _text_words) for line in piece.lines]
    if piece.kind == "heading":
        return f"# {lines[0]}"
    if piece.kind == "bullets":
        return "\n".join(f"* {line}" for line in lines)
    if piece.kind == "numbers":
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
    return "\n".join(lines)


def _linked(line: str, link: Callable[[str, str], str], plain: Callable[[str], str]) -> str:
    return "".join(_parts(line, link, plain))


def _parts(line: str, link: Callable[[str, str], str], plain: Callable[[str], str]) -> Iterator[str]:
    end = 0
    for match in _LINK.finditer(line):
        yield plain(line[end : match.start()])
        yield link(match["words"] or match["bare"], match["to"] or match["bare"])
        end = match.end()
    yield plain(line[end:])


def _html_words(words: str) -> str:
    return _STRONG.sub(r"<strong>\1</strong>", escape(words))


def _text_words(words: str) -> str:
    return _STRONG.sub(r"\1", words)


def _html_link(words: str, target: str) -> str:
    return f'<a href="{escape(target)}">{escape(words)}</a>'


def _text_link(words: str, target: str) -> str:
    shown = target.removeprefix("mailto:")
    return shown if words == target else f"{words} ({shown})"
