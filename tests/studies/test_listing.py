"""The staff's list of studies: search, filters, order, saved views and files."""

from __future__ import annotations

import csv
import datetime as dt
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from people.spreadsheets import harmless
from studies.models import SavedView, Study, StudyPerson, Theme
from tests.studies.conftest import many_studies

URL = "/studies/manage/"


@pytest.fixture
def shelf(study, other_study, team, steering, theme) -> dict[str, Study]:
    """Four studies that differ in everything that the list filters by."""
    memory = Theme.objects.create(slug="memory", name="Memory", kind="research", position=0)
    Study.objects.filter(pk=study.pk).update(design="rct", starts_on="2025-01-01", ends_on="2029-01-01")
    late = Study.objects.create(
        slug="late", theme=memory, title="Late", acronym="LATE", stage="active", summary="Words.",
        starts_on=dt.date(2024, 1, 1), ends_on=dt.date(2025, 1, 1),
    )  # fmt: skip
    StudyPerson.objects.create(study=late, user=steering, role="lead", starts_on=dt.date(2024, 1, 1))
    away = Study.objects.create(slug="away", theme=memory, title="Away", archived_at=timezone.now())
    return {"study": study, "other": other_study, "late": late, "away": away}


def slugs(answer) -> list[str]:
    return [study.slug for study in answer.context["page_obj"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["late", "home-visits", "return-to-work"]),
        ("q=home", ["home-visits"]),
        ("q=hovis", ["home-visits"]),
        ("q=STEERING", ["late", "home-visits"]),
        ("q=team+visits", ["home-visits"]),
        ("q=nothing", []),
        ("q=%25", []),
        ("theme=memory", ["late"]),
        ("stage=proposed", ["return-to-work"]),
        ("design=rct", ["home-visits"]),
        ("design=none", ["late", "return-to-work"]),
        ("flag=no_service_user", ["late", "return-to-work"]),
        ("flag=no_lead", ["return-to-work"]),
        ("flag=no_summary", ["return-to-work"]),
        ("flag=overdue", ["late"]),
        ("show=archived", ["away"]),
        ("show=all&theme=memory", ["away", "late"]),
        ("sort=title", ["home-visits", "late", "return-to-work"]),
        ("sort=-title", ["return-to-work", "late", "home-visits"]),
        ("sort=stage", ["return-to-work", "late", "home-visits"]),
        ("sort=starts", ["late", "home-visits", "return-to-work"]),
        ("sort=-starts", ["home-visits", "late", "return-to-work"]),
        ("sort=lead", ["late", "home-visits", "return-to-work"]),
        (
            "sort=drop&stage=zzz&theme=9&flag=x&lead=x&page=zzz&design=x&show=x",
            ["late", "home-visits", "return-to-work"],
        ),
    ],
)
def test_manage_when_searched_filtered_or_sorted_then_exactly_these(shelf, staff, client_of, query, found):
    assert slugs(client_of("staff").get(f"{URL}?{query}")) == found


def test_manage_when_filtered_by_lead_then_their_studies(shelf, staff, team, client_of):
    assert slugs(client_of("staff").get(f"{URL}?lead={team.pk}")) == ["home-visits"]


def test_manage_when_the_lead_has_left_then_the_study_lacks_one(shelf, staff, client_of):
    StudyPerson.objects.filter(role="lead").update(starts_on="2024-01-01", ends_on="2025-01-01")
    assert slugs(client_of("staff").get(f"{URL}?flag=no_lead")) == ["late", "home-visits", "return-to-work"]


def test_manage_when_a_study_is_over_then_it_is_not_flagged(shelf, staff, client_of):
    Study.objects.update(stage="completed")
    for flag in ("no_service_user", "no_lead", "no_summary", "overdue"):
        assert slugs(client_of("staff").get(f"{URL}?flag={flag}")) == []


def test_manage_when_sorted_then_the_header_says_so_and_keeps_the_filter(shelf, staff, client_of):
    words = client_of("staff").get(f"{URL}?theme=stroke&sort=title").content.decode()
    assert 'aria-sort="ascending"' in words
    assert "?theme=stroke&amp;sort=-title" in words


def test_manage_when_there_are_many_then_the_queries_stay_the_same(theme, staff, client_of):
    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(url)
        return len(seen)

    client = client_of("staff")
    client.get(URL)
    urls = (f"{URL}?q=study&flag=no_lead&sort=lead", "/studies/manage/export/csv/", "/studies/manage/export/xlsx/")
    many_studies(theme, 1)
    one = [queries(url) for url in urls]
    many_studies(theme, 49)
    for study in Study.objects.all():
        StudyPerson.objects.create(study=study, user=staff, role="steering_member")
    assert [queries(url) for url in urls] == one


def test_manage_when_there_are_more_than_a_page_then_pages_keep_the_filter(theme, staff, client_of):
    many_studies(theme, 60)
    answer = client_of("staff").get(f"{URL}?q=number&page=3")
    assert len(slugs(answer)) == 10
    assert "Showing 51 to 60 of 60 studies" in answer.content.decode()
    assert "?q=number&amp;page=1" in answer.content.decode()


# --- Files ----------------------------------------------------------------------------------------------------


