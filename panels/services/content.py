"""What a review says, as plain data: kept as a version each time it is sent, and put back where that is needed."""

from __future__ import annotations

from typing import Any

from panels.models import Answer, Review, ReviewVersion

#: The texts of a review that are not answers to questions.
TEXTS = ("comments_to_team", "confidential_comments")
FIELDS = (*TEXTS, "recommendation")


def content_of(review: Review) -> dict[str, Any]:
    """The review's texts and recommendation, and each answer with the question's own words.

    ``{"comments_to_team": str, "confidential_comments": str, "recommendation": str,
    "answers": [{"question": pk, "asked": str, "score": int | None, "text": str}]}``
    """
    answers = review.answers.select_related("question").order_by("question__position", "question_id")
    return {
        **{name: getattr(review, name) for name in FIELDS},
        "answers": [
            {"question": a.question_id, "asked": a.question.text, "score": a.score, "text": a.text} for a in answers
        ],
    }


def write_answers(review: Review, answers: dict[int, int | str | None]) -> bool:
    """Make the review's answers to these questions be these; says whether anything changed.

    ``answers`` has a score, a text or None (no answer) for each question's key; other questions are left alone.
    """
    there = {answer.question_id: answer for answer in review.answers.all()}
    changed = False
    for question, value in answers.items():
        score = value if isinstance(value, int) else None
        text = value if isinstance(value, str) else ""
        answer = there.get(question)
        if answer is None:
            if score is None and not text:
                continue
            Answer.objects.create(review=review, question_id=question, score=score, text=text)
        elif (answer.score, answer.text) != (score, text):
            answer.score, answer.text = score, text
            answer.save()
        else:
            continue
        changed = True
    return changed


def restore_last_sent(review: Review) -> None:
    """Put back the review as its member last sent it, keeping what they had been writing since as a version."""
    sent = review.versions.filter(kind=ReviewVersion.Kind.SENT).last()
    if sent is None:
        return
    now = content_of(review)
    if now != sent.content:
        ReviewVersion.objects.create(review=review, kind=ReviewVersion.Kind.UNFINISHED, content=now)
    for name in FIELDS:
        setattr(review, name, sent.content[name])
    review.answers.all().delete()
    Answer.objects.bulk_create(
        Answer(review=review, question_id=a["question"], score=a["score"], text=a["text"])
        for a in sent.content["answers"]
    )
    review.status = Review.Status.SUBMITTED
    review.submitted_at = sent.made_at
    review.version += 1
    review.saved_from = ""
    review.save()
