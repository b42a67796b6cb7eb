"""Links as they stand in messages that were sent."""

from __future__ import annotations

from communities.models import Associate
from communities.tokens import RECIPIENT
from mailing import tokens


def recipient_token(associate: Associate) -> str:
    """The token in bulk email to an associate, which the mailing app makes for each recipient of a newsletter."""
    return tokens.sign(RECIPIENT, associate.key, at=associate.confirmed_at)
