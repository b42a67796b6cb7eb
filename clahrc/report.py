"""The annual report in numbers: one programme year, counted from what the apps recorded."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.formats import date_format

from clahrc.numbers import ProgrammeYear
from communities.models import Associate, Event, Membership, Newsletter
from fellows.models import FellowPost, Secondment
from fellows.terms import months_later
from panels.models import Review
from studies.models import Amendment, Programme, StageMove, Study, Suggestion, Theme

Cell = str | int | Decimal


@dataclass
class Table:
    """One table of the report: headings, rows, and a sentence for what the numbers mean."""

    caption: str
    headings: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    note: str = ""


@dataclass
class Report:
    """The year's numbers: the few to see at a glance, then the tables."""

    year: ProgrammeYear
    as_at: dt.date
    headlines: list[tuple[str, Cell, str]]
    tables: list[Table]

    def as_rows(self) -> Iterator[list[Cell]]:
        """All tables one below the other, each under its name, for a spreadsheet."""
        yield [f"{self.year}: {self.year.starts_on.isoformat()} to {self.year.ends_on.isoformat()}"]
        for table in self.tables:
            yield []
            yield [table.caption]
            yield [*table.headings]
            yield from table.rows


def annual_report(programme: Programme, year: ProgrammeYear) -> Report:
    """The report of one year, in a number of queries that does not grow with the rows it counts.

    What changes over time is given as it stood on the last day of the year, or today while the year is running.
    """
    as_at = min(year.ends_on, timezone.localdate())
    months = _months(year, as_at)
    studies = _studies(as_at)
    fellows = _fellows(programme, year, as_at)
    associates = _associates(programme, year, months)
    reviews = _reviews(year)
    sent = _newsletters_and_events(year)
    ledger = _ledger(year)
    on_time = next(row[-1] for row in reviews.rows if row[0] == "Total")
    headlines: list[tuple[str, Cell, str]] = [
        ("Studies", studies.rows[-1][-1], ""),
        ("Diffusion fellows in post", fellows.rows[0][1], _fellow_note(programme)),
        ("Associates who joined", sum(int(row[1]) for row in associates.rows), _associate_note(programme, year)),
        ("Reviews done on time", on_time, "of those due in the year"),
    ]
    return Report(year, as_at, headlines, [studies, fellows, associates, reviews, sent, ledger])


def _fellow_note(programme: Programme) -> str:
    return f"of {programme.target_fellows:,} planned" if programme.target_fellows else ""


def _associate_note(programme: Programme, year: ProgrammeYear) -> str:
    target = programme.target_associates if year.number == 1 else 0
    return f"target {target:,}" if target else ""


# --- The tables -----------------------------------------------------------------------------------------------


def _studies(as_at: dt.date) -> Table:
    """Studies by theme and by the stage they had reached, from the record of their moves."""
    themes = list(Theme.objects.research())
    stages = _stages_on(as_at)
    counts = Counter(
        (theme, stages.get(pk, stage))
        for pk, theme, stage in Study.objects.current().values_list("pk", "theme", "stage")
    )
    table = Table("Studies by theme and stage", ["Theme", *(str(stage.label) for stage in Study.Stage), "All"])
    for theme in themes:
        row = [counts[theme.pk, stage.value] for stage in Study.Stage]
        table.rows.append([theme.name, *row, sum(row)])
    columns = list(zip(*(row[1:] for row in table.rows), strict=True)) or [(0,)] * (len(Study.Stage) + 1)
    table.rows.append(["Total", *(sum(int(cell) for cell in column) for column in columns)])
    return table


def _stages_on(day: dt.date) -> dict[int, str]:
    """The stage of each study that ever moved, on a day: where its last move by then led, or its next one set out."""
    after = _midnight(day + dt.timedelta(days=1))
    stages: dict[int, str] = {}
    moves = StageMove.objects.order_by("moved_at", "pk").values_list("study", "from_stage", "to_stage", "moved_at")
    for study, from_stage, to_stage, moved_at in moves:
        if moved_at < after:
            stages[study] = to_stage
        else:
            stages.setdefault(study, from_stage)
    return stages


def _fellows(programme: Programme, year: ProgrammeYear, as_at: dt.date) -> Table:
    """Diffusion fellows: in post on the day, and what changed in the year."""
    in_post = Secondment.objects.on(as_at)
    totals = in_post.aggregate(people=Count("pk"), funding=Sum("matched_funding"), days=Sum("days_per_week"))
    span = (year.starts_on, year.ends_on)
    posts = FellowPost.objects.of_current_studies().filter(Q(closed_on=None) | Q(closed_on__gt=as_at))
    vacant = posts.exclude(pk__in=in_post.values("post"))
    planned: list[list[Cell]] = [["Planned for the programme", programme.target_fellows]]
    rows: list[list[Cell]] = [
        ["In post", totals["people"]],
        *(planned if programme.target_fellows else []),
        ["Posts that are vacant", vacant.count()],
        ["Secondments begun in the year", Secondment.objects.filter(starts_on__range=span).count()],
        ["Secondments ended in the year", Secondment.objects.filter(ends_on__range=span).count()],
        ["Days a week, all fellows together", totals["days"] or 0],
        ["Matched funding, pounds a year", totals["funding"] or 0],
    ]
    return Table("Diffusion fellows", ["Measure", "Number"], rows, f"As at {date_format(as_at)}.")


