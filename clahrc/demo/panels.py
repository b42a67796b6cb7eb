"""The demonstration's panels: who sits on them, and reviews that are done, due and overdue."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from clahrc.demo.cast import Cast
from clahrc.demo.dates import moment
from panels.models import Answer, Condition, Decision, Panel, PanelSeat, Question, Review, ReviewCycle
from panels.services import ask_for_longer, decline_review
from people.models import Organisation, User
from studies.models import Programme, Study, StudyPerson, Suggestion
from studies.services import answer_suggestion, make_suggestion, record_amendment

Kind = Organisation.Kind
#: For each kind of panel: the login that sits on it, its members' job and organisations, and its reason for a cycle.
SEATS = {
    Panel.Kind.COMMISSIONER: ("commissioner", "commissioner", (Kind.COMMISSIONER, Kind.LOCAL_AUTHORITY)),
    Panel.Kind.SERVICE_USER: ("service-user", "service_user", ()),
    Panel.Kind.SCIENTIFIC: ("scientist", "researcher", (Kind.UNIVERSITY,)),
}
REASONS = {
    Panel.Kind.COMMISSIONER: ReviewCycle.Reason.PROTOCOL,
    Panel.Kind.SERVICE_USER: ReviewCycle.Reason.SERVICE_USER,
    Panel.Kind.SCIENTIFIC: ReviewCycle.Reason.ANNUAL,
}
TO_TEAM = [
    "A clear plan. Say more about how you will reach people who do not come to clinics.",
    "The question matters to our services. Please set out what a service would need in order to carry on afterwards.",
    "Good that carers were asked early. The questionnaire is long; try it with two people before you begin.",
    "The sample is small for the comparison that you want to make. Consider a longer recruitment period.",
]
TO_PANEL = ["I would support this strongly.", "The team is stretched; the programme may want to watch recruitment.", ""]


def bring_to_life(cast: Cast, programme: Programme) -> None:
    """Seat five members on every panel, and give each four cycles: one done, one overdue, two due."""
    studies = list(Study.objects.public())
    for index, panel in enumerate(Panel.objects.all()):
        members = _members(panel, cast, programme)
        for nth, due_in in enumerate((-150, -6, 9, 24)):
            if nth < len(studies):
                study = studies[(index * 5 + nth) % len(studies)]
                _cycle(panel, study, members, due_in, cast)


def _members(panel: Panel, cast: Cast, programme: Programme) -> list[User]:
    login, job, kinds = SEATS[Panel.Kind(panel.kind)]
    members = [cast.logins[login], *(cast.person(job, *kinds) for _ in range(4))]
    chair = cast.logins["chair"] if panel.kind == Panel.Kind.SCIENTIFIC else cast.person(job, *kinds)
    for user in (chair, *members):
        role = PanelSeat.Role.CHAIR if user == chair else PanelSeat.Role.MEMBER
        PanelSeat.objects.create(
            panel=panel, user=user, role=role, organisation=user.organisation, starts_on=programme.starts_on
        )
    return members


def _cycle(panel: Panel, study: Study, members: list[User], due_in: int, cast: Cast) -> None:
    """A cycle due in so many days. Once it is long past everybody has answered; before that, about half have."""
    today = timezone.localdate()
    due_on, opened = today + dt.timedelta(days=due_in), today + dt.timedelta(days=due_in - 30)
    opened = min(opened, today - dt.timedelta(days=2))
    is_done = due_in < -30
    closed_at = moment(due_on + dt.timedelta(days=6), cast.chance) if is_done else None
    cycle = ReviewCycle.objects.create(
        panel=panel, study=study, reason=REASONS[Panel.Kind(panel.kind)], opened_by=cast.logins["staff"],
        opened_at=moment(opened, cast.chance), due_on=due_on, closed_at=closed_at,
        closed_by=cast.logins["staff"] if is_done else None,
        status=ReviewCycle.Status.CLOSED if is_done else ReviewCycle.Status.OPEN,
        note="Please read the summary first. Your answers go to the chair; comments to the team go to the team.",
    )  # fmt: skip
    cycle.questions.set(panel.questions.filter(retired_at=None))
    for nth, member in enumerate(members):
        review = Review.objects.create(cycle=cycle, member=member, assigned_at=cycle.opened_at)
        if is_done or nth % 2 == 1:  # the demonstration's own login is the first member, and still has to answer
            _submit(review, opened + dt.timedelta(days=min(20, (today - opened).days)), nth, cast)
        elif nth == 2:
            _begin(review, cast)
            if due_in == 9:
                ask_for_longer(
                    review=review, until=due_on + dt.timedelta(days=7), words="I am away in the week before it is due."
                )
        elif nth == 4 and due_in == 24:
            decline_review(review=review, reason="I am on leave until the new year.")
        elif nth == 4:
            review.status, review.conflict = Review.Status.CONFLICTED, "I supervised the study lead until last year."
            review.save()
    if is_done:
        _decide(cycle, cast)


def _submit(review: Review, day: dt.date, nth: int, cast: Cast) -> None:
    for question in review.cycle.questions.all():
        if question.kind == question.Kind.SCORE:
            Answer.objects.create(review=review, question=question, score=cast.chance.choice([3, 4, 4, 5]))
        elif question.is_required or nth % 2:
            Answer.objects.create(review=review, question=question, text=cast.chance.choice(TO_TEAM))
    review.status = Review.Status.SUBMITTED
    review.no_conflict_at = review.saved_at = review.submitted_at = moment(day, cast.chance)
    review.recommendation = cast.chance.choice([Review.Recommendation.PROCEED, Review.Recommendation.MINOR])
    review.comments_to_team = cast.chance.choice(TO_TEAM)
    review.confidential_comments = cast.chance.choice(TO_PANEL)
    review.save()


def _begin(review: Review, cast: Cast) -> None:
    """A draft that somebody means to come back to."""
    first = review.cycle.questions.filter(kind=Question.Kind.SCORE).first()
    if first:
        Answer.objects.create(review=review, question=first, score=4)
    review.status, review.comments_to_team = Review.Status.DRAFT, cast.chance.choice(TO_TEAM)
    review.no_conflict_at = review.saved_at = timezone.now()
    review.save()


def _decide(cycle: ReviewCycle, cast: Cast) -> None:
    """What the panel concluded: agreed, with a condition that is also in the study's ledger."""
    decision = Decision.objects.create(
        cycle=cycle, outcome=Decision.Outcome.CONDITIONS, recorded_by=cast.logins["staff"],
        recorded_at=cycle.closed_at or timezone.now(),
        reasons="The panel supports the study. One matter should be settled before the next site opens.",
    )  # fmt: skip
    text = "Agree with each site, in writing, who carries the work on when the study ends."
    suggestion = make_suggestion(
        study=cycle.study, source=Suggestion.Source.PANEL, source_detail=cycle.panel.name, text=text
    )
    Condition.objects.create(decision=decision, text=text, suggestion=suggestion)
    lead = cycle.study.people.today().filter(role=StudyPerson.Role.LEAD).first()
    if lead and cycle.panel.kind == Panel.Kind.SCIENTIFIC:
        done = "Each site has signed who carries the work on, and from when."
        answer_suggestion(suggestion=suggestion, accept=True, answer="Yes: before the next site opens.", by=lead.user)
        record_amendment(study=cycle.study, suggestions=[suggestion], text=done, by=lead.user)
