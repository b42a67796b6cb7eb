"""The least that Django can do for a page: read the rows, render them in a table. No layout, no permissions."""

from django.contrib.auth.decorators import login_not_required
from django.db.models import F, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.template import engines

from fellows.models import FellowPost
from studies.models import Study, Theme

#: What each kind of page lists, with what it names beside it.
KINDS: dict[str, QuerySet] = {
    "themes": Theme.objects.annotate(label=F("name"), beside=Value("")).order_by("position"),
    "studies": Study.objects.annotate(label=F("title"), beside=F("theme__name")).order_by("title"),
    "fellow-posts": FellowPost.objects.annotate(label=F("study__title"), beside=F("number")).order_by(
        "label", "number"
    ),
}
TEMPLATE = engines["django"].from_string(
    "<!doctype html><html lang=en><title>{{ title }}</title><main><h1>{{ title }}</h1>"
    "<table><caption>{{ title }}</caption>{% for row in rows %}"
    "<tr><td>{{ row.pk }}</td><td>{{ row.label }}</td><td>{{ row.beside }}</td></tr>"
    "{% endfor %}</table></main></html>"
)


@login_not_required
def bare(request: HttpRequest, kind: str) -> HttpResponse:
    """Read and render ``?rows=`` rows of a kind."""
    rows = KINDS[kind].all()[: int(request.GET["rows"])]
    return HttpResponse(TEMPLATE.render({"title": kind, "rows": rows}, request))
