"""The programme, its themes and studies, who is on them, and the co-production ledger."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from people.models import Organisation
from studies.querysets import (
    ProgrammeManager,
    StudyPersonQuerySet,
    StudyQuerySet,
    SuggestionQuerySet,
    ThemeQuerySet,
)
from studies.validators import validate_document

RESERVED_SLUGS = frozenset({"manage", "new", "export", "views"})


class Loaded(models.Model):
    """A row that a programme file may own: remembers what the file last said, so that a second load can tell what
    staff have changed since.
    """

    loaded = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        abstract = True


class Programme(Loaded):
    """The one CLAHRC that this installation serves."""

    name = models.CharField(max_length=300)
    short_name = models.CharField(max_length=60)
    funder = models.CharField(max_length=200, blank=True)
    region = models.CharField(max_length=300, blank=True)
    population = models.PositiveIntegerField(null=True, blank=True, help_text="People who live in the region.")
    starts_on = models.DateField()
    ends_on = models.DateField()
    aims = models.JSONField(default=list, blank=True)
    communications = models.JSONField(default=list, blank=True)
    target_associates = models.PositiveIntegerField("associates to join in the first year", default=0)
    target_fellows = models.PositiveIntegerField("diffusion fellows to be seconded", default=0)
    secondment_days_per_week = models.DecimalField(max_digits=2, decimal_places=1, default=1)
    secondment_max_years = models.PositiveSmallIntegerField(default=5)
    fellows_per_study_min = models.PositiveSmallIntegerField(default=1)
    fellows_per_study_max = models.PositiveSmallIntegerField(default=3)
    only = models.BooleanField(default=True, editable=False, unique=True)

    objects = ProgrammeManager()
    history = HistoricalRecords()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(only=True), name="programme_only_one"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="programme_ends_after_start"),
            models.CheckConstraint(
                condition=Q(fellows_per_study_min__lte=F("fellows_per_study_max")), name="programme_fellows_range"
            ),
        ]

    def __str__(self) -> str:
        return self.short_name


class Consultation(Loaded):
    """How the programme chose its studies: whom it asked, when, and what came of it."""

    programme = models.OneToOneField(Programme, on_delete=models.CASCADE, related_name="consultation")
    held_in = models.CharField(max_length=7, help_text="Year and month, such as 2008-05.")
    respondents = models.JSONField(default=list, blank=True)
    invited = models.PositiveIntegerField(default=0)
    took_part = models.PositiveIntegerField(default=0)
    outcomes = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(took_part__lte=F("invited")), name="consultation_took_part")
        ]

    def __str__(self) -> str:
        return f"Consultation of {self.held_in}"

    @property
    def response_rate(self) -> int:
        """Whole per cent of those invited who took part."""
        return round(100 * self.took_part / self.invited) if self.invited else 0


class Theme(Loaded):
    """A research theme, to which studies belong, or an implementation theme, which works into every study."""

    class Kind(models.TextChoices):
        """Research themes are carried by the implementation themes (the paper's Figure 1)."""

        RESEARCH = "research", "Research"
        IMPLEMENTATION = "implementation", "Implementation"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=15, choices=Kind.choices)
    description = models.TextField(blank=True)
    leads = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="themes_led")
    position = models.PositiveSmallIntegerField(default=0)

    objects = ThemeQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The theme's public page."""
        return reverse("theme_detail", args=[self.slug])


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

    slug = models.SlugField(max_length=80, unique=True)
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
                violation_error_message="The study must end on or after the day it starts.",
            ),
            models.UniqueConstraint(
                Upper("acronym"),
                condition=~Q(acronym=""),
                name="study_acronym_once",
                violation_error_message="Another study already has this acronym.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.acronym}: {self.title}" if self.acronym else self.title

    def get_absolute_url(self) -> str:
        """The study's page: its public summary, and more for those who may see it."""
        return reverse("studies:detail", args=[self.slug])

    @property
    def short_title(self) -> str:
        """The acronym where there is one, otherwise the title."""
        return self.acronym or self.title

    @property
    def is_archived(self) -> bool:
        """Put away by staff: in no list, but kept."""
        return self.archived_at is not None


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


class StudySite(models.Model):
    """An organisation where the study runs."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="sites")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="study_sites")
    place = models.CharField(max_length=200, blank=True, help_text="Ward, clinic or school, if it matters which.")
    opened_on = models.DateField(null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["organisation__name", "place"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["study", "organisation", "place"], name="study_site_once")
        ]

    def __str__(self) -> str:
        return f"{self.organisation}, {self.place}" if self.place else str(self.organisation)


class StudyIdentifier(models.Model):
    """A number by which a registry knows the study. ``studies.validators`` checks each by its scheme's own rule."""

    class Scheme(models.TextChoices):
        """The registries that staff are asked for."""

        ISRCTN = "isrctn", "ISRCTN"
        IRAS = "iras", "IRAS project ID"
        CPMS = "cpms", "CPMS ID"
        DOI = "doi", "DOI of the protocol"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="identifiers")
    scheme = models.CharField(max_length=10, choices=Scheme.choices)
    value = models.CharField(max_length=120)

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["scheme"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["study", "scheme"], name="study_identifier_once_per_scheme"),
            models.UniqueConstraint(
                fields=["scheme", "value"],
                name="study_identifier_once",
                violation_error_message="Another study already has this number.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scheme_display()} {self.value}"


class StudyDocument(models.Model):
    """A file of the study, checked when it was uploaded and handed out only to those who may see it."""

    class Kind(models.TextChoices):
        """What the file is."""

        PROTOCOL = "protocol", "Protocol"
        APPROVAL = "approval", "Ethics or research approval"
        MATERIALS = "materials", "Materials for taking part"
        MINUTES = "minutes", "Minutes"
        REPORT = "report", "Report"
        OTHER = "other", "Other"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(max_length=200)
    file = models.FileField(upload_to="studies/%Y/%m", validators=[validate_document])
    size = models.PositiveIntegerField(editable=False, help_text="Bytes.")
    content_type = models.CharField(max_length=120, editable=False)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.title


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

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "name"], name="saved_view_name_once")]

    def __str__(self) -> str:
        return self.name


