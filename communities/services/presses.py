"""How often the links of a newsletter are pressed, where ``NEWSLETTERS_COUNT_PRESSES`` says so. Nobody is told apart:
all who get it have the same addresses, and a press leaves a number behind, no more (PECR, regulation 6: nothing is kept
on or read from the reader's device).
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape, unescape

from django.conf import settings
from django.db.models import F

from communities.bulk_mail import Message
from communities.models import Newsletter, NewsletterLink
from mailing.compose import site_url

_HREF = re.compile(r'href="(https?://[^"]+)"')
_LONGEST = 500


def count_links(newsletter: Newsletter, message: Message) -> Message:
    """The message with links that are counted in its HTML; as it was, where the programme does not count.

    Links that differ from reader to reader, such as those for leaving, stay as they are, and so does the plain text.
    """
    if not settings.NEWSLETTERS_COUNT_PRESSES:
        return message

    def counted(match: re.Match[str]) -> str:
        address = unescape(match[1])
        if "{{" in address or len(address) > _LONGEST:
            return match[0]
        link, _ = NewsletterLink.objects.get_or_create(newsletter=newsletter, address=address)
        return f'href="{escape(site_url(link.get_absolute_url()))}"'

    return replace(message, html=_HREF.sub(counted, message.html))


def count_press(*, key: str) -> str:
    """Count a press of a link; returns where it leads, empty if it is none of ours."""
    links = NewsletterLink.objects.filter(key=key)
    links.update(presses=F("presses") + 1)
    return links.values_list("address", flat=True).first() or ""
