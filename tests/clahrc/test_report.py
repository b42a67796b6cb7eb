import csv
import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clahrc.numbers import programme_years
from clahrc.report import annual_report
from communities.models import Associate, Event, Newsletter
from fellows.models import FellowPost, Secondment
from panels.models import Review, ReviewCycle
from studies.models import Amendment, StageMove, Study, Suggestion, Theme
from tests.conftest import ROLES

pytestmark = pytest.mark.django_db

URL = reverse("report")
CSV = reverse("report_csv")


def at(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(at(2026, 11, 23, 12), tick=False):
        yield


def tables(programme, year):
    report = annual_report(programme, programme_years(programme)[year - 1])
    return {table.caption: [list(row) for row in table.rows] for table in report.tables}


@pytest.mark.parametrize("role", ROLES)
def test_report_when_each_role_asks_then_staff_and_theme_leads_alone(role, client_of, programme, study):
    expected = 302 if role == "anonymous" else 200 if role in {"lead", "staff", "administrator"} else 403
    client = client_of(role)
    assert [client.get(url).status_code for url in (URL, CSV)] == [expected, expected]


@pytest.mark.parametrize(("asked", "shown"), [("", 3), ("1", 1), ("6", 6), ("7", 3), ("0", 3), ("x", 3), ("²", 3)])
def test_report_when_a_year_is_asked_for_then_that_or_the_one_that_runs(client_of, staff, programme, asked, shown):
    response = client_of("staff").get(URL, {"year": asked})
    assert response.context["year"].number == shown
    assert f'<option value="{shown}" selected>' in response.content.decode()


@pytest.mark.parametrize(("today", "shown"), [(at(2023, 1, 1), 1), (at(2031, 1, 1), 6)])
def test_report_when_the_programme_is_to_come_or_over_then_its_nearest_year(client_of, staff, programme, today, shown):
    with time_machine.travel(today):
        assert client_of("staff").get(URL).context["year"].number == shown


def test_report_when_the_programme_set_no_targets_then_measures_against_none(client_of, staff, programme):
    programme.target_associates = programme.target_fellows = 0
    programme.save()
    report = client_of("staff").get(URL, {"year": 1}).context["report"]
    assert [note for _, _, note in report.headlines] == ["", "", "", "of those due in the year"]
    assert [row[0] for row in tables(programme, 1)["Diffusion fellows"]][:2] == ["In post", "Posts that are vacant"]


def test_report_when_the_targets_are_large_then_written_as_on_the_home_page(client_of, staff, programme):
    programme.target_associates, programme.target_fellows = 12_000, 1_000
    programme.save()
    page = client_of("staff").get(URL, {"year": 1}).content.decode()
    assert "target 12,000" in page
    assert "of 1,000 planned" in page


def test_report_when_nothing_is_loaded_then_says_so(client_of, staff):
    for url in (URL, CSV):
        response = client_of("staff").get(url)
        assert response.status_code == 200
        assert "There is nothing to report yet" in response.content.decode()


def test_report_when_studies_moved_since_then_as_they_stood_at_the_end_of_the_year(programme, theme):
    study = Study.objects.create(slug="a", theme=theme, title="A", stage="analysis")
    StageMove.objects.create(
        study=study, from_stage="scoping", to_stage="active", moved_at=at(2024, 12, 31, 23), reason="R"
    )
    StageMove.objects.create(study=study, from_stage="active", to_stage="analysis", moved_at=at(2026, 2, 1), reason="R")
    Study.objects.create(slug="b", theme=theme, title="B", stage="proposed")
    labels = [str(stage.label) for stage in Study.Stage]

    def stages(year):
        row = tables(programme, year)["Studies by theme and stage"][0]
        return {label: number for label, number in zip(labels, row[1:-1], strict=True) if number}

    assert stages(1) == {"Proposed": 1, "Active": 1}
    assert stages(3) == {"Proposed": 1, "Analysis": 1}


def test_report_when_fellows_come_and_go_then_counted_in_their_year(programme, theme):
    study = Study.objects.create(slug="a", theme=theme, title="A")
    posts = [FellowPost.objects.create(study=study, number=number) for number in (1, 2, 3)]
    Secondment.objects.create(
        post=posts[0], starts_on=dt.date(2024, 2, 1), ends_on=dt.date(2025, 6, 30), matched_funding=100
    )
    Secondment.objects.create(post=posts[0], starts_on=dt.date(2025, 7, 1), matched_funding=50, days_per_week="0.5")
    Secondment.objects.create(post=posts[1], starts_on=dt.date(2024, 3, 1))
    first = dict(tables(programme, 1)["Diffusion fellows"])
    assert (first["In post"], first["Posts that are vacant"], first["Matched funding, pounds a year"]) == (2, 1, 100)
    assert (first["Secondments begun in the year"], first["Secondments ended in the year"]) == (2, 0)
    second = dict(tables(programme, 2)["Diffusion fellows"])
    assert (second["In post"], float(second["Days a week, all fellows together"])) == (2, 1.5)
    assert (second["Secondments begun in the year"], second["Secondments ended in the year"]) == (1, 1)


def test_report_when_associates_join_then_by_month_beside_the_first_years_target(programme):
    for number, moment in enumerate([at(2024, 1, 1, 0, 30), at(2024, 1, 31), at(2024, 12, 31, 23), at(2025, 1, 1)]):
        Associate.objects.create(email=f"a{number}@example.org", name="A", involvement="carer", confirmed_at=moment)
    rows = tables(programme, 1)["Associates who joined, by month"]
    assert rows[0] == ["January 2024", 2, 2, 0, 33]
    assert rows[-1] == ["December 2024", 1, 3, 0, 400]
    assert len(rows) == 12
    assert tables(programme, 2)["Associates who joined, by month"][0] == ["January 2025", 1, 1, 0]
    assert [row[0] for row in tables(programme, 3)["Associates who joined, by month"]][-1] == "November 2026"


def test_report_when_reviews_were_due_then_on_time_late_or_not_in(
    programme, panel, study, panel_member, chair, stranger, staff, lead
):
    cycle = ReviewCycle.objects.create(panel=panel, study=study, reason="annual", due_on=dt.date(2024, 7, 1))
    sent = {"cycle": cycle, "status": "submitted", "recommendation": "proceed"}
    Review.objects.create(member=panel_member, submitted_at=at(2024, 7, 1, 22, 59), **sent)
    Review.objects.create(member=chair, submitted_at=at(2024, 7, 1, 23, 1), **sent)
    Review.objects.create(member=stranger, cycle=cycle)
    Review.objects.create(member=staff, cycle=cycle, status="conflicted", conflict="Works there")
    Review.objects.create(member=lead, cycle=cycle, status="declined", declined="On leave")
    found = tables(programme, 1)["Reviews due in the year"]
    assert found == [["Scientific committee", 3, 1, 1, 1, "33%"], ["Total", 3, 1, 1, 1, "33%"]]
    assert tables(programme, 2)["Reviews due in the year"] == [["Total", 0, 0, 0, 0, "None due"]]


def test_report_when_news_went_out_and_suggestions_came_then_counted(programme, community, study):
    letter = {"community": community, "introduction": "I"}
    Newsletter.objects.create(slug="a", title="A", status="sent", sent_at=at(2024, 5, 1), **letter)
    Newsletter.objects.create(slug="b", title="B", **letter)
    for slug, status, day in [
        ("a", "published", at(2026, 5, 1)),
        ("b", "cancelled", at(2026, 5, 1)),
        ("c", "published", at(2026, 12, 1)),
    ]:
        Event.objects.create(
            slug=slug, title="T", description="D", kind="roadshow", place="P", status=status,
            starts_at=day, ends_at=day + dt.timedelta(hours=1),
        )  # fmt: skip
    Suggestion.objects.create(study=study, source="panel", text="T", made_on=dt.date(2026, 3, 1))
    Suggestion.objects.create(study=study, source="panel", text="T", made_on=dt.date(2026, 3, 1), status="done")
    Amendment.objects.create(study=study, text="T", made_on=dt.date(2026, 3, 1))
    assert tables(programme, 1)["Newsletters sent and events held"][0] == ["Newsletter", 1]
    assert ["Roadshow", 1] in tables(programme, 3)["Newsletters sent and events held"]
    said = tables(programme, 3)["You said, we did"]
    assert ["Panel", 2, 1, 0, 1, 0] in said
    assert said[-1] == ["Total", 2, 1, 0, 1, 0]


def test_report_csv_when_downloaded_then_the_same_tables_and_no_formulas(client_of, staff, programme, theme, study):
    Theme.objects.filter(pk=theme.pk).update(name='=HYPERLINK("http://x")')
    response = client_of("staff").get(CSV, {"year": "2"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="annual-report-year-2.csv"'
    rows = list(csv.reader(response.content.decode("utf-8-sig").splitlines()))
    assert rows[0] == ["Year 2: 2025-01-01 to 2025-12-31"]
    assert rows[3][:2] == ["Theme", "Proposed"]
    assert rows[4][0] == '\'=HYPERLINK("http://x")'


def test_report_when_more_rows_then_no_more_queries(client_of, staff, programme, theme, panel, make_study, stranger):
    client = client_of("staff")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    def add(number):
        study = make_study(theme, f"s{number}", posts=1, filled=1)
        cycle = ReviewCycle.objects.create(panel=panel, study=study, reason="annual", due_on=dt.date(2026, 7, 1))
        Review.objects.create(cycle=cycle, member=stranger)
        StageMove.objects.create(
            study=study, from_stage="scoping", to_stage="active", moved_at=at(2025, 1, 1), reason="R"
        )

    add(0)
    queries()
    few = queries()
    for number in range(1, 50):
        add(number)
    assert queries() == few
