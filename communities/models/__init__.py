"""Communities of practice, the associates who join them, what they agreed to, newsletters, events and who comes."""

from communities.models.approval import ApprovalStep
from communities.models.associate import Associate, Consent, Involvement, ListStop, Membership, Purpose
from communities.models.audience import Audience
from communities.models.block import NewsletterBlock, Picture
from communities.models.community import Colour, Community, CommunityMove, new_key
from communities.models.event import Event, EventPosting
from communities.models.item import CommunityItem
from communities.models.newsletter import LeftOut, Newsletter, NewsletterLink, Unsubscribe
from communities.models.registration import AttendeeNeeds, EventFeedback, Notice, Registration
from communities.models.series import EventSeries
from communities.models.signup import Attempt, Signup
from communities.models.update import MonthlyUpdate, UpdateEntry, UpdateMailing, UpdateReceipt, UpdateSection

__all__ = [
    "ApprovalStep",
    "Associate",
    "Attempt",
    "AttendeeNeeds",
    "Audience",
    "Colour",
    "Community",
    "CommunityItem",
    "CommunityMove",
    "Consent",
    "Event",
    "EventFeedback",
    "EventPosting",
    "EventSeries",
    "Involvement",
    "LeftOut",
    "ListStop",
    "Membership",
    "MonthlyUpdate",
    "Newsletter",
    "NewsletterBlock",
    "NewsletterLink",
    "Notice",
    "Picture",
    "Purpose",
    "Registration",
    "Signup",
    "Unsubscribe",
    "UpdateEntry",
    "UpdateMailing",
    "UpdateReceipt",
    "UpdateSection",
    "new_key",
]
