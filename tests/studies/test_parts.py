"""Sites, identifiers and documents of a study."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from studies.models import StudyDocument, StudyIdentifier, StudySite
from studies.services import add_document, set_identifier
from tests.studies.conftest import PDF, pdf
from tests.studies.test_access import read


def files_in(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.rglob("*") if path.is_file())


# --- Documents ------------------------------------------------------------------------------------------------


def upload(client, study, file, **changes):
    data = {"file": file, "kind": "protocol", "title": "", **changes}
    return client.post(reverse("studies:document_add", args=[study.slug]), data)


def test_document_add_when_uploaded_then_it_is_kept_under_a_name_of_its_own(study, team, client_of, media):
    answer = upload(client_of("team"), study, pdf("../../My protocol.PDF"))
    assert answer["Location"] == reverse("studies:documents", args=[study.slug])
    document = StudyDocument.objects.get()
    assert (document.title, document.filename, document.size) == ("My protocol.pdf", "My protocol.pdf", len(PDF))
    assert (document.content_type, document.uploaded_by) == ("application/pdf", team)
    assert document.file.name.startswith(f"studies/{study.pk}/")
    assert "protocol" not in document.file.name
    assert files_in(media) == [".pdf"]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (SimpleUploadedFile("a.exe", b"MZ"), "The file must be a PDF"),
        (SimpleUploadedFile("a.pdf", b"<script>"), "not what its name says"),
        (SimpleUploadedFile("a.pdf", b""), "The file is empty"),
        (SimpleUploadedFile("a.pdf", PDF + b"x" * 2000), "no larger than"),
        ("", "Choose a file to upload"),
    ],
)
def test_document_add_when_the_file_is_wrong_then_it_says_so_and_keeps_nothing(
    study, team, client_of, media, settings, file, words
):
    settings.UPLOAD_MAX_BYTES = 1000
    if file:
        file.seek(0)
    answer = upload(client_of("team"), study, file, title="Kept title")
    assert answer.status_code == 200
    assert words in str(answer.context["form"].errors)
    assert "Kept title" in answer.content.decode()
    assert (StudyDocument.objects.count(), files_in(media)) == (0, [])


def test_document_add_when_the_kind_is_forged_then_it_is_refused(study, team, client_of):
    assert set(upload(client_of("team"), study, pdf(), kind="virus").context["form"].errors) == {"kind"}


def test_add_document_when_the_row_cannot_be_saved_then_the_file_is_not_kept(study, staff, media, monkeypatch):
    monkeypatch.setattr(StudyDocument, "save", fail)
    with pytest.raises(RuntimeError):
        add_document(study=study, kind="other", title="A", file=pdf(), by=staff)
    assert files_in(media) == []


def fail(*args, **kwargs):
    raise RuntimeError("The disk of the database is full.")


def test_document_when_downloaded_then_it_is_saved_and_never_shown(study, document, client_of):
    answer = client_of("fellow").get(reverse("studies:document", args=[study.slug, document.pk]))
    assert read(answer) == PDF
    assert answer["Content-Disposition"] == 'attachment; filename="protocol.pdf"'
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"


def test_document_when_its_name_is_not_ascii_then_the_header_is_safe(study, staff, client_of):
    document = add_document(study=study, kind="other", title="A", file=pdf('Prüf"ung\r\nX: y.pdf'), by=staff)
    answer = client_of("staff").get(reverse("studies:document", args=[study.slug, document.pk]))
    read(answer)
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''Pr%C3%BCf-ung%20X-%20y.pdf"


def test_document_when_the_address_names_another_studys_then_it_is_not_found(
    study, team, document, other_document, client_of
):
    client = client_of("team")
    for name in ("document", "document_remove", "document_put_back"):
        forged = reverse(f"studies:{name}", args=[study.slug, other_document.pk])
        assert (client.get if name == "document" else client.post)(forged).status_code == 404
        real = reverse(f"studies:{name}", args=[other_document.study.slug, other_document.pk])
        assert (client.get if name == "document" else client.post)(real).status_code == 404
    other_document.refresh_from_db()
    assert other_document.removed_at is None


def test_document_when_the_file_is_missing_then_it_is_not_found(study, document, staff, client_of, media):
    for path in media.rglob("*.pdf"):
        path.unlink()
    assert client_of("staff").get(reverse("studies:document", args=[study.slug, document.pk])).status_code == 404


def test_document_remove_when_pressed_then_it_is_gone_until_it_is_put_back(study, team, fellow, document, client_of):
    client, url = client_of("team"), reverse("studies:document", args=[study.slug, document.pk])
    remove = reverse("studies:document_remove", args=[study.slug, document.pk])
    assert [client.post(remove).status_code for _ in range(2)] == [302, 302]
    assert client.get(url).status_code == 404
    assert (
        "protocol.pdf" not in client_of("fellow").get(reverse("studies:documents", args=[study.slug])).content.decode()
    )
    assert "Put back" in client.get(reverse("studies:documents", args=[study.slug])).content.decode()
    client.post(reverse("studies:document_put_back", args=[study.slug, document.pk]))
    answer = client.get(url)
    read(answer)
    assert answer.status_code == 200
    assert document.history.count() == 3


# --- Identifiers ----------------------------------------------------------------------------------------------


def test_identifiers_when_pasted_in_any_form_then_kept_in_the_registrys(study, team, client_of):
    client, url = client_of("team"), reverse("studies:identifiers", args=[study.slug])
    data = {
        "isrctn": "isrctn 3716 7117",
        "iras": "IRAS 123456",
        "cpms": "",
        "doi": "https://doi.org/10.1186/1748-5908-7-40",
    }
    assert client.post(url, data)["Location"] == study.get_absolute_url()
    kept = {"isrctn": "ISRCTN37167117", "iras": "123456", "doi": "10.1186/1748-5908-7-40"}
    assert dict(study.identifiers.values_list("scheme", "value")) == kept
    client.post(url, {**data, "iras": ""})
    assert "iras" not in dict(study.identifiers.values_list("scheme", "value"))


def test_identifiers_when_wrong_or_anothers_then_it_says_so_and_saves_none(study, other_study, team, client_of):
    StudyIdentifier.objects.create(study=other_study, scheme="isrctn", value="ISRCTN37167117")
    answer = client_of("team").post(
        reverse("studies:identifiers", args=[study.slug]),
        {"isrctn": "37167117", "iras": "x", "cpms": "45388", "doi": "http://x"},
    )
    assert set(answer.context["form"].errors) == {"isrctn", "iras", "doi"}
    assert not study.identifiers.exists()


def test_set_identifier_when_another_study_has_it_then_the_service_refuses(study, other_study, staff):
    set_identifier(study=other_study, scheme="iras", value="123456", by=staff)
    with pytest.raises(ValidationError):
        set_identifier(study=study, scheme="iras", value="IRAS 123456", by=staff)
    with pytest.raises(ValidationError):
        set_identifier(study=study, scheme="orcid", value="1", by=staff)


def test_set_identifier_when_called_twice_then_the_history_has_one_line(study, staff):
    for _ in range(2):
        set_identifier(study=study, scheme="cpms", value="45388", by=staff)
    assert StudyIdentifier.history.count() == 1


# --- Sites ----------------------------------------------------------------------------------------------------


def test_site_add_when_sent_twice_then_there_is_one_site(study, team, organisation, client_of):
    client, url = client_of("team"), reverse("studies:site_add", args=[study.slug])
    for place in ("Ward 4", " ward 4 "):
        assert (
            client.post(url, {"organisation": organisation.pk, "place": place})["Location"] == study.get_absolute_url()
        )
    assert StudySite.objects.get().place == "Ward 4"


def test_site_add_when_the_organisation_is_not_listed_then_staff_are_led_to_add_it_and_others_told_whom_to_ask(
    study, team, staff, client_of
):
    url, add = reverse("studies:site_add", args=[study.slug]), reverse("people:organisation_new")
    pages = {role: client_of(role).get(url).content.decode() for role in ("staff", "team")}
    assert {role: f'href="{add}"' in page for role, page in pages.items()} == {"staff": True, "team": False}
    assert "ask programme staff to add it" in pages["team"]


@pytest.mark.parametrize("data", [{}, {"organisation": "9999"}, {"organisation": "x"}])
def test_site_add_when_the_organisation_is_missing_or_forged_then_it_says_so(study, team, client_of, data):
    answer = client_of("team").post(reverse("studies:site_add", args=[study.slug]), data)
    assert set(answer.context["form"].errors) == {"organisation"}


def test_site_remove_when_confirmed_then_it_goes_and_the_history_keeps_it(study, team, organisation, client_of):
    site = StudySite.objects.create(study=study, organisation=organisation)
    client, url = client_of("team"), reverse("studies:site_remove", args=[study.slug, site.pk])
    assert client.get(url).status_code == 200
    assert StudySite.objects.exists()
    assert [client.post(url).status_code for _ in range(2)] == [302, 302]
    assert not StudySite.objects.exists()
    assert StudySite.history.filter(history_type="-").get().history_user == team


def test_site_remove_when_it_is_another_studys_then_it_stays(study, other_study, team, organisation, client_of):
    site = StudySite.objects.create(study=other_study, organisation=organisation)
    url = reverse("studies:site_remove", args=[study.slug, site.pk])
    assert client_of("team").get(url).status_code == 404
    client_of("team").post(url)
    assert StudySite.objects.exists()
