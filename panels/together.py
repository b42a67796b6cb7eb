"""A cycle's reviews side by side: scores by question and member, medians, and comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.utils import timezone

from panels.models import Answer, Question, Review, ReviewCycle
from people.models import User


@dataclass
class ScoreRow:
    """One question's scores, in the order of the reviews; None where a member gave none."""

    question: Question
    answers: list[Answer | None]

    @property
    def scores(self) -> list[int]:
        """Those that were given."""
        return [answer.score for answer in self.answers if answer and answer.score is not None]

    @property
    def median(self) -> float | None:
        """The middle score, None without any."""
        return median(self.scores) if self.scores else None


@dataclass
class Together:
    """What one person may read of a cycle's reviews."""

    cycle: ReviewCycle
    reviews: list[Review]
    shows_confidential: bool
    scores: list[ScoreRow] = field(default_factory=list)
    texts: list[ScoreRow] = field(default_factory=list)

    @property
    def recommendations(self) -> list[tuple[str, int]]:
        """How many recommend what, in the order of the choices; only those that somebody chose."""
        chosen = [review.recommendation for review in self.reviews]
        return [(label, chosen.count(value)) for value, label in Review.Recommendation.choices if value in chosen]


def read_together(cycle: ReviewCycle, user: User) -> Together:
    """The reviews of a cycle that the user may read, arranged by question. The same number of queries for any size."""
    reviews = list(
        Review.objects.visible_to(user)
        .submitted()
        .filter(cycle=cycle)
        .select_related("member__organisation")
        .prefetch_related("answers")
        .order_by("member__full_name", "pk")
    )
    together = Together(cycle, reviews, shows_confidential=user.has_perm("panels.read_confidential", cycle))
    given = {(review.pk, answer.question_id): answer for review in reviews for answer in review.answers.all()}
    for question in cycle.questions.all():
        row = ScoreRow(question, [given.get((review.pk, question.pk)) for review in reviews])
        (together.scores if question.kind == Question.Kind.SCORE else together.texts).append(row)
    if not together.shows_confidential:
        for review in reviews:
            if review.member_id != user.pk:
                review.confidential_comments = ""
    return together


def export_rows(together: Together) -> Iterator[list[Any]]:
    """One line for each review: who, when, each answer, recommendation and comments."""
    questions = [row.question for row in (*together.scores, *together.texts)]
    heads = ["Reviewer", "Organisation", "Sent on", *(question.text for question in questions)]
    heads += ["Recommendation", "Comments to the study team"]
    yield heads + (["Confidential comments"] if together.shows_confidential else [])
    for number, review in enumerate(together.reviews):
        answers = [row.answers[number] for row in (*together.scores, *together.texts)]
        sent = timezone.localtime(review.submitted_at) if review.submitted_at else None
        line: list[Any] = [
            review.member.full_name,
            review.member.organisation,
            sent.strftime("%Y-%m-%d") if sent else "",
        ]
        line += [(answer.text if answer.score is None else answer.score) if answer else "" for answer in answers]
        line += [review.get_recommendation_display(), review.comments_to_team]
        yield line + ([review.confidential_comments] if together.shows_confidential else [])
