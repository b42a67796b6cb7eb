"""What a study has: sites, identifiers and documents."""

from __future__ import annotations

import secrets
from pathlib import PurePath
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from people.models import Organisation
from studies.models.study import Study
from studies.querysets import StudyDocumentQuerySet
from studies.validators import validate_document


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


def document_path(document: StudyDocument, filename: str) -> str:
    """Where a document is kept: under a name that cannot be guessed and has nothing of the sender's but its type."""
    return f"studies/{document.study_id}/{secrets.token_hex(16)}{PurePath(filename).suffix.lower()}"


class StudyDocument(models.Model):
    """A file of the study, checked when it was uploaded and handed out only to those who may see it.

    ``filename`` is the name that it came with, made safe; ``content_type`` follows from what the file is, not from
    what the sender's browser said.
    """

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
    file = models.FileField(upload_to=document_path, max_length=200, validators=[validate_document])
    filename = models.CharField(max_length=150, editable=False)
    size = models.PositiveIntegerField(editable=False, help_text="Bytes.")
    content_type = models.CharField(max_length=120, editable=False)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField("removed", null=True, blank=True, editable=False)

    objects = StudyDocumentQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.title
