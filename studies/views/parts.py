"""Sites, identifiers and documents of a study."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.requests import sent, user_of
from studies import services
from studies.forms import DocumentForm, IdentifiersForm, SiteForm
from studies.views.access import study_inside, study_to_change


@require_http_methods(["GET", "POST"])
def site_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Add an organisation where the study runs."""
    study = study_to_change(request, slug, "studies.change_study")
    form = SiteForm(sent(request), study=study, by=user_of(request), cancel_url=study.get_absolute_url())
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, f"{form.result} is a site of the study.")
        return redirect(study)
    return render(request, "studies/site_add.html", {"form": form, "study": study})


@require_http_methods(["GET", "POST"])
def site_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask whether to take a site off the study, then do."""
    study = study_to_change(request, slug, "studies.change_study")
    site = study.sites.select_related("organisation").filter(pk=pk).first()
    if site is None and request.method == "POST":
        return redirect(study)  # pressed twice: it is gone already
    if site is None:
        raise Http404("No such site.")
    if request.method == "POST":
        services.remove_site(site=site, by=user_of(request))
        messages.success(request, f"{site} is no longer a site of the study.")
        return redirect(study)
    return render(request, "studies/site_remove.html", {"site": site, "study": study, "destructive": True})


@require_http_methods(["GET", "POST"])
def identifiers(request: HttpRequest, slug: str) -> HttpResponse:
    """Change the numbers by which registries know the study."""
    study = study_to_change(request, slug, "studies.change_study")
    form = IdentifiersForm(sent(request), study=study, by=user_of(request), cancel_url=study.get_absolute_url())
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, "The identifiers have been saved.")
        return redirect(study)
    return render(request, "studies/identifiers_edit.html", {"form": form, "study": study})


@require_safe
def documents(request: HttpRequest, slug: str) -> HttpResponse:
    """The study's documents, and those that were removed for whoever may put them back."""
    study = study_inside(request, slug)
    can_change = not study.is_archived and user_of(request).has_perm("studies.change_documents", study)
    context = {
        "study": study,
        "documents": study.documents.kept().select_related("uploaded_by"),
        "removed": study.documents.removed() if can_change else [],
        "can_change": can_change,
    }
    return render(request, "studies/document_list.html", context)


@require_http_methods(["GET", "POST"])
def document_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload a document."""
    study = study_to_change(request, slug, "studies.change_documents")
    back = reverse("studies:documents", args=[slug])
    bound = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = DocumentForm(*bound, study=study, by=user_of(request), cancel_url=back)
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, f"“{form.result.title}” has been uploaded.")
        return redirect(back)
    return render(request, "studies/document_add.html", {"form": form, "study": study})


@require_safe
def document(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """Hand out a document to somebody who may see the study's inside: to be saved, never shown by the browser."""
    study = study_inside(request, slug)
    found = get_object_or_404(study.documents.kept(), pk=pk)
    try:
        file = found.file.open("rb")
    except FileNotFoundError as error:
        raise Http404("The file of this document is missing.") from error
    response = FileResponse(file, as_attachment=True, filename=found.filename, content_type=found.content_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
def document_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a document away; it can be put back."""
    study = study_to_change(request, slug, "studies.change_documents")
    found = services.remove_document(document=get_object_or_404(study.documents, pk=pk), by=user_of(request))
    messages.success(request, f"“{found.title}” has been removed. You can put it back below.")
    return redirect("studies:documents", slug)


@require_POST
def document_put_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Undo removing a document."""
    study = study_to_change(request, slug, "studies.change_documents")
    found = services.put_document_back(document=get_object_or_404(study.documents, pk=pk), by=user_of(request))
    messages.success(request, f"“{found.title}” is back.")
    return redirect("studies:documents", slug)
