"""A panel with questions, a cycle in which its members are asked, and what they may write."""

from __future__ import annotations

import datetime as dt

import pytest

from panels import services
from panels.models import Panel, PanelSeat, Question, Review, ReviewCycle
from people.models import User
from tests.conftest import make_user


@pytest.fixture
def score(panel) -> Question:
    return services.add_question(panel=panel, text="Are the methods right?", hint="Think of bias.", kind="score")


@pytest.fixture
def words(panel) -> Question:
    return services.add_question(panel=panel, text="What should change?", kind="text", is_required=False)


@pytest.fixture
def second_member(panel) -> User:
    user = make_user("second-member")
    PanelSeat.objects.create(panel=panel, user=user)
    return user


@pytest.fixture
def other_panel(programme) -> Panel:
    return Panel.objects.create(slug="commissioners", kind=Panel.Kind.COMMISSIONER, name="Commissioners’ panel")


@pytest.fixture
def other_panel_member(other_panel) -> User:
    user = make_user("other-panel-member")
    PanelSeat.objects.create(panel=other_panel, user=user)
    return user


@pytest.fixture
def cycle(panel, study, score, words, panel_member, second_member, staff) -> ReviewCycle:
    """Open; the two members are asked and have written nothing."""
    return services.open_cycle(
        panel=panel,
        study=study,
        reason=ReviewCycle.Reason.ANNUAL,
        due_on=dt.date.today() + dt.timedelta(days=30),
        members=[panel_member, second_member],
        opened_by=staff,
        note="Read the protocol first.",
    )


@pytest.fixture
def review(cycle, panel_member) -> Review:
    return cycle.reviews.get(member=panel_member)


@pytest.fixture
def second_review(cycle, second_member) -> Review:
    return cycle.reviews.get(member=second_member)


@pytest.fixture
def write():
    """``write(review)`` saves a whole draft; more words may be given."""

    def do(review: Review, score: int = 4, recommendation: str = "minor", **texts: str) -> Review:
        services.declare_no_conflict(review=review)
        review.refresh_from_db()
        answers = {
            question.pk: score if question.kind == "score" else f"Change this, says {review.member}."
            for question in review.cycle.questions.all()
        }
        fields = {
            "recommendation": recommendation,
            "comments_to_team": f"To the team from {review.member}.",
            "confidential_comments": f"In confidence from {review.member}.",
            **texts,
        }
        return services.save_draft(review=review, version=review.version, fields=fields, answers=answers)

    return do


@pytest.fixture
def send(write):
    """``send(review)`` writes and submits it."""

    def do(review: Review, **kwargs) -> Review:
        return services.submit_review(review=write(review, **kwargs))

    return do


@pytest.fixture
def outbox(monkeypatch) -> list[tuple[str, str]]:
    """The address and template of each message that the panels app sends from here on."""
    from panels import emails

    sent: list[tuple[str, str]] = []
    real = emails.send_template

    def note(**kwargs):
        sent.append((kwargs["to"], kwargs["template"]))
        return real(**kwargs)

    monkeypatch.setattr(emails, "send_template", note)
    return sent