def _associates(programme: Programme, year: ProgrammeYear, months: list[dt.date]) -> Table:
    """Associates who joined in each month; in the first year beside the target, spread evenly over twelve."""
    joined = _by_month(Associate.objects.all(), "confirmed_at", year)
    left = _by_month(Membership.objects.exclude(left_at=None), "left_at", year)
    with_target = year.number == 1 and programme.target_associates > 0
    headings = ["Month", "Joined", "Joined so far this year", "Memberships ended"]
    table = Table("Associates who joined, by month", [*headings, "Target so far"] if with_target else headings)
    so_far = 0
    for number, month in enumerate(months, start=1):
        so_far += joined[month]
        row: list[Cell] = [date_format(month, "F Y"), joined[month], so_far, left[month]]
        if with_target:
            row.append(round(programme.target_associates * min(number / 12, 1)))
        table.rows.append(row)
    return table


def _reviews(year: ProgrammeYear) -> Table:
    """Reviews that were due in the year, by panel: in by the day, in later, or not in."""
    table = Table("Reviews due in the year", ["Panel", "Asked for", "On time", "Late", "Not in", "On time, per cent"])
    asked = Review.objects.asked_for().filter(cycle__due_on__range=(year.starts_on, year.ends_on))
    counts: dict[str, Counter[str]] = {}
    rows = asked.order_by("cycle__panel__position", "cycle__panel__name")
    for panel, status, due_on, at in rows.values_list("cycle__panel__name", "status", "cycle__due_on", "submitted_at"):
        counts.setdefault(panel, Counter())[_punctuality(status, due_on, at)] += 1
    total: Counter[str] = sum(counts.values(), Counter())
    for name, count in [*counts.items(), ("Total", total)]:
        every = count.total()
        share = f"{round(100 * count['on time'] / every)}%" if every else "None due"
        table.rows.append([name, every, count["on time"], count["late"], count["not in"], share])
    return table


def _punctuality(status: str, due_on: dt.date, submitted_at: dt.datetime | None) -> str:
    if status != Review.Status.SUBMITTED or submitted_at is None:
        return "not in"
    return "on time" if timezone.localdate(submitted_at) <= due_on else "late"


def _newsletters_and_events(year: ProgrammeYear) -> Table:
    """What was sent and what was held."""
    table = Table("Newsletters sent and events held", ["What", "Number"])
    sent = Newsletter.objects.sent().filter(**_in_year("sent_at", year)).count()
    table.rows.append(["Newsletter", sent])
    held = Event.objects.filter(status=Event.Status.PUBLISHED, **_in_year("starts_at", year)).order_by()
    held = held.filter(starts_at__lte=timezone.now())
    counts = dict(held.values_list("kind").annotate(number=Count("pk")))
    table.rows.extend([str(kind.label), counts.get(kind.value, 0)] for kind in Event.Kind)
    return table


def _ledger(year: ProgrammeYear) -> Table:
    """Suggestions made to studies in the year, by where they came from, and what came of them."""
    table = Table("You said, we did", ["Suggestions from", "Made", "Waiting", "Accepted", "Done", "Not taken up"])
    made = Suggestion.objects.filter(made_on__range=(year.starts_on, year.ends_on)).order_by()
    counts = {
        (source, status): number
        for source, status, number in made.values_list("source", "status").annotate(number=Count("pk"))
    }
    status = Suggestion.Status
    for source in Suggestion.Source:
        row = [
            counts.get((source.value, each.value), 0)
            for each in (status.OPEN, status.ACCEPTED, status.DONE, status.DECLINED)
        ]
        table.rows.append([str(source.label), sum(row), *row])
    columns = list(zip(*(row[1:] for row in table.rows), strict=True))
    table.rows.append(["Total", *(sum(int(cell) for cell in column) for column in columns)])
    amendments = Amendment.objects.filter(made_on__range=(year.starts_on, year.ends_on)).count()
    table.note = f"Studies recorded {amendments} amendment{'' if amendments == 1 else 's'} in the year."
    return table


# --- What they share --------------------------------------------------------------------------------------------


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def _in_year(name: str, year: ProgrammeYear) -> dict[str, dt.datetime]:
    """Filters for a moment within the year, in the programme's own time zone."""
    return {
        f"{name}__gte": _midnight(year.starts_on),
        f"{name}__lt": _midnight(year.ends_on + dt.timedelta(days=1)),
    }


def _months(year: ProgrammeYear, as_at: dt.date) -> list[dt.date]:
    """The first day of every calendar month of the year that has begun."""
    months, month = [], year.starts_on.replace(day=1)
    while month <= max(as_at, year.starts_on):
        months.append(month)
        month = months_later(month, 1)
    return months


def _by_month(rows: QuerySet, name: str, year: ProgrammeYear) -> Counter[dt.date]:
    """How many rows fall in each calendar month of the year, by a moment in time."""
    found = rows.filter(**_in_year(name, year)).annotate(month=TruncMonth(name)).order_by()
    counted = found.values_list("month").annotate(number=Count("pk"))
    return Counter({moment.date(): number for moment, number in counted})
