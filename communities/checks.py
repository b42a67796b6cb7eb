"""What is looked at before a newsletter goes: what must be mended, and what somebody should look at once more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve

from communities.bulk_mail import Message, newsletter_message
from communities.markup import links_in
from communities.models import Community, Event, Newsletter, NewsletterBlock
from studies.models import Study

#: Gmail shows no more of a message than about this much HTML, in bytes, and so might hide the way out.
LARGEST_HTML = 100_000
_PLACEHOLDER = re.compile(r"\[[^\[\]\n]{2,80}\](?!\()|\{\{|\}\}|\bX{3,}\b|\bTODO\b|\blorem ipsum\b", re.IGNORECASE)
_UNSURE = re.compile(r"\bTBC\b|\bto be confirmed\b", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """Something that is wrong (``stops``) or that may be. ``block`` is where, if it is in one."""

    words: str
    stops: bool = True
    block: NewsletterBlock | None = None


def findings(newsletter: Newsletter) -> list[Finding]:
    """Everything that there is to say about a newsletter, what must be mended first."""
    blocks = list(newsletter.blocks.select_related("picture", "event", "study"))
    found = [*_of_the_whole(newsletter, blocks), *_of_the_message(newsletter_message(newsletter))]
    for block in blocks:
        found += _of_block(block)
    return sorted(found, key=lambda finding: not finding.stops)


def outside_links(newsletter: Newsletter) -> list[str]:
    """The addresses of other websites that it leads to, in order."""
    blocks = newsletter.blocks.all()
    found = [address for block in blocks for address in [*links_in(block.words), *filter(None, [block.address])]]
    return [address for address in found if not address.startswith(("mailto:", settings.SITE_URL))]


def must_be_mended(newsletter: Newsletter) -> bool:
    """Whether anything keeps it from being sent."""
    return any(finding.stops for finding in findings(newsletter))


def _of_the_whole(newsletter: Newsletter, blocks: list[NewsletterBlock]) -> Iterator[Finding]:
    if not any(block.kind not in ("heading", "divider") for block in blocks):
        yield Finding("There is nothing in it yet. Add a story, an event, a study or an insight.")
    for what, words in (("title", newsletter.title), ("introduction", newsletter.introduction)):
        yield from _unfilled(words, f"the {what}")


def _of_the_message(message: Message) -> Iterator[Finding]:
    size = len(message.html.encode())
    if size > LARGEST_HTML:
        yield Finding(
            f"As an email it is {size // 1000} kB. Mail programs cut off what is over {LARGEST_HTML // 1000} kB, with "
            "the way to unsubscribe. Make it shorter, or send two."
        )
    for form in (message.text, message.html):
        if "/unsubscribe/" not in form or "{{token}}" not in form:
            yield Finding("The way to unsubscribe is missing. Tell whoever runs the portal.")
            break


def _of_block(block: NewsletterBlock) -> Iterator[Finding]:
    if block.picture_id and not block.alternative_text.strip():
        yield Finding("The picture is not described. Say in a sentence what it shows.", block=block)
    if block.event:
        yield from _of_event(block, block.event)
    if block.study and not Study.objects.public().filter(pk=block.study.pk).exists():
        yield Finding(f"Readers cannot see the study “{block.study.title}”. Take it out.", block=block)
    for words in (block.heading, block.words, block.label):
        yield from _unfilled(words, "this block", block)
    for address in [*links_in(block.words), *filter(None, [block.address])]:
        yield from _of_link(block, address)


def _of_event(block: NewsletterBlock, event: Event) -> Iterator[Finding]:
    if event.is_draft:
        yield Finding(f"Readers cannot see the event “{event.title}”. Publish it first.", block=block)
    elif event.is_cancelled:
        yield Finding(f"The event “{event.title}” is cancelled. Take it out, or tell people in a story.", block=block)
    elif event.is_past:
        yield Finding(f"The event “{event.title}” is over.", stops=False, block=block)


def _unfilled(words: str, where: str, block: NewsletterBlock | None = None) -> Iterator[Finding]:
    for match in _PLACEHOLDER.finditer(words):
        yield Finding(f"Fill in or take out “{match.group()}” in {where}.", block=block)
    for match in _UNSURE.finditer(words):
        yield Finding(f"“{match.group()}” in {where}: is it known by now?", stops=False, block=block)


def _of_link(block: NewsletterBlock, address: str) -> Iterator[Finding]:
    if address.startswith("mailto:"):
        return
    parts = urlsplit(address)
    if parts.username or parts.password or "@" in parts.netloc:
        yield Finding(f"{address} hides where it leads. Use the address without what is before the @.", block=block)
    elif address == settings.SITE_URL or address.startswith(settings.SITE_URL + "/"):
        yield from _of_our_own(block, address, parts.path or "/")
    elif parts.scheme == "http":
        yield Finding(f"{address} is not encrypted. Try it with https.", stops=False, block=block)


def _of_our_own(block: NewsletterBlock, address: str, path: str) -> Iterator[Finding]:
    """A page of the portal must be there, and be for everybody."""
    prefix = urlsplit(settings.SITE_URL).path
    try:
        match = resolve(path.removeprefix(prefix))
    except Resolver404:
        yield Finding(f"There is no page at {address}. Check it for a slip.", block=block)
        return
    if getattr(match.func, "login_required", True):
        yield Finding(f"{address} is for people who log in. Readers may not be able to.", stops=False, block=block)
    elif not _is_there(match.view_name, match.kwargs):
        yield Finding(f"Readers find nothing at {address}. Check it, or publish it first.", block=block)


def _is_there(view_name: str, kwargs: dict[str, str]) -> bool:
    """Whether a reader who is not logged in finds what an address names."""
    rows = {
        "events:detail": Event.objects.public(),
        "newsletters:detail": Newsletter.objects.sent(),
        "communities:detail": Community.objects.public(),
        "studies:detail": Study.objects.public(),
    }.get(view_name)
    return rows is None or rows.filter(slug=kwargs.get("slug", "")).exists()
