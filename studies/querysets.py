"""Reads of the programme and its studies that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.utils import timezone

from people.compiled import compiled_list
from people.dated import DatedQuerySet
from people.matching import stands_in, words_in
from people.rules import is_programme_staff
from studies.scope import all_readers

if TYPE_CHECKING:
    from people.models import User
    from studies.models import Programme, Study, StudyDocument, StudyPerson, Suggestion, Theme

#: Stages in which a study is over, so that an end date in the past is as it should be.
OVER = ("completed", "not_taken_forward")


def is_public(path: str = "") -> Q:
    """A study that anyone may see: not archived, and past a mere proposal that went no further.

    ``path`` leads to the study from the rows that are asked for, such as ``study__``.
    """
    return Q(**{f"{path}archived_at": None}) & ~Q(**{f"{path}stage": "not_taken_forward"})


class ProgrammeManager(models.Manager["Programme"]):
    """The one programme."""

    def current(self) -> Programme | None:
        """The programme that this installation serves, or None before a file is loaded."""
        return next(iter(_programmes()[:1]), None)


@compiled_list
def _programmes() -> models.QuerySet[Programme, tuple[Any, ...]]:
    from studies.models import Programme

    others = [field.name for field in Programme._meta.concrete_fields if not field.primary_key]
    return Programme.objects.order_by("pk").values_list("pk", *others)


class ThemeQuerySet(models.QuerySet["Theme"]):
    """Themes."""

    def research(self) -> ThemeQuerySet:
        """Those that studies belong to."""
        return self.filter(kind="research")

    def implementation(self) -> ThemeQuerySet:
        """Those that work into every study."""
        return self.filter(kind="implementation")

    def led_by(self, user: AbstractBaseUser | AnonymousUser) -> ThemeQuerySet:
        """Those that a person leads, who may be known by their key alone."""
        return self.filter(leads=user.pk)


class StudyQuerySet(models.QuerySet["Study"]):
    """Studies."""

    def current(self) -> StudyQuerySet:
        """Those that staff have not archived."""
        return self.filter(archived_at=None)

    def public(self) -> StudyQuerySet:
        """Those that anyone may see (``is_public``)."""
        return self.filter(is_public())

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> StudyQuerySet:
        """Those whose inside a person may see, archived ones among them.

        Programme staff see all; the leads of its theme, its team, its steering committee and its diffusion fellows
        see theirs, as long as they are in the role; so does whoever another app names in ``studies.scope`` (panel
        members with a review of it). Nobody else sees any.
        """
        from people.models import User
        from studies.models import StudyPerson, Theme

        if not isinstance(user, User) or not user.is_active:
            return self.none()
        if is_programme_staff(user):
            return self
        mine = Q(pk__in=StudyPerson.objects.of(user).today().values("study")) | Q(
            theme__in=Theme.leads.through.objects.filter(user=user).values("theme")
        )
        for readers in all_readers():
            mine |= Q(pk__in=readers(user))
        return self.filter(mine)

    def worked_on_by(self, user: AbstractBaseUser | AnonymousUser) -> StudyQuerySet:
        """Those whose suggestions a person answers, archived ones among them: all for programme staff; those of the
        themes that they lead; those whose team they are in today. It is the list of ``studies.rules.works_on``.
        """
        from people.models import User
        from studies.models import StudyPerson, Theme

        if not isinstance(user, User) or not user.is_active:
            return self.none()
        if is_programme_staff(user):
            return self
        on_team = StudyPerson.objects.of(user).today().filter(role__in=StudyPerson.TEAM_ROLES, study=OuterRef("pk"))
        leads = Theme.objects.led_by(user).filter(pk=OuterRef("theme"))
        return self.filter(Exists(on_team) | Exists(leads))

    def with_flags(self) -> StudyQuerySet:
        """With what staff should put right, each true or false: ``lacks_service_user``, ``lacks_lead``,
        ``lacks_summary`` and ``is_overdue``; and ``lead_name``, empty where nobody leads today.

        A study needs a service user on its steering committee (Rowley et al. 2012, on the choice and oversight of
        studies). One that is over or archived is not flagged for people.
        """
        from studies.models import StudyPerson

        if "lead_name" in self.query.annotations:
            return self.all()
        today = timezone.localdate()
        people = StudyPerson.objects.on(today).filter(study=OuterRef("pk"))
        running = ~Q(stage__in=OVER) & Q(archived_at=None)

        def flag(condition: Any) -> Case:
            return Case(When(running & condition, then=True), default=False, output_field=models.BooleanField())

        return self.annotate(
            lead_name=Subquery(people.filter(role="lead").order_by("pk").values("user__full_name")[:1]),
            lacks_service_user=flag(~Exists(people.filter(role="steering_service_user"))),
            lacks_lead=flag(~Exists(people.filter(role="lead"))),
            lacks_summary=flag(Q(summary="")),
            is_overdue=flag(Q(ends_on__lt=today)),
        )

    def matching(self, words: str) -> StudyQuerySet:
        """Those whose title, acronym or people of today have every one of the words."""
        from studies.models import StudyPerson

        people = StudyPerson.objects.today().filter(study=OuterRef("pk"))
        found = self
        for word in words_in(words):
            on_it = Exists(people.filter(user__full_name__icontains=word))
            found = found.filter(stands_in(word, "title", "acronym") | on_it)
        return found


class StudyPersonQuerySet(DatedQuerySet["StudyPerson"]):
    """Who is on which study."""

    def of(self, user: User) -> StudyPersonQuerySet:
        """What one person does, on every study."""
        return self.filter(user=user)

    def in_role_order(self) -> StudyPersonQuerySet:
        """In the order of ``StudyPerson.Role``: the lead first, then by name and by start."""
        from studies.models import StudyPerson

        order = Case(
            *[When(role=role, then=Value(number)) for number, role in enumerate(StudyPerson.Role.values)],
            output_field=models.IntegerField(),
        )
        return self.order_by(order, F("user__full_name"), "starts_on", "pk")


class StudyDocumentQuerySet(models.QuerySet["StudyDocument"]):
    """Files of studies."""

    def kept(self) -> StudyDocumentQuerySet:
        """Those that have not been removed."""
        return self.filter(removed_at=None)

    def removed(self) -> StudyDocumentQuerySet:
        """Those that have been removed and can still be put back."""
        return self.exclude(removed_at=None)


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    """Suggestions made to studies."""

    def waiting(self) -> SuggestionQuerySet:
        """Those without an answer."""
        return self.filter(status="open")

    def answered_for_by(self, user: User) -> SuggestionQuerySet:
        """Those on the current studies that a person answers for."""
        from studies.models import Study

        studies = Study.objects.current().worked_on_by(user)
        return self.filter(study__in=studies.order_by().values("pk"))

    def can_be_addressed(self) -> SuggestionQuerySet:
        """Those that an amendment may still address: not answered, or accepted and not yet done."""
        return self.filter(status__in=["open", "accepted"])
