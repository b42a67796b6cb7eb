"""Sites, identifiers and documents of a study."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from people.models import Organisation, User
from studies.identifiers import read_identifier
from studies.models import Study, StudyDocument, StudyIdentifier, StudySite
from studies.services.history import delete_as, save_as
from studies.validators import content_type_of, safe_filename, validate_document


@transaction.atomic
def add_site(
    *, study: Study, organisation: Organisation, place: str = "", opened_on: dt.date | None = None, by: User
) -> StudySite:
    """Record that a study runs at an organisation. The same organisation and place are one site: a second call
    changes only the day it opened.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    place = place.strip()
    site = study.sites.filter(organisation=organisation, place__iexact=place).first()
    if site is None:
        site = StudySite(study=study, organisation=organisation, place=place, opened_on=opened_on)
    elif site.opened_on == opened_on:
        return site
    site.opened_on = opened_on
    save_as(site, by)
    return site


@transaction.atomic
def remove_site(*, site: StudySite, by: User) -> None:
    """Take a site off its study; the history keeps what it was."""
    delete_as(site, by)


@transaction.atomic
def set_identifier(*, study: Study, scheme: str, value: str, by: User) -> StudyIdentifier | None:
    """Give a study its number in a registry, or take it away where ``value`` is empty (then None is returned).

    The number is kept as the registry writes it. Raises ``ValidationError`` where it cannot be a number of that
    scheme (``studies.identifiers``) or another study has it. A second call with the same changes nothing.
    """
    if scheme not in StudyIdentifier.Scheme.values:
        raise ValidationError("Choose one of the registries.", code="scheme")
    Study.objects.select_for_update().get(pk=study.pk)
    row = study.identifiers.filter(scheme=scheme).first()
    if not value.strip():
        if row:
            delete_as(row, by)
        return None
    value = read_identifier(scheme, value)
    if row and row.value == value:
        return row
    row = row or StudyIdentifier(study=study, scheme=scheme)
    row.value = value
    row.full_clean()
    save_as(row, by)
    return row


def add_document(*, study: Study, kind: str, title: str, file: File[bytes], by: User) -> StudyDocument:
    """Keep a file of the study under a name of its own. Raises ``ValidationError`` where it is too large or not of an
    accepted type by its name and its content (``studies.validators``). Where the row cannot be saved the file is not
    kept either.
    """
    validate_document(file)
    name = safe_filename(file.name or "")
    document = StudyDocument(
        study=study,
        kind=kind,
        title=title.strip() or name,
        filename=name,
        size=file.size,
        content_type=content_type_of(name),
        uploaded_by=by,
    )
    document.file.save(name, file, save=False)
    try:
        with transaction.atomic():
            save_as(document, by)
    except BaseException:
        default_storage.delete(document.file.name or "")
        raise
    return document


@transaction.atomic
def remove_document(*, document: StudyDocument, by: User) -> StudyDocument:
    """Take a document away from everyone but those who may put it back. A second call changes nothing."""
    now = StudyDocument.objects.select_for_update().get(pk=document.pk)
    if now.removed_at is None:
        now.removed_at = timezone.now()
        save_as(now, by)
    return now


@transaction.atomic
def put_document_back(*, document: StudyDocument, by: User) -> StudyDocument:
    """Undo ``remove_document``. A second call changes nothing."""
    now = StudyDocument.objects.select_for_update().get(pk=document.pk)
    if now.removed_at is not None:
        now.removed_at = None
        save_as(now, by)
    return now