class Suggestion(models.Model):
    """What somebody asked a study to change, wherever it came from."""

    class Source(models.TextChoices):
        """Where it came from."""

        CONSULTATION = "consultation", "Consultation"
        PANEL = "panel", "Panel"
        COMMUNITY = "community", "Community of practice"
        FELLOW = "fellow", "Diffusion fellow"
        STEERING = "steering", "Steering committee"

    class Status(models.TextChoices):
        """What the study team made of it."""

        OPEN = "open", "Waiting for an answer"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Not taken up"
        DONE = "done", "Done"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="suggestions")
    source = models.CharField(max_length=15, choices=Source.choices)
    source_detail = models.CharField(max_length=200, blank=True, help_text="Such as the panel's name.")
    text = models.TextField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    made_on = models.DateField(default=timezone.localdate)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = SuggestionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["-made_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(text=""), name="suggestion_says_something"),
            models.CheckConstraint(condition=~Q(status="declined", answer=""), name="suggestion_declined_with_answer"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Amendment(models.Model):
    """What the study changed because of suggestions: "you said, we did"."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="amendments")
    suggestions = models.ManyToManyField(Suggestion, related_name="amendments")
    text = models.TextField()
    made_on = models.DateField(default=timezone.localdate)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["-made_on", "-pk"]

    def __str__(self) -> str:
        return self.text[:80]


class ExistingNetwork(Loaded):
    """A network that was there before the programme, on which communities build."""

    name = models.CharField(max_length=200, unique=True)
    host = models.CharField(max_length=200, blank=True)
    theme = models.ForeignKey(Theme, on_delete=models.PROTECT, related_name="existing_networks")
    note = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
