"""Template tags of the fellows app: the states of posts and secondments, as tags in words and colour."""

from __future__ import annotations

from django import template
from django.utils import timezone

from fellows.models import FellowPost, Secondment
from fellows.services import can_undo_end
from fellows.terms import ENDING_SOON_MONTHS, months_later

register = template.Library()


@register.simple_tag
def post_state(post: FellowPost, max_years: int) -> dict[str, str]:
    """The state of a post today: closed, vacant, and otherwise that of the secondment in it."""
    if post.closed_on:
        return {"text": "Closed", "colour": "grey"}
    present = post.present
    if present is None:
        return {"text": "Starting later", "colour": "blue"} if post.to_come else {"text": "Vacant", "colour": "yellow"}
    return _of_present(present, max_years)


def _of_present(secondment: Secondment, max_years: int) -> dict[str, str]:
    today, last = timezone.localdate(), secondment.last_day(max_years)
    if last < today:
        return {"text": "Longest term reached", "colour": "red"}
    if last <= months_later(today, ENDING_SOON_MONTHS):
        return {"text": "Ends soon", "colour": "orange"}
    if secondment.fellow is None:
        return {"text": "Name not yet added", "colour": "purple"}
    return {"text": "In post", "colour": "green"}


@register.filter
def may_undo_end(secondment: Secondment) -> bool:
    """Whether the end of the secondment was recorded today, and can be taken back."""
    return bool(secondment.ended_because) and can_undo_end(secondment)
