"""The simple formatting of texts."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from communities.markup import to_html, to_mail_text


@pytest.mark.parametrize(
    ("source", "html", "text"),
    [
        ("", "", ""),
        ("One\ntwo\n\nthree", "<p>One<br>two</p>\n<p>three</p>", "One\ntwo\n\nthree"),
        ("One\r\n\r\ntwo", "<p>One</p>\n<p>two</p>", "One\n\ntwo"),
        ("## News\nHello", "<h2>News</h2>\n<p>Hello</p>", "# News\n\nHello"),
        ("- a\n- b\n  more", "<ul><li>a</li><li>b more</li></ul>", "* a\n* b more"),
        ("Before\n- a", "<p>Before</p>\n<ul><li>a</li></ul>", "Before\n\n* a"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>", "a < b & c"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>", "<b>x</b>"),
    ],
)
def test_text_when_formatted_then_html_and_mail_say_the_same(source, html, text):
    assert to_html(source) == html
    assert to_mail_text(source) == text


def test_links_when_written_either_way_then_become_links():
    source = "See [our page](https://example.org/a?b=1&c=2), https://example.org/d. Or [write](mailto:a@example.org)."
    links = [(a.get_text(), a["href"]) for a in BeautifulSoup(to_html(source), "html.parser").select("a")]
    assert links == [
        ("our page", "https://example.org/a?b=1&c=2"),
        ("https://example.org/d", "https://example.org/d"),
        ("write", "mailto:a@example.org"),
    ]
    assert to_mail_text(source) == (
        "See our page (https://example.org/a?b=1&c=2), https://example.org/d. Or write (a@example.org)."
    )


@pytest.mark.parametrize(
    "hostile",
    ["[x](javascript:alert(1))", "[x](data:text/html,x)", '[x](https://a.org/"onmouseover="alert(1))',
     "<script>alert(1)</script>", '<img src=x onerror="alert(1)">', "[<b>x</b>](https://a.org)",
     "<a href=javascript:x>y</a>"],
)  # fmt: skip
def test_text_when_hostile_then_harmless(hostile):
    page = BeautifulSoup(to_html(hostile), "html.parser")
    assert page.select("script, img, b, [onmouseover], [onerror]") == []
    assert all(link["href"].startswith("https://") for link in page.select("a"))


@given(st.text(alphabet=st.sampled_from("ab <>&\"'[]()#-*1.\n:/htps{}\u2028"), max_size=80))
def test_text_when_anything_then_only_our_own_tags(source):
    allowed = {"p", "br", "ul", "ol", "li", "h2", "a"}
    assert {tag.name for tag in BeautifulSoup(to_html(source), "html.parser").find_all()} <= allowed
    to_mail_text(source)
