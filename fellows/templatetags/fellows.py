"""Template tags of the fellows app: the states of posts and secondments, as tags in words and colour."""

from __future__ import annotations

from django import template
from django.utils import timezone

from fellows.models import FellowPost, Secondment
from fellows.services import can_undo_end

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
    if secondment.last_day(max_years) < timezone.localdate():
        return {"text": "Longest term reached", "colour": "red"}
    if secondment.ends_soon(max_years):
        return {"text": "Ends soon", "colour": "orange"}
    if secondment.fellow is None:
        return {"text": "Name not yet added", "colour": "purple"}
    return {"text": "In post", "colour": "green"}


@register.filter
def may_undo_end(secondment: Secondment) -> bool:
    """Whether the end of the secondment was recorded today, and can be taken back."""
    return bool(secondment.ended_because) and can_undo_end(secondment)
