"""Events that repeat: when they begin, and what a calendar reads of an email about them."""

from __future__ import annotations

import datetime as dt

from icalendar import Calendar

from mailing.models import Attachment, Delivery, Mailing

NOW = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
#: A Tuesday; the clocks go forward on the Sunday after the second date.
FIRST = dt.datetime(2027, 3, 16, 10, 30, tzinfo=dt.UTC)


def sent(mailing: Mailing) -> Mailing:
    Delivery.objects.filter(mailing=mailing).update(status="sent", due_at=None, settled_at=NOW)
    return mailing


def entries(mailing: Mailing) -> dict[str, tuple[str, int]]:
    attachment = Attachment.objects.get(mailing=mailing)
    found = Calendar.from_ical(bytes(attachment.content)).walk("VEVENT")
    return {str(each["UID"]).partition("@")[0]: (str(each["STATUS"]), int(each["SEQUENCE"])) for each in found}
