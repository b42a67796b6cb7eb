"""What the panels app writes to people. Every message leaves through ``mailing``."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from django.conf import settings
from django.urls import reverse

from mailing.services import send_template
from panels.models import Decision, PanelSeat, Review, ReviewCycle
from people.models import User
from studies.models import Study, StudyPerson


def _link(name: str, *args: Any) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


def _send(user: User, template: str, **context: Any) -> None:
    if user.is_active:
        send_template(
            to=user.email,
            name=user.full_name,
            template=f"panels/{template}",
            context={"person": user, **context},
            topic="reviews",
            subject_id=f"user:{user.pk}",
        )


def _about(review: Review) -> dict[str, Any]:
    cycle = review.cycle
    return {
        "review": review,
        "cycle": cycle,
        "study": cycle.study,
        "panel": cycle.panel,
        "link": _link("reviews:edit", review.pk),
    }


def asked(review: Review) -> None:
    """Ask a member to review."""
    _send(review.member, "asked", **_about(review))


def withdrawn(review: Review) -> None:
    """Tell a member that they are no longer asked."""
    _send(review.member, "withdrawn", **_about(review))


def new_date(review: Review) -> None:
    """Tell a member that the due date moved."""
    _send(review.member, "new_date", **_about(review))


def reminder(review: Review, kind: str) -> None:
    """Remind a member of a review that is due soon or overdue."""
    _send(review.member, f"reminder_{kind}", **_about(review))


def thanks(review: Review) -> None:
    """Confirm to a member that their review is in."""
    _send(review.member, "thanks", **_about(review))


def _who_runs(cycle: ReviewCycle, on_study: Container[int]) -> list[User]:
    chairs = PanelSeat.objects.chairs().filter(panel=cycle.panel).select_related("user")
    people = {seat.user_id: seat.user for seat in chairs if seat.user_id not in on_study}
    people.update({user.pk: user for user in User.objects.programme_staff()})
    return list(people.values())


def complete(cycle: ReviewCycle, *, on_study: Container[int]) -> None:
    """Tell staff and the chair, unless the chair is ``on_study``, that every review is in."""
    for user in _who_runs(cycle, on_study):
        _send(
            user,
            "complete",
            cycle=cycle,
            study=cycle.study,
            panel=cycle.panel,
            link=_link("panels:cycle_detail", cycle.panel.slug, cycle.pk),
        )


def conflict_declared(review: Review, *, on_study: Container[int]) -> None:
    """Tell staff and the chair that a member has a conflict of interest and does not review."""
    cycle = review.cycle
    _tell_who_runs("conflict", review, on_study, _link("panels:cycle_detail", cycle.panel.slug, cycle.pk))


def _tell_who_runs(template: str, review: Review, on_study: Container[int], link: str) -> None:
    """Tell staff and the chair, unless the chair is ``on_study``, of something that a member said."""
    for user in _who_runs(review.cycle, on_study):
        if user.pk != review.member_id:
            _send(user, template, **{**_about(review), "link": link})


def declined(review: Review, *, on_study: Container[int]) -> None:
    """Tell staff and the chair that a member cannot review."""
    cycle = review.cycle
    _tell_who_runs("declined", review, on_study, _link("panels:cycle_detail", cycle.panel.slug, cycle.pk))


def longer_asked(review: Review, *, on_study: Container[int]) -> None:
    """Tell staff and the chair that a member asks for more time; the link leads to moving the date."""
    cycle = review.cycle
    link = f"{_link('panels:cycle_edit', cycle.panel.slug, cycle.pk)}?due_on={review.longer_until}"
    _tell_who_runs("longer", review, on_study, link)


def _who_answers_for(study: Study) -> list[User]:
    """The study's leads; without one its theme's; without those the programme staff, so that somebody knows."""
    leads = StudyPerson.objects.today().filter(study=study, role=StudyPerson.Role.LEAD, user__is_active=True)
    found = [person.user for person in leads.select_related("user")]
    return found or list(study.theme.leads.filter(is_active=True)) or list(User.objects.programme_staff())


def released(cycle: ReviewCycle, number: int) -> None:
    """Tell whoever answers for the study that comments of the panel wait for an answer."""
    for user in _who_answers_for(cycle.study):
        _send(
            user,
            "released",
            cycle=cycle,
            study=cycle.study,
            panel=cycle.panel,
            number=number,
            link=_link("studies:ledger", cycle.study.slug),
        )


def decided(decision: Decision) -> None:
    """Tell whoever answers for the study what the panel decided, and those whose reviews were in what came of them."""
    cycle = decision.cycle
    about = {"decision": decision, "cycle": cycle, "study": cycle.study, "panel": cycle.panel}
    link = _link("panels:decision", decision.pk)
    answer = _who_answers_for(cycle.study)
    for review in cycle.reviews.submitted().select_related("member"):
        if review.member not in answer:
            _send(review.member, "decided", **about, link=link)
    for user in answer:
        _send(
            user,
            "decision",
            **about,
            conditions=list(decision.conditions.all()),
            link=link,
            ledger_link=_link("studies:ledger", cycle.study.slug),
        )
