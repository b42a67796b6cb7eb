"""What search engines read of an event: schema.org's Event as JSON-LD."""

from __future__ import annotations

import json

from django.conf import settings
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from communities.markup import to_mail_text
from communities.models import Event

_STATUS = {False: "https://schema.org/EventScheduled", True: "https://schema.org/EventCancelled"}
#: As JSON they stay the same; as HTML they can end neither the script nor anything else.
_HTML_SAFE = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


def event_data(event: Event) -> SafeString:
    """The content of a ``<script type="application/ld+json">``: a data block, which nothing runs. Nobody is named."""
    url = f"{settings.SITE_URL}{event.get_absolute_url()}"
    locations: list[dict[str, str]] = []
    if event.place:
        locations.append({"@type": "Place", "name": event.place, "address": event.place})
    if event.online_url:
        locations.append({"@type": "VirtualLocation", "url": event.online_url if event.show_online_url else url})
    modes = {(True, False): "Offline", (False, True): "Online", (True, True): "Mixed"}
    mode = modes[bool(event.place), bool(event.online_url)]
    data = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.title,
        "description": to_mail_text(event.description),
        "startDate": timezone.localtime(event.starts_at).isoformat(),
        "endDate": timezone.localtime(event.ends_at).isoformat(),
        "eventStatus": _STATUS[event.is_cancelled],
        "eventAttendanceMode": f"https://schema.org/{mode}EventAttendanceMode",
        "location": locations if len(locations) > 1 else locations[0],
        "url": url,
    }
    written = json.dumps(data, ensure_ascii=False, indent=2).translate(_HTML_SAFE)
    return mark_safe(written)  # noqa: S308 - escaped above
