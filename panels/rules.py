"""Who may do what in the panels app. Staff run every panel; a chair runs the panel's cycles, never one on their own
study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import rules

from panels.models import Panel, PanelSeat, Review, ReviewCycle
from people.rules import is_programme_staff
from studies.models import Study, StudyPerson

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from people.models import User


def _on_study(user: User | AnonymousUser, study_id: int) -> bool:
    return StudyPerson.objects.today().filter(study=study_id, user=user.pk).exists()


@rules.predicate
def is_on_a_panel(user: User | AnonymousUser) -> bool:
    """Holds a seat on some panel today."""
    return bool(user.is_active and PanelSeat.objects.current().filter(user=user.pk).exists())


@rules.predicate
def is_chair(user: User | AnonymousUser, panel: Panel | None) -> bool:
    """Chairs this panel today."""
    return bool(panel and user.is_active and PanelSeat.objects.chairs().filter(panel=panel, user=user.pk).exists())


@rules.predicate
def may_ask_a_panel(user: User | AnonymousUser, study: Study | None) -> bool:
    """Chairs a panel, and is not on the study."""
    return bool(
        study
        and user.is_active
        and PanelSeat.objects.chairs().filter(user=user.pk).exists()
        and not _on_study(user, study.pk)
    )


@rules.predicate
def runs_cycle(user: User | AnonymousUser, cycle: ReviewCycle | None) -> bool:
    """Runs this cycle: staff, or the chair where nothing conflicts (``ReviewCycleQuerySet.run_by``)."""
    return bool(cycle and ReviewCycle.objects.run_by(user).filter(pk=cycle.pk).exists())


@rules.predicate
def has_written_or_need_not(user: User | AnonymousUser, cycle: ReviewCycle | None) -> bool:
    """Does not still owe a review in this cycle: reviewers judge for themselves before they read the others."""
    return bool(cycle and not Review.objects.waiting().filter(cycle=cycle, member=user.pk).exists())


@rules.predicate
def is_reviewer(user: User | AnonymousUser, review: Review | None) -> bool:
    """The member whose review it is."""
    return bool(review and user.is_active and review.member_id == user.pk)


@rules.predicate
def has_reviews(user: User | AnonymousUser) -> bool:
    """Was ever asked for a review."""
    return bool(user.is_active and Review.objects.filter(member=user.pk).exists())


rules.add_perm("panels.see_panels", is_programme_staff | is_on_a_panel)
rules.add_perm("panels.see_reviews_waiting", is_programme_staff | is_on_a_panel | has_reviews)
rules.add_perm("panels.manage_panel", is_programme_staff)
rules.add_perm("panels.open_cycle", is_programme_staff | may_ask_a_panel)
rules.add_perm("panels.open_cycle_of_panel", is_programme_staff | is_chair)
rules.add_perm("panels.run_cycle", runs_cycle)
rules.add_perm("panels.read_confidential", runs_cycle & (is_programme_staff | has_written_or_need_not))
rules.add_perm("panels.write_review", is_reviewer)
