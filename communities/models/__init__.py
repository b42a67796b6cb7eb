"""Communities of practice, the associates who join them, what they agreed to, newsletters and events."""

from communities.models.associate import Associate, Consent, Involvement, Membership, Purpose
from communities.models.community import Community, CommunityMove, new_key
from communities.models.event import Event, EventPosting
from communities.models.newsletter import Newsletter
from communities.models.signup import Attempt, Signup

__all__ = [
    "Associate",
    "Attempt",
    "Community",
    "CommunityMove",
    "Consent",
    "Event",
    "EventPosting",
    "Involvement",
    "Membership",
    "Newsletter",
    "Purpose",
    "Signup",
    "new_key",
]
