"""Events as calendar entries (RFC 5545), for a download, an attachment or a feed to subscribe to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from icalendar import Calendar, vCalAddress, vText
from icalendar import Event as Entry

from communities.calendar_zone import LONDON, london_zone
from communities.markup import to_mail_text
from communities.models import Event
from communities.words import written_text
from mailing.services import File


@dataclass(frozen=True)
class Subscription:
    """The whole address of a calendar, to be copied, and as links that open a calendar program have it."""

    address: str

    @property
    def webcal(self) -> str:
        """The address with the scheme that browsers hand to a calendar program."""
        return f"webcal://{self.address.partition('://')[2]}"


CONTENT_TYPE = "text/calendar; charset=utf-8"
#: How often programs that subscribe to a feed are asked to look again.
REFRESH = dt.timedelta(hours=6)


def calendar_file(*events: Event, method: str = "PUBLISH", with_link: Container[int] = ()) -> bytes:
    """One event as a file, or several dates of one, in UTF-8 with the line ends and folding of RFC 5545.

    ``method`` is PUBLISH, or CANCEL to take one out of calendars (RFC 5546). The link to join online is in it where
    everyone may see it, and for the events whose keys are in ``with_link``.
    """
    calendar = _calendar(method=method)
    for event in events:
        calendar.add_component(_entry(event, with_link=event.show_online_url or event.pk in with_link))
    return bytes(calendar.to_ical())


def calendar_feed(
    events: Iterable[Event], *, name: str, coming: Container[int] = (), waiting: Container[int] = ()
) -> bytes:
    """Events that calendar programs subscribe to. Cancelled ones stay in it, marked so, until they are long past.

    ``coming`` has the keys of the events at which its reader has a place: those alone take up their time and have the
    link to join online. ``waiting`` has those for which they are on the waiting list.
    """
    calendar = _calendar(method="PUBLISH")
    calendar.add("name", written_text(name))
    calendar.add("x-wr-calname", written_text(name))
    calendar.add("x-wr-timezone", LONDON.key)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    for event in events:
        is_mine = event.pk in coming
        entry = _entry(event, with_link=event.show_online_url or is_mine, takes_time=is_mine)
        if event.pk in waiting and not event.is_cancelled:
            entry["status"] = vText("TENTATIVE")
        calendar.add_component(entry)
    return bytes(calendar.to_ical())


def attachment(*events: Event, method: str = "PUBLISH", with_link: Container[int] = ()) -> File:
    """``calendar_file`` to attach to an email."""
    return File(
        filename=f"{events[0].slug}.ics",
        content_type=f"text/calendar; method={method}; charset=utf-8",
        content=calendar_file(*events, method=method, with_link=with_link),
    )


def _calendar(*, method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//CLAHRC portal//Events//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(london_zone())
    return calendar


def _entry(event: Event, *, with_link: bool, takes_time: bool = True) -> Entry:
    """An event as VEVENT. It takes place by London's clocks; when it was written is in UTC (RFC 5545, 3.8.7)."""
    url = f"{settings.SITE_URL}{event.get_absolute_url()}"
    link = event.online_url if with_link else ""
    entry = Entry()
    entry.add("uid", f"{event.uid}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}")
    entry.add("dtstamp", _utc(timezone.now()))
    entry.add("created", _utc(event.created_at))
    entry.add("last-modified", _utc(event.updated_at))
    entry.add("sequence", event.sequence)
    entry.add("status", "CANCELLED" if event.is_cancelled else "CONFIRMED")
    entry.add("summary", written_text(f"Cancelled: {event.title}" if event.is_cancelled else event.title))
    entry.add("dtstart", _in_london(event.starts_at))
    entry.add("dtend", _in_london(event.ends_at))
    entry.add("location", written_text(event.place or link or "Online"))
    entry.add("description", written_text("\n\n".join(_description(event, link=link, url=url))))
    entry.add("url", url)
    entry.add("categories", [event.get_kind_display()])
    entry.add("transp", "OPAQUE" if takes_time and not event.is_cancelled else "TRANSPARENT")
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    organiser = vCalAddress(f"mailto:{address}")
    organiser.params["CN"] = vText(name or address)
    entry.add("organizer", organiser)
    return entry


def _description(event: Event, *, link: str, url: str) -> Iterable[str]:
    if event.is_cancelled:
        yield f"This event has been cancelled. {event.cancelled_reason}".strip()
    yield to_mail_text(event.description)
    if link:
        yield f"Join online: {link}"
    yield f"More about it: {url}"


def _in_london(moment: dt.datetime) -> dt.datetime:
    """By London's clocks; in UTC in the hour that comes twice, of which a calendar could only mean the first."""
    local = moment.astimezone(LONDON).replace(microsecond=0)
    return _utc(moment) if local.fold else local


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(microsecond=0)
