"""Reads of panels, cycles and reviews that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from people.dated import DatedQuerySet, stands_on
from people.rules import is_programme_staff

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from panels.models import Condition, Decision, Panel, PanelSeat, Question, Review, ReviewCycle
    from people.models import User

WAITING = ("assigned", "draft")
#: A member whose review stands in one of these is part of the cycle.
ASKED = (*WAITING, "submitted")


class PanelSeatQuerySet(DatedQuerySet["PanelSeat"]):
    """Places on panels."""

    def current(self) -> PanelSeatQuerySet:
        """Those held today."""
        return self.today()

    def chairs(self) -> PanelSeatQuerySet:
        """Those of chairs, held today."""
        return self.current().filter(role="chair")

    def of(self, user: User) -> PanelSeatQuerySet:
        """One person's."""
        return self.filter(user=user)


class PanelQuerySet(models.QuerySet["Panel"]):
    """Panels."""

    def visible_to(self, user: User | AnonymousUser) -> PanelQuerySet:
        """Staff see every panel; a member sees those on which they hold a seat today."""
        if is_programme_staff(user):
            return self.all()
        if not user.is_active:
            return self.none()
        return self.filter(Exists(self._seats_of(user)))

    def chaired_by(self, user: User | AnonymousUser) -> PanelQuerySet:
        """Those that the person chairs today."""
        if not user.is_active:
            return self.none()
        return self.filter(Exists(self._seats_of(user).filter(role="chair")))

    def asked_by(self, user: User | AnonymousUser) -> PanelQuerySet:
        """Those that a person may ask to look at a study: all for staff, their own for chairs."""
        return self.all() if is_programme_staff(user) else self.chaired_by(user)

    def with_counts(self) -> PanelQuerySet:
        """Adds ``seats_now`` and ``cycles_open``, for lists."""
        held = stands_on(timezone.localdate(), "seats__")
        return self.annotate(
            seats_now=Count("seats", filter=held, distinct=True),
            cycles_open=Count("cycles", filter=Q(cycles__status="open"), distinct=True),
        )

    @staticmethod
    def _seats_of(user: User | AnonymousUser) -> PanelSeatQuerySet:
        from panels.models import PanelSeat

        return PanelSeat.objects.current().filter(panel=OuterRef("pk"), user=user.pk)


class QuestionQuerySet(models.QuerySet["Question"]):
    """What panels ask."""

    def asked_now(self) -> QuestionQuerySet:
        """Those that the next cycle will ask."""
        return self.filter(retired_at=None)


class ReviewCycleQuerySet(models.QuerySet["ReviewCycle"]):
    """Panels looking at studies."""

    def open(self) -> ReviewCycleQuerySet:
        """Those in which members still write."""
        return self.filter(status="open")

    def run_by(self, user: User | AnonymousUser) -> ReviewCycleQuerySet:
        """Those that the person runs: staff all of them, a chair those of the panel unless on the study themselves."""
        from panels.models import PanelSeat

        if is_programme_staff(user):
            return self.all()
        if not user.is_active:
            return self.none()
        chair = PanelSeat.objects.chairs().filter(panel=OuterRef("panel"), user=user.pk)
        return self.filter(Exists(chair)).exclude(_on_study(user)).exclude(_stood_aside(user))

    def visible_to(self, user: User | AnonymousUser) -> ReviewCycleQuerySet:
        """Those that the person runs, and those whose reviews they may read because their own is in."""
        from panels.models import Review, ReviewCycle

        if is_programme_staff(user):
            return self.all()
        if not user.is_active:
            return self.none()
        own_is_in = Review.objects.filter(cycle=OuterRef("pk"), member=user.pk, status="submitted")
        return self.filter(
            Q(pk__in=ReviewCycle.objects.run_by(user).values("pk")) | (Q(Exists(own_is_in)) & ~_on_study(user))
        )

    def with_progress(self) -> ReviewCycleQuerySet:
        """Adds ``asked`` and ``returned``, the numbers of reviews asked for and sent in, and ``wanting_time``: of those
        whose member asks for longer.
        """
        return self.annotate(
            asked=Count("reviews", filter=Q(reviews__status__in=ASKED)),
            returned=Count("reviews", filter=Q(reviews__status="submitted")),
            wanting_time=Count("reviews", filter=Q(reviews__status__in=WAITING, reviews__longer_until__isnull=False)),
        )


