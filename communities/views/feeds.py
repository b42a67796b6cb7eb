"""Feeds to subscribe to: newsletters and events as Atom, events as calendars. They hold what the public pages hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape, format_html
from django.views.decorators.http import require_safe

from communities import ics
from communities.drawing import draw
from communities.models import Community, Event, Newsletter, Registration
from communities.querysets import EventQuerySet
from communities.tokens import UnknownLinkError, read_calendar
from communities.views.requests import by_signed_link
from communities.words import written_text
from mailing.tokens import BadToken
from studies.models import Programme

_ENTRIES = 50
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


def _answer(feed: Atom1Feed) -> HttpResponse:
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


@login_not_required
@require_safe
def newsletters_feed(request: HttpRequest) -> HttpResponse:
    """The newest newsletters."""
    feed = _atom(f"{_programme()}: newsletters", "newsletters:index", "newsletters:feed")
    for newsletter in Newsletter.objects.sent().select_related("community").with_blocks()[:_ENTRIES]:
        body = render_to_string("newsletters/_blocks.html", {"drawn": draw(newsletter), "feed_base": settings.SITE_URL})
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
    return _answer(feed)


@login_not_required
@require_safe
def events_feed(request: HttpRequest) -> HttpResponse:
    """The events to come, soonest first."""
    feed = _atom(f"{_programme()}: events", "events:index", "events:feed")
    for event in Event.objects.public().upcoming()[:_ENTRIES]:
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
    return _answer(feed)


@login_not_required
@require_safe
def events_calendar(request: HttpRequest) -> HttpResponse:
    """Every public event as a calendar."""
    return _calendar(Event.objects.public(), f"{_programme()} events")


@login_not_required
@require_safe
def community_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """One community's public events as a calendar."""
    community = get_object_or_404(Community.objects.visible_to(request.user), slug=slug)
    return _calendar(Event.objects.public().for_communities([community.pk]), f"{_programme()} events: {community.name}")


@by_signed_link
@require_safe
def personal_calendar(request: HttpRequest, token: str) -> HttpResponse:
    """An associate's own calendar: the events of their communities, of everybody, and those that they registered for.

    It has the link to join online where they have a place, as the email that confirmed it has. What they wait for is
    tentative.
    """
    try:
        associate = read_calendar(token)
    except BadToken:
        return HttpResponse("This address is not complete.\n", status=404, content_type="text/plain; charset=utf-8")
    except UnknownLinkError:
        return HttpResponse("This calendar is no more.\n", status=410, content_type="text/plain; charset=utf-8")
    theirs = Registration.objects.with_email(associate.email)
    communities = associate.memberships.current().order_by().values("community")
    ours = Event.objects.for_communities(communities).order_by().values("pk")
    events = Event.objects.public().filter(Q(community=None) | Q(pk__in=ours) | Q(pk__in=theirs.live().values("event")))
    coming = set(theirs.coming().values_list("event", flat=True))
    waiting = set(theirs.live().values_list("event", flat=True)) - coming
    return _calendar(events, f"{_programme()} events for you", coming=coming, waiting=waiting)


def _calendar(events: EventQuerySet, name: str, **theirs: Container[int]) -> HttpResponse:
    recent = events.filter(ends_at__gte=timezone.now() - _KEPT).order_by("starts_at", "pk")
    return HttpResponse(ics.calendar_feed(recent, name=name, **theirs), content_type=ics.CONTENT_TYPE)
