"""What the monthly update says, written once for all whose communities in it are the same."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from communities.bulk_mail import Message
from communities.drawing import in_mjml
from communities.lists import link_with_token, list_query
from communities.markup import to_html, to_mail_text
from communities.models import Event, Purpose, UpdateEntry, UpdateSection
from communities.whats_new import event_words
from mailing import compose
from mailing.compose import site_url

_K = UpdateEntry.Kind
#: What a link into the portal says in the HTML; one that leads elsewhere says where.
_LABELS = {
    _K.EVENT: "See the event",
    _K.NEWS: "See it on the community's page",
    _K.SAID_DID: "See it on the study's page",
    _K.STUDY: "See the study",
    _K.INSIGHT: "See it on the community's page",
    _K.RESOURCE: "See it on the community's page",
    _K.NEWSLETTER: "Read the newsletter",
}


@dataclass(frozen=True)
class Told:
    """An entry as the email has it: a line that says what it is, its words in the small markup, and where it leads."""

    heading: str
    words: str
    url: str
    source: str
    label: str

    @property
    def text(self) -> str:
        """The words in the plain text."""
        return _as_text(self.words)

    @property
    def html(self) -> SafeString:
        """The words in the HTML."""
        return in_mjml(to_html(self.words, heading_level=4))


@dataclass(frozen=True)
class Part:
    """What one community tells."""

    community: str
    words: str
    entries: tuple[Told, ...]

    @property
    def introduction(self) -> str:
        """Its introduction in the plain text."""
        return _as_text(self.words)

    @property
    def introduction_html(self) -> SafeString:
        """Its introduction in the HTML."""
        return in_mjml(to_html(self.words, heading_level=4))


def parts_of(sections: Iterable[UpdateSection]) -> dict[int, Part]:
    """Community key → what its section says now, in the order of the communities' names; empty ones are left out.

    Events are as they are now, not as they were when the update was drafted; one that was cancelled since, has begun
    or was taken back is left out. Three queries, however many sections there are. Sections come with their community.
    """
    rows = list(sections)
    entries: dict[int, list[UpdateEntry]] = {}
    for entry in UpdateEntry.objects.filter(section__in=rows, included=True).order_by("position", "pk"):
        entries.setdefault(entry.section_id, []).append(entry)
    events = _events(entry for its in entries.values() for entry in its)
    found = {}
    for section in sorted(rows, key=lambda row: (row.community.name, row.pk)):
        told = tuple(_told(entries.get(section.pk, []), events))
        if told:
            found[section.community_id] = Part(section.community.name, section.introduction, told)
    return found


def _events(entries: Iterable[UpdateEntry]) -> dict[str, Event]:
    keys = [int(entry.source.partition(":")[2]) for entry in entries if entry.kind == UpdateEntry.Kind.EVENT]
    found = Event.objects.filter(pk__in=keys, status=Event.Status.PUBLISHED) if keys else ()
    return {f"event:{event.pk}": event for event in found if not event.has_started}


def _told(entries: Iterable[UpdateEntry], events: dict[str, Event]) -> Iterable[Told]:
    for entry in entries:
        kind, title, words = UpdateEntry.Kind(entry.kind), entry.title, entry.words
        if kind == UpdateEntry.Kind.EVENT:
            if entry.source not in events:
                continue
            event = events[entry.source]
            title, words = event.title, event_words(event)
        heading = kind.label if kind == UpdateEntry.Kind.SAID_DID else f"{kind.label}: {title}"
        label = _LABELS[kind] if entry.url.startswith(site_url("/")) else entry.url
        yield Told(heading, words, entry.url, entry.source, label)


def _as_text(words: str) -> str:
    """Words for the plain text, headings as paragraphs: there, only the communities' names are headings."""
    return re.sub(r"^# ", "", to_mail_text(words), flags=re.MULTILINE)


def update_message(month: dt.date, parts: Iterable[Part], *, community_slug: str = "") -> Message:
    """The email with these parts; with one community's alone, ``community_slug`` is its.

    What several of them tell, such as a newsletter to all of them, is told once, by the first.
    """
    told = _once(parts)
    month_words = date_format(month, "F Y")
    names = [part.community for part in told]
    whose = "your community" if len(names) == 1 else "your communities"
    context = {
        "parts": told,
        "whose": whose,
        "names": names,
        "unsubscribe_url": link_with_token("unsubscribe", **list_query(Purpose.UPDATES.value, community_slug)),
        "preferences_url": link_with_token("preferences"),
    }
    subject = f"{month_words}: what is new in {whose}"
    text = compose.tidy(render_to_string("emails/communities/monthly_update.txt", context))
    html = compose.laid_out(
        "emails/communities/monthly_update.mjml", {**context, "title": subject, "preheader": ", ".join(names)}
    )
    return Message(subject=subject, text=text, html=html)


def message_of(section: UpdateSection) -> Message | None:
    """The email of somebody who is in one community alone; None where it has nothing to tell."""
    parts = parts_of([section])
    if not parts:
        return None
    return update_message(section.update.month, parts.values(), community_slug=section.community.slug)


def _once(parts: Iterable[Part]) -> list[Part]:
    seen: set[str] = set()
    found = []
    for part in parts:
        entries = tuple(entry for entry in part.entries if entry.source not in seen)
        seen.update(entry.source for entry in entries)
        if entries or part.words:
            found.append(replace(part, entries=entries))
    return found
