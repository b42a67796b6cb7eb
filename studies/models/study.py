"""A study, who is on it, how it moves from stage to stage, and the lists of studies that staff keep."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from simple_history.models import HistoricalRecords

from people.addresses import slug_address
from studies.models.programme import Loaded, Theme
from studies.querysets import StudyPersonQuerySet, StudyQuerySet

#: Words that stand in a study's place in an address, so that no study may be called by them.
RESERVED_SLUGS = ("export", "manage", "new", "search", "themes", "views")


def validate_slug_is_free(value: str) -> None:
    """Refuse a word that the portal's own addresses use."""
    if value in RESERVED_SLUGS:
        raise ValidationError(
            "The portal uses “%(value)s” itself. Choose another.", params={"value": value}, code="reserved"
        )


class Study(Loaded):
    """One study of a research theme. ``version`` counts its edits, so that two people cannot overwrite each other."""

    class Design(models.TextChoices):
        """How the study is made; the paper names these and says that early interventions take the first two."""

        SCOPING = "scoping", "Scoping study"
        CASE_STUDY = "case_study", "Case study"
        MIXED_METHODS = "mixed_methods", "Mixed methods"
        FEASIBILITY_RCT = "feasibility_rct", "Feasibility randomised controlled trial"
        RCT = "rct", "Randomised controlled trial"
        COHORT = "cohort", "Cohort study"
        QUALITATIVE = "qualitative", "Qualitative study"
        OTHER = "other", "Other"

    class Stage(models.TextChoices):
        """How far along the study is; ``studies.stages.MOVES`` says which moves there are."""

        PROPOSED = "proposed", "Proposed"
        SCOPING = "scoping", "Scoping"
        PROTOCOL = "protocol", "Writing the protocol"
        ACTIVE = "active", "Active"
        ANALYSIS = "analysis", "Analysis"
        IMPLEMENTING = "implementing", "Implementing"
        COMPLETED = "completed", "Completed"
        NOT_TAKEN_FORWARD = "not_taken_forward", "Not taken forward"

    slug = models.SlugField(
        "web address",
        max_length=80,
        unique=True,
        validators=[validate_slug_is_free],
        error_messages={"unique": "Another study already has this web address."},
    )
    theme = models.ForeignKey(
        Theme, on_delete=models.PROTECT, related_name="studies", limit_choices_to={"kind": Theme.Kind.RESEARCH}
    )
    acronym = models.CharField(max_length=30, blank=True)
    title = models.CharField(max_length=300)
    summary = models.TextField("plain-English summary", blank=True)
    research_question = models.TextField(blank=True)
    design = models.CharField(max_length=20, choices=Design.choices, blank=True)
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.PROPOSED)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = StudyQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["updated_at", "loaded"])

    class Meta:
        ordering: ClassVar = ["theme__position", "position", "title"]
        verbose_name_plural = "studies"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="study_ends_after_start",
                violation_error_code="ends_on",
                violation_error_message="The end date must be the same as or after the start date.",
            ),
            models.UniqueConstraint(
                Upper("acronym"),
                condition=~Q(acronym=""),
                name="study_acronym_once",
                violation_error_code="acronym",
                violation_error_message="Another study already has this acronym.",
            ),
            models.CheckConstraint(
                condition=~Q(slug__in=RESERVED_SLUGS),
                name="study_slug_not_reserved",
                violation_error_message="The portal uses this web address itself.",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="study_has_title"),
        ]

    def __str__(self) -> str:
        return f"{self.acronym}: {self.title}" if self.acronym else self.title

    def get_absolute_url(self) -> str:
        """The study's page: its public summary, and more for those who may see it."""
        return slug_address("studies:detail", self.slug)

    @property
    def short_title(self) -> str:
        """The acronym where there is one, otherwise the title."""
        return self.acronym or self.title

    @property
    def is_archived(self) -> bool:
        """Put away by staff: in no list, but kept."""
        return self.archived_at is not None

    @property
    def is_public(self) -> bool:
        """Whether anyone may see it, as ``studies.querysets.is_public`` asks the database."""
        return not self.is_archived and self.stage != self.Stage.NOT_TAKEN_FORWARD


class StudyPerson(models.Model):
    """Somebody on a study: in its team, on its steering committee or as its diffusion fellow.

    This is the one list of who is on a study. A secondment puts the fellow here; a panel's conflict check reads it.
    """

    class Role(models.TextChoices):
        """What they do there."""

        LEAD = "lead", "Study lead"
        CO_INVESTIGATOR = "co_investigator", "Co-investigator"
        RESEARCHER = "researcher", "Researcher"
        STUDY_MANAGER = "study_manager", "Study manager"
        STATISTICIAN = "statistician", "Statistician"
        ADMINISTRATOR = "administrator", "Study administrator"
        STEERING_CHAIR = "steering_chair", "Steering committee chair"
        STEERING_MEMBER = "steering_member", "Steering committee member"
        STEERING_SERVICE_USER = "steering_service_user", "Steering committee: service user or carer"
        FELLOW = "fellow", "Diffusion fellow"

    TEAM_ROLES: ClassVar = (
        Role.LEAD, Role.CO_INVESTIGATOR, Role.RESEARCHER, Role.STUDY_MANAGER, Role.STATISTICIAN, Role.ADMINISTRATOR,
    )  # fmt: skip
    STEERING_ROLES: ClassVar = (Role.STEERING_CHAIR, Role.STEERING_MEMBER, Role.STEERING_SERVICE_USER)

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="study_roles")
    role = models.CharField(max_length=25, choices=Role.choices)
    starts_on = models.DateField(default=timezone.localdate)
    ends_on = models.DateField(null=True, blank=True, help_text="The last day in the role.")

    objects = StudyPersonQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["role", "user__full_name"]
        verbose_name_plural = "study people"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["study", "user", "role"], condition=Q(ends_on=None), name="study_person_once_in_role"
            ),
            models.UniqueConstraint(
                fields=["study"], condition=Q(role="lead", ends_on=None), name="study_one_lead_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="study_person_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}"


class StageMove(models.Model):
    """A study went from one stage to another: who moved it, when and why. Never changed, never deleted."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="stage_moves")
    from_stage = models.CharField(max_length=20, choices=Study.Stage.choices)
    to_stage = models.CharField(max_length=20, choices=Study.Stage.choices)
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    moved_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField()

    class Meta:
        ordering: ClassVar = ["-moved_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(from_stage=F("to_stage")), name="stage_move_moves"),
            models.CheckConstraint(condition=~Q(reason=""), name="stage_move_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_from_stage_display()} to {self.get_to_stage_display()}"


class SavedView(models.Model):
    """One person's search and filters of the studies list, under a name."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True, help_text="The query string of the list.")
    is_default = models.BooleanField(default=False, help_text="What the list shows when it is first opened.")

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_view_name_once"),
            models.UniqueConstraint(fields=["user"], condition=Q(is_default=True), name="saved_view_one_default"),
        ]

    def __str__(self) -> str:
        return self.name
