"""Feeds to subscribe to: newsletters and events as Atom, events as calendars. They hold what the public pages hold.

Programs ask for them every few hours, for years. Each answer has an ETag made from the rows that it shows, so that
one who has it already gets 304 and nothing is drawn.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Iterable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Model, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape, format_html
from django.views.decorators.http import require_safe

from communities import ics
from communities.drawing import draw
from communities.models import Associate, Community, Event, Newsletter, Registration
from communities.querysets import EventQuerySet
from communities.tokens import UnknownLinkError, read_calendar
from communities.words import written_text
from mailing.tokens import BadToken
from studies.models import Programme

_ENTRIES = 50
_PLAIN = "text/plain; charset=utf-8"
#: Raise it when what feeds and calendars look like changes, so that nobody keeps the old look for the same rows.
_LOOK = 1
#: How long past events stay in the calendars that people subscribe to.
_KEPT = dt.timedelta(days=180)


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def _programme() -> str:
    programme = Programme.objects.current()
    return programme.short_name if programme else "CLAHRC"


def _atom(title: str, page: str, feed: str) -> Atom1Feed:
    return Atom1Feed(
        title=title,
        link=_absolute(reverse(page)),
        description=title,
        feed_url=_absolute(reverse(feed)),
        feed_guid=_absolute(reverse(page)),
        author_name=_programme(),
        language="en-gb",
    )


def _row(row: Model | None) -> list[object]:
    return [] if row is None else [getattr(row, field.attname) for field in row._meta.concrete_fields]


def _answer(
    request: HttpRequest, made_of: Iterable[object], draw: Callable[[], str | bytes], content_type: str
) -> HttpResponse:
    """304 to somebody who has it already, else what ``draw`` makes. ``made_of`` is all that it depends on.

    Whoever keeps it asks each time whether it is still so; what somebody saw who was logged in is kept by them alone.
    """
    seen = repr([_LOOK, settings.SITE_URL, settings.DEFAULT_FROM_EMAIL, *made_of])
    # Weak, since a calendar says when it was made, and a proxy may compress it.
    etag = f'W/"{hashlib.sha256(seen.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(draw(), content_type=content_type)
    response.headers["ETag"] = etag
    patch_cache_control(response, no_cache=True, **({"private": True} if request.user.is_authenticated else {}))
    return response


def _atom_answer(request: HttpRequest, made_of: Iterable[object], draw: Callable[[], Atom1Feed]) -> HttpResponse:
    return _answer(request, made_of, lambda: draw().writeString("utf-8"), "application/atom+xml; charset=utf-8")


@login_not_required
@require_safe
def newsletters_feed(request: HttpRequest) -> HttpResponse:
    """The newest newsletters."""
    title = f"{_programme()}: newsletters"
    newest = list(Newsletter.objects.sent().select_related("community").with_blocks()[:_ENTRIES])
    blocks = [block for newsletter in newest for block in newsletter.blocks.all()]
    made_of = [
        title,
        *((_row(newsletter), newsletter.community.name) for newsletter in newest),
        *((_row(block), _row(block.event), _row(block.study), _row(block.picture)) for block in blocks),
    ]

    def made() -> Atom1Feed:
        feed = _atom(title, "newsletters:index", "newsletters:feed")
        for newsletter in newest:
            drawn = {"drawn": draw(newsletter), "feed_base": settings.SITE_URL}
            body = render_to_string("newsletters/_blocks.html", drawn)
            link = _absolute(newsletter.get_absolute_url())
            feed.add_item(
                title=written_text(newsletter.title),
                link=link,
                unique_id=link,
                description=written_text(format_html("<p>{}</p>\n{}", newsletter.introduction, body)),
                pubdate=newsletter.sent_at,
                updateddate=newsletter.sent_at,
                categories=[newsletter.community.name],
            )
        return feed

    return _atom_answer(request, made_of, made)


@login_not_required
@require_safe
def events_feed(request: HttpRequest) -> HttpResponse:
    """The events to come, soonest first."""
    title = f"{_programme()}: events"
    soonest = list(Event.objects.public().upcoming()[:_ENTRIES])

    def made() -> Atom1Feed:
        feed = _atom(title, "events:index", "events:feed")
        for event in soonest:
            link = _absolute(event.get_absolute_url())
            feed.add_item(
                title=written_text(f"Cancelled: {event.title}" if event.is_cancelled else event.title),
                link=link,
                unique_id=link,
                description=escape(written_text(f"{event.when}. {event.place or 'Online'}")),  # a summary is HTML
                pubdate=event.created_at,
                updateddate=event.updated_at,
                categories=[event.get_kind_display()],
            )
        return feed

    return _atom_answer(request, [title, *map(_row, soonest)], made)


@login_not_required
@require_safe
def events_calendar(request: HttpRequest) -> HttpResponse:
    """Every public event as a calendar."""
    return _calendar(request, Event.objects.public(), f"{_programme()} events")


@login_not_required
@require_safe
def community_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """One community's public events as a calendar."""
    community = get_object_or_404(Community.objects.visible_to(request.user), slug=slug)
    name = f"{_programme()} events: {community.name}"
    return _calendar(request, Event.objects.public().for_communities([community.pk]), name)


@login_not_required
@require_safe
def personal_calendar(request: HttpRequest, token: str) -> HttpResponse:
    """An associate's own calendar: the events of their communities, of everybody, and those that they registered for.

    It has the link to join online where they have a place, as the email that confirmed it has. What they wait for is
    tentative. Only the program that asked may keep it, and it asks each time.
    """
    try:
        associate = read_calendar(token)
    except BadToken:
        response = HttpResponse("This address is not complete.\n", status=404, content_type=_PLAIN)
    except UnknownLinkError:
        response = HttpResponse("This calendar is no more.\n", status=410, content_type=_PLAIN)
    else:
        response = _calendar_of(request, associate)
    patch_cache_control(response, private=True, no_cache=True)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _calendar_of(request: HttpRequest, associate: Associate) -> HttpResponse:
    theirs = Registration.objects.with_email(associate.email)
    communities = associate.memberships.current().order_by().values("community")
    ours = Event.objects.for_communities(communities).order_by().values("pk")
    events = Event.objects.public().filter(Q(community=None) | Q(pk__in=ours) | Q(pk__in=theirs.live().values("event")))
    coming = set(theirs.coming().values_list("event", flat=True))
    waiting = set(theirs.live().values_list("event", flat=True)) - coming
    return _calendar(request, events, f"{_programme()} events for you", associate.key, coming, waiting)


def _calendar(
    request: HttpRequest,
    events: EventQuerySet,
    name: str,
    whose: str = "",
    coming: Collection[int] = (),
    waiting: Collection[int] = (),
) -> HttpResponse:
    recent = list(events.filter(ends_at__gte=timezone.now() - _KEPT).order_by("starts_at", "pk"))
    made_of = [name, whose, sorted(coming), sorted(waiting), *map(_row, recent)]
    return _answer(
        request,
        made_of,
        lambda: ics.calendar_feed(recent, name=name, coming=coming, waiting=waiting),
        ics.CONTENT_TYPE,
    )