class ReviewQuerySet(models.QuerySet["Review"]):
    """What panel members record."""

    def of(self, user: User | AnonymousUser) -> ReviewQuerySet:
        """One person's own, unless they are no longer asked and had written nothing."""
        return self.filter(member=user.pk).exclude(status="withdrawn", saved_at=None)

    def asked_for(self) -> ReviewQuerySet:
        """Those whose member is part of the cycle: not those who stood aside, cannot, or are asked no longer."""
        return self.filter(status__in=ASKED)

    def waiting(self) -> ReviewQuerySet:
        """Those that a member still owes, in open cycles."""
        return self.filter(status__in=WAITING, cycle__status="open")

    def overdue(self) -> ReviewQuerySet:
        """Those still owed after the day on which they were due."""
        return self.waiting().filter(cycle__due_on__lt=timezone.localdate())

    def submitted(self) -> ReviewQuerySet:
        """Those that are in."""
        return self.filter(status="submitted")

    def visible_to(self, user: User | AnonymousUser) -> ReviewQuerySet:
        """Reviews whose contents the person may read.

        Always their own. Of others' only what has been sent in: staff all; a member those of a cycle in which their
        own is in; the chair those of the panel's cycles, but where the chair was asked too, only once theirs is in
        or the cycle is closed. Whoever is on the study, or declared a conflict of interest, sees none but their own.
        ``rules`` says who may also read confidential comments.
        """
        if not user.is_active:
            return self.none()
        own = Q(member=user.pk)
        if is_programme_staff(user):
            return self.filter(own | Q(status="submitted"))
        from panels.models import Review, ReviewCycle

        own_here = Review.objects.filter(cycle=OuterRef("cycle"), member=user.pk)
        own_is_in = Exists(own_here.filter(status="submitted")) & ~_on_study(user, "cycle__study")
        chairs_here = Q(cycle__in=ReviewCycle.objects.run_by(user).values("pk"))
        still_writing = Q(cycle__status="open") & Exists(own_here.filter(status__in=WAITING))
        return self.filter(own | (Q(status="submitted") & (own_is_in | (chairs_here & ~still_writing))))


class DecisionQuerySet(models.QuerySet["Decision"]):
    """What panels concluded."""

    def visible_to(self, user: User | AnonymousUser) -> DecisionQuerySet:
        """Staff all; those on the study and its theme's leads; the panel's members; whoever reviewed in the cycle."""
        from panels.models import PanelSeat, Review
        from studies.models import StudyPerson, Theme

        if is_programme_staff(user):
            return self.all()
        if not user.is_active:
            return self.none()
        on_study = StudyPerson.objects.today().filter(study=OuterRef("cycle__study"), user=user.pk)
        leads = Theme.objects.led_by(user).filter(studies=OuterRef("cycle__study"))
        seat = PanelSeat.objects.current().filter(panel=OuterRef("cycle__panel"), user=user.pk)
        reviewed = Review.objects.filter(cycle=OuterRef("cycle"), member=user.pk, status="submitted")
        return self.filter(Exists(on_study) | Exists(leads) | Exists(seat) | Exists(reviewed))


class ConditionQuerySet(models.QuerySet["Condition"]):
    """What studies must do because of decisions."""

    def with_answers(self) -> ConditionQuerySet:
        """Each with what the study says to it, and what it changed: two queries for all."""
        return self.select_related("suggestion", "met_by").prefetch_related("suggestion__amendments")

    def to_check_by(self, user: User | AnonymousUser) -> ConditionQuerySet:
        """Those not yet met to which the study has said what it changed or why it does not, where the person runs the
        panel's reviews.
        """
        from panels.models import ReviewCycle

        answered = self.filter(met_at=None, suggestion__status__in=["done", "declined"])
        return answered.filter(decision__cycle__in=ReviewCycle.objects.run_by(user).order_by().values("pk"))


def _on_study(user: User | AnonymousUser, study: str = "study") -> Q:
    """The person has a role on the study today."""
    from studies.models import StudyPerson

    return Q(Exists(StudyPerson.objects.today().filter(study=OuterRef(study), user=user.pk)))


def _stood_aside(user: User | AnonymousUser) -> Q:
    """The person declared a conflict of interest in the cycle."""
    from panels.models import Review

    return Q(Exists(Review.objects.filter(cycle=OuterRef("pk"), member=user.pk, status="conflicted")))
