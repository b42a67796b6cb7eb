"""Uploaded documents: size, name and content must agree."""

from __future__ import annotations

import contextlib
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from studies.validators import ACCEPTED, content_type_of, safe_filename, validate_document
from tests.studies.conftest import PDF, archive

ODT = "application/vnd.oasis.opendocument.text"


def ooxml(member: str, **more: bytes) -> bytes:
    return archive({"[Content_Types].xml": b"<Types/>", member: b"<x/>", **more})


GOOD = {
    "a.pdf": PDF,
    "a.PDF": PDF,
    "a.docx": ooxml("word/document.xml"),
    "a.xlsx": ooxml("xl/workbook.xml"),
    "a.pptx": ooxml("ppt/presentation.xml"),
    "a.odt": archive({"mimetype": ODT, "content.xml": "<x/>"}),
    "a.txt": "Plain words, £5 and ✓\r\n".encode(),
    "utf16.txt": "Plain words".encode("utf-16"),
    "windows.csv": "name,£\r\nA,5".encode("cp1252"),
    "a.csv": b"a,b\n1,2\n",
    "a.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 20,
    "a.jpg": b"\xff\xd8\xff\xe0" + b"\0" * 20,
    "a.jpeg": b"\xff\xd8\xff\xe1" + b"\0" * 20,
}
BAD = {
    "empty.pdf": (b"", "empty"),
    "page.pdf": (b"<html><script>alert(1)</script>", "content"),
    "program.pdf": (b"MZ\x90\0" + b"\0" * 50, "content"),
    "page.html": (b"<html>", "type"),
    "picture.svg": (b"<svg/>", "type"),
    "program.exe": (b"MZ", "type"),
    "noending": (PDF, "type"),
    "double.pdf.exe": (PDF, "type"),
    "word.docx": (PDF, "content"),
    "sheet.docx": (ooxml("xl/workbook.xml"), "content"),
    "bare.docx": (archive({"word/document.xml": b"<x/>"}), "content"),
    "cut.docx": (ooxml("word/document.xml")[:-30], "content"),
    "macros.docx": (ooxml("word/document.xml", **{"word/vbaProject.bin": b"x"}), "macros"),
    "other.odt": (archive({"mimetype": "application/zip"}), "content"),
    "none.odt": (archive({"content.xml": "<x/>"}), "content"),
    "binary.txt": (b"abc\0def", "content"),
    "pdf.txt": (b"%PDF-1.7\n\x00\x01", "content"),
    "cut.txt": ("ab".encode("utf-16") + b"\x00", "content"),
    "swollen.odt": (archive({"mimetype": b"a" * 5_000_000}), "content"),
    "word.png": (GOOD["a.docx"], "content"),
}


@pytest.mark.parametrize("name", GOOD)
def test_validate_document_when_name_and_content_agree_then_it_passes(name):
    file = SimpleUploadedFile(name, GOOD[name], content_type="text/html")
    validate_document(file)
    assert file.tell() == 0
    assert content_type_of(name) == ACCEPTED["." + name.rsplit(".", 1)[-1].lower()].content_type


@pytest.mark.parametrize("name", BAD)
def test_validate_document_when_they_do_not_then_it_is_refused_and_says_why(name):
    content, code = BAD[name]
    with pytest.raises(ValidationError) as refused:
        validate_document(SimpleUploadedFile(name, content, content_type="application/pdf"))
    assert refused.value.code == code


def test_validate_document_when_an_archive_is_locked_then_it_is_refused():
    content = bytearray(archive({"mimetype": ODT}, zipfile.ZIP_STORED))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    with pytest.raises(ValidationError):
        validate_document(SimpleUploadedFile("a.odt", bytes(content)))


def test_validate_document_when_one_byte_too_large_then_it_is_refused(settings):
    settings.UPLOAD_MAX_BYTES = len(PDF)
    validate_document(SimpleUploadedFile("a.pdf", PDF))
    with pytest.raises(ValidationError) as refused:
        validate_document(SimpleUploadedFile("a.pdf", PDF + b"\n"))
    assert refused.value.code == "too_large"


def test_validate_document_when_an_archive_does_not_unpack_then_it_is_refused():
    content = bytearray(archive({"mimetype": ODT}, zipfile.ZIP_DEFLATED))
    content[38:44] = b"\xff" * 6  # past the header and the name
    with pytest.raises(ValidationError):
        validate_document(SimpleUploadedFile("a.odt", bytes(content)))


@given(st.sampled_from(sorted(ACCEPTED)), st.binary(max_size=200))
def test_validate_document_when_given_any_bytes_then_it_answers_or_refuses(ending, content):
    file = SimpleUploadedFile(f"a{ending}", content)
    with contextlib.suppress(ValidationError):
        validate_document(file)
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("protocol.pdf", "protocol.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\Protocol v2.DOCX", "Protocol v2.docx"),
        ("evil\u202efdp.txt", "evil fdp.txt"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie- x.pdf"),
        ('quo"te.pdf', "quo-te.pdf"),
        (".pdf", "pdf"),
        ("", "document"),
        ("é.pdf", "é.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_safe_filename_when_the_name_is_odd_then_it_is_made_harmless(name, safe):
    assert safe_filename(name) == safe


@given(st.text(max_size=300))
def test_safe_filename_when_given_anything_then_it_is_short_and_has_no_way_out(name):
    safe = safe_filename(name)
    assert 0 < len(safe) <= 150
    assert not set(safe) & set('/\\\r\n\0"<>:|')
    assert safe not in {".", ".."}