def test_export_csv_when_filtered_and_sorted_then_exactly_what_the_list_shows(shelf, staff, client_of):
    answer = client_of("staff").get("/studies/manage/export/csv/?sort=-title&flag=no_service_user")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Title"] for row in rows] == ["Return to work", "Late"]
    assert rows[1] == {
        "Acronym": "LATE", "Title": "Late", "Theme": "Memory", "Stage": "Active", "Design": "",
        "Study lead": "Steering",
        "Starts": "2024-01-01", "Ends": "2025-01-01",
        "To put right": "No service user; Overdue", "Archived": "",
    }  # fmt: skip
    assert answer["Content-Disposition"].startswith('attachment; filename="studies-')
    assert answer["Content-Type"] == "text/csv; charset=utf-8"


def test_export_xlsx_when_titles_are_formulas_then_they_are_text_and_dates_are_dates(theme, staff, client_of):
    Study.objects.create(
        slug="a", theme=theme, title='=HYPERLINK("http://x")', acronym="@SUM", starts_on=dt.date(2026, 1, 2)
    )
    Study.objects.create(slug="b", theme=theme, title="Line\x07 two", acronym="-1")
    answer = client_of("staff").get("/studies/manage/export/xlsx/")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.iter_rows(min_row=2))
    assert "f" not in {cell.data_type for row in rows for cell in row}
    assert {rows[0][1].value, rows[1][1].value} == {'\'=HYPERLINK("http://x")', "Line two"}
    assert {rows[0][0].value, rows[1][0].value} == {"'@SUM", "'-1"}
    assert dt.datetime(2026, 1, 2) in {rows[0][6].value, rows[1][6].value}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\n=1", "%x", "|x", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"]
)
def test_harmless_when_text_begins_like_a_formula_then_it_is_quoted(text):
    assert str(harmless(text)).startswith("'")


@pytest.mark.parametrize("value", ["Home visits", "", 7, dt.date(2026, 1, 1)])
def test_harmless_when_it_does_not_then_it_stays(value):
    assert harmless(value) == value


def test_export_when_the_format_is_unknown_then_not_found(staff, client_of):
    assert client_of("staff").get("/studies/manage/export/exe/").status_code == 404


# --- Saved views ----------------------------------------------------------------------------------------------


def save(client, name: str, query: str):
    return client.post(reverse("studies:saved_view_save"), {"name": name, "query": query})


def test_saved_view_when_saved_then_it_can_be_opened_again(shelf, staff, client_of):
    client = client_of("staff")
    answer = save(client, "My stroke studies", "?theme=stroke&q=&page=3&sort=-title")
    assert answer["Location"] == f"{URL}?sort=-title&theme=stroke"
    page = client.get(answer["Location"])
    assert page.context["current_view"] == SavedView.objects.get(user=staff)
    assert "My stroke studies" in client.get(URL).content.decode()
    save(client, "my STROKE studies", "theme=memory")
    assert SavedView.objects.get(user=staff).query == "theme=memory"


def test_saved_view_when_made_default_then_the_list_opens_with_it(shelf, staff, client_of):
    client = client_of("staff")
    save(client, "A", "theme=stroke")
    save(client, "B", "theme=memory")
    for name in ("A", "B"):
        client.post(reverse("studies:saved_view_default", args=[SavedView.objects.get(name=name).pk]))
    assert client.get(URL)["Location"] == f"{URL}?theme=memory"
    assert client.get(f"{URL}?show=current").status_code == 200
    client.post(reverse("studies:saved_view_default", args=[SavedView.objects.get(name="B").pk]), {"default": "no"})
    assert client.get(URL).status_code == 200


def test_saved_view_when_renamed_or_deleted_then_it_is(shelf, staff, client_of):
    client = client_of("staff")
    save(client, "A", "theme=stroke")
    save(client, "B", "theme=memory")
    view = SavedView.objects.get(name="A")
    rename = reverse("studies:saved_view_rename", args=[view.pk])
    assert set(client.post(rename, {"name": "b"}).context["form"].non_field_errors()) == {
        "You already have a view of this name."
    }
    assert client.post(rename, {"name": " C "})["Location"] == reverse("studies:saved_views")
    delete = reverse("studies:saved_view_delete", args=[view.pk])
    assert client.get(delete).status_code == 200
    assert [client.post(delete).status_code for _ in range(2)] == [302, 302]
    assert list(SavedView.objects.values_list("name", flat=True)) == ["B"]


@pytest.mark.parametrize("data", [{"name": "", "query": "a=1"}, {"name": "x" * 61, "query": ""}, {"name": "x"}])
def test_saved_view_when_the_name_is_missing_or_long_then_the_form_says_so(staff, client_of, data):
    answer = client_of("staff").post(reverse("studies:saved_view_save"), data)
    assert answer.status_code == (302 if data == {"name": "x"} else 200)
    assert SavedView.objects.count() == (data == {"name": "x"})


def test_saved_view_when_the_search_is_too_long_then_it_is_refused(staff, client_of):
    answer = save(client_of("staff"), "Long", "q=" + "x" * 1200)
    assert "too long" in answer.content.decode()


def test_saved_view_when_it_is_somebody_elses_then_it_is_not_found(staff, administrator, client_of):
    view = SavedView.objects.create(user=administrator, name="Theirs", query="q=secret")
    client = client_of("staff")
    for name in ("rename", "delete"):
        assert client.get(reverse(f"studies:saved_view_{name}", args=[view.pk])).status_code == 404
    client.post(reverse("studies:saved_view_delete", args=[view.pk]))
    assert client.post(reverse("studies:saved_view_default", args=[view.pk])).status_code == 404
    assert client.post(reverse("studies:saved_view_rename", args=[view.pk]), {"name": "x"}).status_code == 404
    view.refresh_from_db()
    assert (view.name, view.is_default) == ("Theirs", False)
    assert "Theirs" not in client.get(URL).content.decode()
