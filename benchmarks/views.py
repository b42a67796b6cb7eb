"""What the main pages are measured against: the least that a Django view of as many rows can be.

It runs in the same process and project as the pages: the same middleware, database, connections and template engine,
and whoever asks brings the same session. It reads with one query, as whole model instances with what they belong to
(as Django reads them unless told otherwise; the pages read only the columns that they show), and renders one table
with as many rows and columns as the page shows, in a page without a layout, navigation, permissions, counts, links,
forms or anything else.
"""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template import engines

from communities.models import Community
from fellows.models import FellowPost
from panels.models import Panel, Review
from studies.models import Study

#: What can be listed, and the columns that there are.
KINDS: dict[str, tuple[QuerySet, tuple[str, ...]]] = {
    "studies": (
        Study.objects.select_related("theme").order_by("title"),
        ("title", "theme.name", "stage", "design", "starts_on", "ends_on", "acronym", "slug"),
    ),
    "communities": (
        Community.objects.select_related("study__theme").order_by("name"),
        ("name", "stage", "study.theme.name"),
    ),
    "posts": (
        FellowPost.objects.select_related("study__theme").order_by("study__title", "number"),
        ("study.title", "number", "study.theme.name", "study.stage", "study.starts_on", "study.ends_on", "closed_on"),
    ),
    "panels": (Panel.objects.all(), ("name", "asks", "slug")),
    "reviews": (
        Review.objects.select_related("cycle__study", "cycle__panel").order_by("pk"),
        ("cycle.study.title", "cycle.panel.name", "status", "cycle.due_on"),
    ),
}


def _template(columns: tuple[str, ...]) -> Any:
    cells = "".join(f"<td>{{{{ row.{column} }}}}</td>" for column in columns)
    return engines["django"].from_string(
        "<!doctype html><html lang=en><title>{{ title }}</title><main><h1>{{ title }}</h1><table>"
        f"<caption>{{{{ title }}}}</caption>{{% for row in rows %}}<tr>{cells}</tr>{{% endfor %}}</table></main></html>"
    )


_TEMPLATES = {
    (kind, number): _template(columns[:number])
    for kind, (_, columns) in KINDS.items()
    for number in range(1, len(columns) + 1)
}


@login_not_required
def bare(request: HttpRequest, kind: str, columns: int, rows: int) -> HttpResponse:
    """The first rows of a kind, in so many columns."""
    found = KINDS[kind][0].all()[:rows]
    return HttpResponse(_TEMPLATES[kind, columns].render({"title": kind, "rows": found}, request))
