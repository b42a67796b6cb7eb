"""Checks an uploaded document by its size, its name and what is in it; the three must agree.

What the sender's browser says the type is counts for nothing. Only the first bytes and, of an archive, its table of
contents are read: nothing is unpacked, so a file that would swell when unpacked costs nothing.
"""

from __future__ import annotations

import codecs
import lzma
import re
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat

if TYPE_CHECKING:
    from django.core.files.base import File

_OFFICE = "application/vnd.openxmlformats-officedocument."
_LONGEST_NAME = 120


@dataclass(frozen=True)
class FileType:
    """An accepted type: its media type, and how its content shows it.

    ``begins`` are the first bytes; ``member`` is a file that the archive must have; ``mimetype`` is what an
    OpenDocument archive says of itself. A type with none of them is text.
    """

    content_type: str
    begins: bytes = b""
    member: str = ""
    mimetype: str = ""


#: By the end of the file's name.
ACCEPTED = {
    ".pdf": FileType("application/pdf", begins=b"%PDF-"),
    ".docx": FileType(_OFFICE + "wordprocessingml.document", member="word/document.xml"),
    ".xlsx": FileType(_OFFICE + "spreadsheetml.sheet", member="xl/workbook.xml"),
    ".pptx": FileType(_OFFICE + "presentationml.presentation", member="ppt/presentation.xml"),
    ".odt": FileType("application/vnd.oasis.opendocument.text", mimetype="application/vnd.oasis.opendocument.text"),
    ".txt": FileType("text/plain"),
    ".csv": FileType("text/csv"),
    ".png": FileType("image/png", begins=b"\x89PNG\r\n\x1a\n"),
    ".jpg": FileType("image/jpeg", begins=b"\xff\xd8\xff"),
    ".jpeg": FileType("image/jpeg", begins=b"\xff\xd8\xff"),
}
ACCEPTED_WORDS = (
    "PDF, Word (.docx), Excel (.xlsx), PowerPoint (.pptx), OpenDocument text (.odt), text, CSV, PNG or JPEG"
)


def safe_filename(name: str) -> str:
    """The file's own name without folders, control or direction characters and what shells or systems treat
    specially; never empty, no longer than 120 characters, and with its ending kept in small letters.
    """
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name)
    name = re.sub(r"\s+", " ", re.sub(r'[<>:"|?*%;`$]', "-", name)).strip(" .-")
    path = PurePath(name or "document")
    suffix = path.suffix.lower()
    stem = path.stem.strip(" .")[: _LONGEST_NAME - len(suffix)] or "document"
    return f"{stem}{suffix}"


def content_type_of(name: str) -> str:
    """The media type of an accepted file, by the end of its name."""
    return ACCEPTED[PurePath(name).suffix.lower()].content_type


def _is_text(file: File[bytes]) -> bool:
    """Whether every byte reads as text: UTF-8, or UTF-16 with its mark, or the Windows alphabet."""
    file.seek(0)
    start = file.read(2)
    utf_16 = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    decoder = codecs.getincrementaldecoder("utf-16" if utf_16 else "utf-8")()
    file.seek(0)
    try:
        for chunk in file.chunks():
            decoded = decoder.decode(chunk)
            if any(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f" for c in set(decoded)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        file.seek(0)
        return not utf_16 and all(not (set(chunk) & _NEVER_IN_TEXT) for chunk in file.chunks())
    return True


#: Bytes that the Windows alphabet (CP 1252) gives no character, and control characters other than tabs and lines.
_NEVER_IN_TEXT = frozenset(set(range(32)) - set(b"\t\n\r\f")) | {0x7F, 0x81, 0x8D, 0x8F, 0x90, 0x9D}


def _is_archive_of(file: File[bytes], kind: FileType) -> bool:
    """Whether the file is the archive that this type of document is."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if kind.mimetype:
                entry = archive.getinfo("mimetype")
                return entry.file_size < 100 and archive.read(entry).decode("ascii").strip() == kind.mimetype
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise ValidationError(
                    "This file has macros in it. Save it without macros and upload it again.", code="macros"
                )
            return kind.member in names and "[Content_Types].xml" in names
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, KeyError, ValueError, RuntimeError, EOFError, OSError):
        return False


def _is_what_it_says(file: File[bytes], kind: FileType) -> bool:
    """Whether the content is of the type that the name says."""
    if kind.member or kind.mimetype:
        return _is_archive_of(file, kind)
    if not kind.begins:
        return _is_text(file)
    file.seek(0)
    return file.read(len(kind.begins)) == kind.begins


def validate_document(file: File[bytes]) -> None:
    """Refuse a document that is empty, larger than ``settings.UPLOAD_MAX_BYTES`` (bytes), of a type that is not
    accepted, or whose content is not of the type that its name says. Leaves the file at its start.
    """
    if not file.size:
        raise ValidationError("The file is empty. Choose another.", code="empty")
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise ValidationError(
            f"The file is {filesizeformat(file.size)}. It must be no larger than "
            f"{filesizeformat(settings.UPLOAD_MAX_BYTES)}.",
            code="too_large",
        )
    kind = ACCEPTED.get(PurePath(file.name or "").suffix.lower())
    if kind is None:
        raise ValidationError(f"The file must be a {ACCEPTED_WORDS}.", code="type")
    try:
        fits = _is_what_it_says(file, kind)
    finally:
        file.seek(0)
    if not fits:
        ending = PurePath(file.name or "").suffix.lower()
        raise ValidationError(
            f"What is in the file is not what its name says ({ending}). Save it again from the program that made it.",
            code="content",
        )
