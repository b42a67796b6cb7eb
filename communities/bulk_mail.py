"""What the newsletter and event emails say, written once for all who get them.

``{{name}}`` and ``{{token}}`` stand where recipients differ; the mailing fills them in as each message leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from communities.audiences import Choice, choice_of, joined_words, list_slug
from communities.drawing import draw
from communities.lists import link_with_token, list_query
from communities.markup import to_mail_text
from communities.models import Event, Newsletter, Purpose
from mailing import compose


@dataclass(frozen=True)
class Message:
    """A bulk message in both its forms."""

    subject: str
    text: str
    html: str


def newsletter_message(newsletter: Newsletter) -> Message:
    """A newsletter as it is emailed: its text from one template, its HTML by MJML from another, both of its blocks."""
    community, choice = newsletter.community, choice_of(newsletter)
    context = {
        "newsletter": newsletter,
        "joined": joined_words(choice),
        "drawn": draw(newsletter),
        "url": f"{settings.SITE_URL}{newsletter.get_absolute_url()}",
        **_ways_out(Purpose.NEWSLETTERS, list_slug(choice), newsletter.pk),
    }
    text = compose.tidy(render_to_string("emails/communities/newsletter.txt", context))
    html = compose.laid_out(
        "emails/communities/newsletter.mjml",
        {**context, "from_whom": community.name, "colour": community.colour, "preheader": newsletter.introduction},
    )
    return Message(subject=newsletter.title, text=text, html=html)


def announcement_message(dates: Sequence[Event]) -> Message:
    """What tells people that an event is on, or several dates of one."""
    return _event_message("event_announcement", _titled(dates), dates)


def change_message(dates: Sequence[Event]) -> Message:
    """What tells those who were told of an event that its time or place is another."""
    return _event_message("event_change", f"Changed: {_titled(dates)}", dates)


def cancellation_message(dates: Sequence[Event]) -> Message:
    """What tells those who were told of an event that it is off."""
    return _event_message("event_cancellation", f"Cancelled: {_titled(dates)}", dates)


def _titled(dates: Sequence[Event]) -> str:
    return f"{dates[0].title} ({len(dates)} dates)" if len(dates) > 1 else dates[0].title


def _event_message(template: str, subject: str, dates: Sequence[Event]) -> Message:
    event = dates[0]
    context = {
        "event": event,
        "dates": [(each, f"{settings.SITE_URL}{each.get_absolute_url()}") for each in dates] if len(dates) > 1 else [],
        "joined": joined_words(Choice(communities=frozenset(each.pk for each in event.communities))),
        "description": to_mail_text(event.description),
        "url": f"{settings.SITE_URL}{event.get_absolute_url()}",
        "register_url": f"{settings.SITE_URL}{reverse('events:register', args=[event.slug])}",
        **_ways_out(Purpose.EVENTS, *list_of(event)),
    }
    text = compose.tidy(render_to_string(f"emails/communities/{template}.txt", context))
    return Message(subject=subject, text=text, html=compose.to_html(text))


def list_of(event: Event) -> tuple[str, int | None]:
    """By which list postings of an event go, as ``list_query`` takes it: the slug of its one community; or, where it is
    for several, its own key. Neither where it is for everybody.
    """
    communities = event.communities
    if len(communities) == 1:
        return communities[0].slug, None
    return "", event.pk if communities else None


def _ways_out(purpose: Purpose, community_slug: str, issue: int | None = None) -> dict[str, str]:
    query = list_query(purpose.value, community_slug, issue)
    return {
        "unsubscribe_url": link_with_token("unsubscribe", **query),
        "preferences_url": link_with_token("preferences"),
    }
