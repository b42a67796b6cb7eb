"""A newsletter's blocks as the archive, the feed and both forms of the email show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from communities.markup import to_html, to_mail_text
from communities.models import Newsletter, NewsletterBlock, Picture
from mailing.compose import site_url
from studies.models import Study

_EMPTY = SafeString()
#: How wide a picture stands in an email, in pixels: the column without its margins.
_MAIL_WIDTH = 592


@dataclass(frozen=True)
class Drawn:
    """A block with what it shows looked up. ``url`` is a whole address; ``when`` is in London's time and words."""

    block: NewsletterBlock
    kind: str
    heading: str = ""
    html: SafeString = _EMPTY
    text: str = ""
    picture: Picture | None = None
    alternative_text: str = ""
    when: str = ""
    place: str = ""
    cancelled: bool = False
    label: str = ""
    url: str = ""

    @property
    def picture_url(self) -> str:
        """The whole address of the picture, as mail programs need it."""
        return site_url(self.picture.get_absolute_url()) if self.picture else ""

    @property
    def mail_width(self) -> int:
        """How wide the picture stands in an email, in pixels."""
        return min(_MAIL_WIDTH, self.picture.width) if self.picture else 0

    @property
    def mail_html(self) -> SafeString:
        """``html`` as MJML takes it."""
        return in_mjml(self.html)


def in_mjml(html: SafeString) -> SafeString:
    """HTML from ``to_html`` as MJML takes it, which is XML: every tag closed and no named character."""
    # Cleaned by nh3 in ``to_html``; closing an empty tag changes nothing of that.
    return mark_safe(html.replace("<br>", "<br />").replace("&nbsp;", "&#160;"))  # noqa: S308


def draw(newsletter: Newsletter) -> list[Drawn]:
    """The newsletter's blocks in order; one query, or none where they were read with it (``with_blocks``)."""
    return [draw_block(block) for block in _blocks_of(newsletter)]


def _blocks_of(newsletter: Newsletter) -> Iterable[NewsletterBlock]:
    if "blocks" in getattr(newsletter, "_prefetched_objects_cache", {}):
        return newsletter.blocks.all()
    return newsletter.blocks.select_related("picture", "event", "study")


def borrowed_by(newsletter: Newsletter) -> list[list[str]]:
    """What it shows of events and studies, as it is kept there rather than as it is drawn; queries as for ``draw``."""
    found = []
    for block in _blocks_of(newsletter):
        if event := block.event:
            times = [event.starts_at.isoformat(), event.ends_at.isoformat()]
            found.append(["event", event.title, *times, event.place, "cancelled" if event.is_cancelled else ""])
        elif study := block.study:
            found.append(["study", study.title, "" if block.words else _beginning(study)])
    return found


def _beginning(study: Study) -> str:
    """The first paragraph of its summary."""
    return study.summary.replace("\r\n", "\n").strip().split("\n\n")[0]


def draw_block(block: NewsletterBlock) -> Drawn:
    """A block with what it shows. Headings in its words stand below its own heading, where it has one."""
    has_heading = bool(block.heading or block.event_id or block.study_id)
    html, text = to_html(block.words, heading_level=3 if has_heading else 2), to_mail_text(block.words)
    if block.event:
        event = block.event
        return Drawn(
            block, block.kind, event.title, html, text, when=event.when, place=event.place or "Online",
            cancelled=event.is_cancelled, label="See the event", url=site_url(event.get_absolute_url()),
        )  # fmt: skip
    if block.study:
        study = block.study
        if not block.words:
            begins = _beginning(study)
            html, text = to_html(begins, heading_level=3), to_mail_text(begins)
        return Drawn(
            block, block.kind, study.title, html, text, label="Read about the study",
            url=site_url(study.get_absolute_url()),
        )  # fmt: skip
    return Drawn(
        block, block.kind, block.heading, html, text, block.picture, block.alternative_text, label=block.label,
        url=block.address,
    )  # fmt: skip
