"""How scores and recommendations are said in words."""

from __future__ import annotations

from django import template

from panels.models import Answer, Review
from panels.together import ScoreRow, Together

register = template.Library()


@register.filter
def score_words(score: int | None) -> str:
    """``4. Mostly``; nothing for no score."""
    return f"{score}. {Answer.Score(score).label}" if score else ""


@register.filter
def recommendation_words(value: str) -> str:
    """What a stored recommendation says; nothing for none."""
    return str(dict(Review.Recommendation.choices).get(value, ""))


@register.filter
def median_words(value: float | None) -> str:
    """A median without a needless decimal: 4, 3.5, or a dash."""
    return "–" if value is None else f"{value:g}"


@register.simple_tag
def change_link(url: str, field: str) -> str:
    """The address of one question on the review page."""
    return f"{url}#{field}"


@register.simple_tag
def member_of(together: Together, number: int) -> str:
    """Whose answer stands in this place of every row."""
    return str(together.reviews[number].member)


@register.simple_tag
def answer_of(line: ScoreRow, number: int) -> Answer | None:
    """The answer to a question in one member's place."""
    return line.answers[number]
