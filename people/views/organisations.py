"""For staff: the organisations that people come from."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from people import services
from people.forms import OrganisationForm, OrganisationsFilterForm
from people.models import Organisation
from people.requests import sent

_PAGE = 50


@require_GET
@permission_required("people.change_organisation", raise_exception=True)
def organisations(request: HttpRequest) -> HttpResponse:
    """Every organisation, narrowed by words and kind, with how many people come from it."""
    form = OrganisationsFilterForm(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    rows = (
        Organisation.objects.matching(wanted.get("q", "")).annotate(number_of_people=Count("people")).order_by("name")
    )
    if wanted.get("kind"):
        rows = rows.filter(kind=wanted["kind"])
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "people/organisation_list.html",
        {"filters": form, "is_filtered": any(wanted.values()), "page_obj": page},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("people.change_organisation", raise_exception=True)
def organisation_new(request: HttpRequest) -> HttpResponse:
    """Add an organisation."""
    return _edit(request, Organisation())


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("people.change_organisation", raise_exception=True)
def organisation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an organisation."""
    return _edit(request, get_object_or_404(Organisation, pk=pk))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("people.change_organisation", raise_exception=True)
def organisation_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete an organisation; one that is in use says where and stays."""
    organisation = get_object_or_404(Organisation, pk=pk)
    if request.method == "POST":
        try:
            services.delete_organisation(organisation=organisation)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("people:organisation_delete", pk=organisation.pk)
        messages.success(request, f"{organisation.name} has been deleted.")
        return redirect("people:organisations")
    usage = services.usage_of(organisation)
    return render(
        request,
        "people/organisation_delete.html",
        {"organisation": organisation, "usage": usage, "destructive": True},
    )


def _edit(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    is_new = organisation.pk is None
    form = OrganisationForm(sent(request), instance=organisation)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_organisation(organisation=form.instance)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{organisation.name} has been {'added' if is_new else 'changed'}.")
            return redirect("people:organisations")
    return render(
        request,
        "people/organisation_edit.html",
        {"form": form, "organisation": None if is_new else Organisation.objects.get(pk=organisation.pk)},
    )
