"""The annual report in numbers, for programme staff and theme leads."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from rules.contrib.views import permission_required

from clahrc.numbers import ProgrammeYear, programme_years
from clahrc.report import annual_report
from people.spreadsheets import csv_file
from studies.models import Programme


@permission_required("clahrc.view_report", raise_exception=True)
def report(request: HttpRequest) -> HttpResponse:
    """The numbers of one programme year; the one that is running, or the last, unless another is asked for."""
    programme = Programme.objects.current()
    if programme is None:
        return render(request, "clahrc/report_empty.html")
    years = programme_years(programme)
    year = _chosen(years, request.GET.get("year", ""))
    return render(
        request, "clahrc/report.html", {"years": years, "year": year, "report": annual_report(programme, year)}
    )


@permission_required("clahrc.view_report", raise_exception=True)
def report_csv(request: HttpRequest) -> HttpResponse:
    """The same numbers as a file for a spreadsheet."""
    programme = Programme.objects.current()
    if programme is None:
        return render(request, "clahrc/report_empty.html")
    year = _chosen(programme_years(programme), request.GET.get("year", ""))
    return csv_file(f"annual-report-year-{year.number}", annual_report(programme, year).as_rows())


def _chosen(years: list[ProgrammeYear], asked: str) -> ProgrammeYear:
    """The year asked for; otherwise the one that today is in, or the nearest to it."""
    for year in years:
        if str(year.number) == asked:
            return year
    return _nearest(years, timezone.localdate())


def _nearest(years: list[ProgrammeYear], day: dt.date) -> ProgrammeYear:
    begun = [year for year in years if year.starts_on <= day]
    return begun[-1] if begun else years[0]
