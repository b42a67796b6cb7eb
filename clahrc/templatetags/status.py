"""The one colour of each status, whichever app it is from: green is going well, yellow waits, red needs somebody."""

from __future__ import annotations

_COLOURS: dict[str, str] = {
    # studies
    "proposed": "grey",
    "scoping": "purple",
    "protocol": "purple",
    "active": "green",
    "analysis": "aqua-green",
    "implementing": "blue",
    "completed": "white",
    "not_taken_forward": "grey",
    "archived": "grey",
    # posts and people
    "filled": "green",
    "vacant": "yellow",
    "in_post": "green",
    "ended": "grey",
    "left": "grey",
    "invited": "yellow",
    "accepted": "green",
    "expired": "red",
    "withdrawn": "grey",
    "deactivated": "grey",
    # communities
    "forming": "purple",
    "growing": "aqua-green",
    "established": "green",
    "self_sustaining": "blue",
    "confirmed": "green",
    "unconfirmed": "yellow",
    # work to do
    "assigned": "yellow",
    "conflicted": "orange",
    "draft": "grey",
    "waiting": "yellow",
    "not_started": "grey",
    "in_progress": "blue",
    "submitted": "green",
    "done": "white",
    "overdue": "red",
    "due": "yellow",
    "open": "blue",
    "closed": "grey",
    "made": "green",
    "considering": "yellow",
    "new": "blue",
    "agreed": "green",
    "declined": "red",
    "cancelled": "grey",
    # events
    "coming": "green",
    "offered": "purple",
    "published": "green",
    # mail
    "hard": "red",
    "soft": "yellow",
    "blocked": "orange",
    "complaint": "red",
    "unsubscribed": "grey",
    "queued": "grey",
    "sending": "blue",
    "scheduled": "purple",
    "template": "blue",
    "sent": "green",
    "kept": "green",
    "deferred": "yellow",
    "paused": "yellow",
    "failed": "red",
    "unknown": "orange",
    "skipped": "grey",
    "approved": "green",
    "sent_back": "orange",
}


def colour_of(status: str) -> str:
    """The tag colour of a status value; the design's own blue where it has none of its own."""
    return _COLOURS.get(status, "")
