"""What the tests of studies add to the cast: files to upload and many studies."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from panels.models import Review, ReviewCycle
from people.models import User
from studies.models import Study, StudyDocument, Theme
from studies.services import add_document


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Files of a test are its own."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def archive(members: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return kept.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def pdf(name: str = "protocol.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, content_type="application/pdf")


@pytest.fixture
def document(study, staff) -> StudyDocument:
    return add_document(study=study, kind="protocol", title="Protocol", file=pdf(), by=staff)


@pytest.fixture
def other_document(other_study, staff) -> StudyDocument:
    return add_document(study=other_study, kind="protocol", title="Secret", file=pdf("secret.pdf"), by=staff)


@pytest.fixture
def reviewer(panel_member, panel, study) -> User:
    """A panel member with a review of ``study``."""
    cycle = ReviewCycle.objects.create(panel=panel, study=study, reason="annual", due_on=dt.date(2027, 1, 1))
    Review.objects.create(cycle=cycle, member=panel_member)
    return panel_member


def many_studies(theme: Theme, number: int) -> list[Study]:
    start = Study.objects.count()
    return Study.objects.bulk_create(
        Study(slug=f"study-{n}", theme=theme, title=f"Study number {n}", acronym=f"NO{n}", position=n)
        for n in range(start, start + number)
    )
