"""The staff's list of studies, its saved views and its files."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.compiled import compiled_list
from people.requests import sent
from studies import services
from studies.exports import CONTENT_TYPES, studies_as
from studies.filters import StudyFilter, flag, flags_of
from studies.forms import RenameViewForm, SaveViewForm
from studies.models import SavedView, Study
from studies.services.saved_views import tidy_query
from studies.views.access import require

PER_PAGE = 25


def _filtered(request: HttpRequest) -> StudyFilter:
    return StudyFilter(request.GET, queryset=Study.objects.all())


@compiled_list
def _listed(*asked: tuple[str, str]) -> QuerySet[Study, tuple[Any, ...]]:
    return StudyFilter().apply(Study.objects.all(), dict(asked)).values_list(
        "pk", "slug", "acronym", "title", "stage", "design", "starts_on", "ends_on", "archived_at",
        "theme__pk", "theme__name",
    )  # fmt: skip


@require_safe
def manage(request: HttpRequest) -> HttpResponse:
    """Every study, for programme staff: searched, filtered, sorted. Opens with the person's default view."""
    user = require(request, "studies.manage_studies")
    views = list(SavedView.objects.filter(user=user))
    query = tidy_query(request.GET.urlencode())
    if not request.GET:
        default = next((view for view in views if view.is_default and view.query), None)
        if default:
            return redirect(f"{reverse('studies:manage')}?{default.query}")
    found = _filtered(request)
    page: Page[Any] = Paginator(_listed(*found.asked.items()), PER_PAGE).get_page(request.GET.get("page"))
    studies = list(page.object_list)
    flag(studies)
    for study in studies:
        study.flags = flags_of(study, short=True)
    context = {
        "filter": found,
        "page_obj": page,
        "views": views,
        "current_view": next((view for view in views if view.query == query), None),
        "query": query,
        "save_form": SaveViewForm(initial={"query": query}, study=None, by=user) if query else None,
    }
    return render(request, "studies/study_manage.html", context)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """The studies that the same search of the list shows, on all of its pages, as a file."""
    require(request, "studies.manage_studies")
    if kind not in CONTENT_TYPES:
        raise Http404("There is no such format.")
    response = HttpResponse(
        studies_as(kind, _filtered(request).qs.select_related("theme").with_flags()),
        content_type=CONTENT_TYPES[kind],
    )
    response.headers["Content-Disposition"] = f'attachment; filename="studies-{timezone.localdate():%Y-%m-%d}.{kind}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_safe
def saved_views(request: HttpRequest) -> HttpResponse:
    """A person's saved views, to rename, delete or open with."""
    user = require(request, "studies.manage_studies")
    return render(request, "studies/saved_view_list.html", {"views": SavedView.objects.filter(user=user)})


@require_POST
def saved_view_save(request: HttpRequest) -> HttpResponse:
    """Keep the search that is on the screen."""
    user = require(request, "studies.manage_studies")
    form = SaveViewForm(request.POST, study=None, by=user, cancel_url=reverse("studies:manage"))
    if form.is_valid() and form.save():
        messages.success(request, f"The view “{form.result.name}” has been saved.")
        return redirect(f"{reverse('studies:manage')}?{form.result.query}")
    return render(request, "studies/saved_view_form.html", {"form": form, "heading": "Save this view"})


@require_http_methods(["GET", "POST"])
def saved_view_rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a saved view another name."""
    user = require(request, "studies.manage_studies")
    view = get_object_or_404(SavedView, user=user, pk=pk)
    form = RenameViewForm(sent(request), view=view, by=user, cancel_url=reverse("studies:saved_views"))
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, f"The view is now called “{form.result.name}”.")
        return redirect("studies:saved_views")
    return render(request, "studies/saved_view_form.html", {"form": form, "heading": "Rename this view"})


@require_http_methods(["GET", "POST"])
def saved_view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether to forget a saved view, then do."""
    user = require(request, "studies.manage_studies")
    view = SavedView.objects.filter(user=user, pk=pk).first()
    if view is None and request.method == "GET":
        raise Http404("No such view.")
    if request.method == "POST":
        if view:
            services.delete_view(view=view)
            messages.success(request, f"The view “{view.name}” has been deleted.")
        return redirect("studies:saved_views")
    return render(request, "studies/saved_view_delete.html", {"view": view, "destructive": True})


@require_POST
def saved_view_default(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a saved view what the list opens with, or no longer."""
    user = require(request, "studies.manage_studies")
    view = get_object_or_404(SavedView, user=user, pk=pk)
    if request.POST.get("default") == "no":
        services.drop_default_view(view=view)
        messages.success(request, "The list opens with all current studies.")
    else:
        services.make_default_view(view=view)
        messages.success(request, f"The list opens with “{view.name}”.")
    return redirect("studies:saved_views")
