"""The words in which people are asked for their consent. What they saw is kept with what they gave.

Each purpose is asked for by itself and arrives unticked (UK GDPR article 4(11); PECR regulation 22). A change of
these words asks nobody again: those who agreed before agreed to what is written in their own consent.
"""

from __future__ import annotations

from django.conf import settings

from communities.models import Community, Purpose
from studies.models import Programme

_WORDS = {
    Purpose.NEWSLETTERS: (
        "Yes, {programme} may email me newsletters from the communities I join. I can stop this at any time."
    ),
    Purpose.EVENTS: "Yes, {programme} may email me about events. I can stop this at any time.",
    Purpose.UPDATES: (
        "Yes, {programme} may email me once a month what is new in the communities I join. I can stop this at any time."
    ),
}


def needs_wording() -> str:
    """The exact sentence beside the box by which somebody agrees that we keep what they eat and need (UK GDPR, article
    9(2)(a): explicit, for this alone).
    """
    return (
        "Yes, programme staff may use what I wrote about what I eat and need for this event, and keep it until "
        f"{settings.EVENT_KEEP_NEEDS_DAYS} days after it."
    )


def consent_wording(purpose: str) -> str:
    """The exact sentence that stands beside the tick box of a purpose today."""
    programme = Programme.objects.current()
    name = programme.short_name if programme else "the programme"
    return _WORDS[Purpose(purpose)].format(programme=name)


def consent_wordings() -> dict[str, str]:
    """The sentence of every purpose, in the order in which they are asked for."""
    return {purpose.value: consent_wording(purpose) for purpose in Purpose}


def list_wording(purpose: str, community: Community) -> str:
    """What one community sends of a kind, as its list is called where one stops it: "Emails about events from …"."""
    kinds = {
        Purpose.NEWSLETTERS: "Newsletters",
        Purpose.EVENTS: "Emails about events",
        Purpose.UPDATES: "News in monthly updates",
    }
    return f"{kinds[Purpose(purpose)]} from {community.name}"
