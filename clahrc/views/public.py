"""Pages that anyone may see."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from clahrc import table_1 as tables
from clahrc.figure_1 import figure_1
from clahrc.numbers import numbers
from clahrc.search import kinds_for, words_of
from communities.models import Event, Membership, Newsletter
from people.compiled import compiled_list
from studies.models import Programme, Study, Theme

#: How many results a kind shows when all kinds are searched, and on a page of its own.
FEW, PER_PAGE = 5, 20
#: Where robots have nothing to find: lists made by searching, and pages behind a login or a link of somebody's own.
NOT_FOR_ROBOTS = (
    "/accounts/", "/admin/", "/communities/confirm/", "/communities/link/", "/communities/preferences/",
    "/communities/unsubscribe/", "/dashboard/", "/fellows/", "/outbox/", "/panels/", "/people/", "/report/",
    "/reviews/", "/search/", "/studies/manage/",
)  # fmt: skip


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """What the programme is, and where to go from here."""
    programme = Programme.objects.current()
    if programme is None:
        return render(request, "clahrc/home_empty.html")
    return render(
        request,
        "clahrc/home.html",
        {
            "programme": programme,
            "numbers": numbers(programme),
            "figure": figure_1(),
            "events": Event.objects.public().upcoming().exclude(status="cancelled").select_related("community")[:3],
            "newsletters": _newsletters()[:3],
        },
    )


@compiled_list
def _newsletters() -> QuerySet[Newsletter, tuple[Any, ...]]:
    return Newsletter.objects.sent().values_list("pk", "slug", "title", "sent_at", "community__pk", "community__name")


@login_not_required
def table_1(request: HttpRequest) -> HttpResponse:
    """Table 1, live: the research themes as columns, each study with its diffusion fellows."""
    return render(request, "clahrc/table_1.html", {"table": tables.table_1()})


@login_not_required
def theme_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A theme: what it is about, and its studies or, for an implementation theme, where it works."""
    theme = get_object_or_404(Theme, slug=slug)
    if theme.kind == Theme.Kind.IMPLEMENTATION:
        others = Theme.objects.research()
        return render(request, "clahrc/theme_implementation.html", {"theme": theme, "research_themes": others})
    table = tables.table_1([theme])
    cells = {cell.url: cell for column in table.columns for cell in column.studies}
    studies = Study.objects.public().filter(theme=theme).order_by("position", "title", "pk")
    page = Paginator(studies, PER_PAGE).get_page(request.GET.get("page"))
    members = Membership.objects.current().filter(community__study__theme=theme).values("associate").distinct()
    return render(
        request,
        "clahrc/theme_detail.html",
        {
            "theme": theme,
            "table": table,
            "members": members.count(),
            "page_obj": page,
            "studies": [(study, cells[study.get_absolute_url()]) for study in page],
        },
    )


@login_not_required
def search(request: HttpRequest) -> HttpResponse:
    """Everything the viewer may see that has the words: a few of each kind, or one kind by pages."""
    query = request.GET.get("q", "").strip()
    words = words_of(query)
    kinds = kinds_for(request.user)
    chosen = next((kind for kind in kinds if kind.key == request.GET.get("kind")), None)
    context: dict[str, Any] = {
        "query": query,
        "words": words,
        "kinds": kinds,
        "chosen": chosen,
        "page_obj": None,
        "groups": [],
    }
    if words and chosen:
        page = Paginator(chosen.find(request.user, words), PER_PAGE).get_page(request.GET.get("page"))
        context |= {"page_obj": page, "results": [chosen.show(row) for row in page], "total": page.paginator.count}
    elif words:
        groups = []
        for kind in kinds:
            rows = kind.find(request.user, words)
            groups.append((kind, [kind.show(row) for row in rows[:FEW]], rows.count()))
        context |= {
            "groups": [group for group in groups if group[2]],
            "total": sum(count for _, _, count in groups),
        }
    return render(request, "clahrc/search.html", context)


@login_not_required
def help_page(request: HttpRequest) -> HttpResponse:
    """How to use the portal, and whom to ask."""
    return render(request, "clahrc/help.html", {"contact": _contact()})


@login_not_required
def privacy(request: HttpRequest) -> HttpResponse:
    """What the portal keeps about people, why, and what they can do about it."""
    return render(
        request,
        "clahrc/privacy.html",
        {
            "count_presses": settings.NEWSLETTERS_COUNT_PRESSES,
            "contact": _contact(),
            "session_cookie": settings.SESSION_COOKIE_NAME,
            "session_hours": settings.SESSION_COOKIE_AGE // 3600,
            "csrf_cookie": settings.CSRF_COOKIE_NAME,
            "keep_needs_days": settings.EVENT_KEEP_NEEDS_DAYS,
            "keep_registrations_days": settings.EVENT_KEEP_REGISTRATIONS_DAYS,
            "keep_bodies_days": settings.MAIL_KEEP_BODIES_DAYS,
            "keep_recipients_days": settings.MAIL_KEEP_RECIPIENTS_DAYS,
        },
    )


@login_not_required
def accessibility(request: HttpRequest) -> HttpResponse:
    """How accessible the portal is, and how to tell us where it is not."""
    return render(request, "clahrc/accessibility.html", {"contact": _contact()})


@login_not_required
@cache_control(public=True, max_age=60 * 60 * 24)
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may look at: the public pages, and nothing that hangs on who asks or on a private link."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_ROBOTS), ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


def _contact() -> str:
    """The address that the portal's own emails come from, which people may answer."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
