"""Checks of study identifiers and of uploaded documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


def validate_document(file: UploadedFile) -> None:
    """Refuse a document that is too large, or whose content is not of an accepted type."""
