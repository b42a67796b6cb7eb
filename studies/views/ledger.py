"""The co-production ledger of a study: "you said, we did"."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from people.requests import sent, user_of
from studies.filters import SuggestionFilter
from studies.forms import AmendmentForm, AnswerForm, SuggestionForm
from studies.models import Suggestion
from studies.views.access import require, study_inside, study_to_change

PER_PAGE = 20


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, or for the change that was promised, on all the studies that the person works on."""
    user = require(request, "studies.view_suggestions_to_answer", "This page is for those who work on a study.")
    waiting = Suggestion.objects.answered_for_by(user).select_related("study__theme")
    found = SuggestionFilter(request.GET, queryset=waiting, user=user)
    page = Paginator(found.qs, PER_PAGE).get_page(request.GET.get("page"))
    context = {"filter": found, "page_obj": page, "query": _place_in_list(request)}
    return render(request, "studies/suggestion_list.html", context)


def _place_in_list(request: HttpRequest) -> str:
    """The filters and page of the list of all that waits, as a query string."""
    names = (*SuggestionFilter.Meta.fields, "page")
    return urlencode({name: request.GET[name] for name in names if request.GET.get(name)})


def _back(request: HttpRequest, slug: str) -> str:
    """Where a form of the ledger leads back to: the place in the list of all that waits, if one came from there."""
    if request.GET.get("from") != "all":
        return reverse("studies:ledger", args=[slug])
    query = _place_in_list(request)
    return f"{reverse('studies:suggestions')}?{query}" if query else reverse("studies:suggestions")


@require_safe
def ledger(request: HttpRequest, slug: str) -> HttpResponse:
    """What people asked the study to change, what the team answered, and what was changed."""
    study = study_inside(request, slug)
    user = user_of(request)
    suggestions = study.suggestions.select_related("made_by", "answered_by").prefetch_related("amendments")
    status = request.GET.get("status", "")
    if status in Suggestion.Status.values:
        suggestions = suggestions.filter(status=status)
    else:
        status = ""
    context = {
        "study": study,
        "page_obj": Paginator(suggestions, PER_PAGE).get_page(request.GET.get("page")),
        "status": status,
        "statuses": Suggestion.Status.choices,
        "amendments": study.amendments.select_related("made_by").prefetch_related("suggestions")[:50],
        "can_suggest": not study.is_archived and user.has_perm("studies.make_suggestions", study),
        "can_answer": not study.is_archived and user.has_perm("studies.answer_suggestions", study),
    }
    return render(request, "studies/ledger.html", context)


@require_http_methods(["GET", "POST"])
def suggestion_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Write down what somebody asked the study to change."""
    study = study_to_change(request, slug, "studies.make_suggestions")
    back = reverse("studies:ledger", args=[slug])
    form = SuggestionForm(sent(request), study=study, by=user_of(request), cancel_url=back)
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, "The suggestion is in the ledger.")
        return redirect(back)
    return render(request, "studies/suggestion_add.html", {"form": form, "study": study})


@require_http_methods(["GET", "POST"])
def suggestion_answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say what the study makes of a suggestion."""
    study = study_to_change(request, slug, "studies.answer_suggestions")
    suggestion = get_object_or_404(study.suggestions.select_related("study"), pk=pk)
    back = _back(request, slug)
    if suggestion.status == Suggestion.Status.DONE:
        messages.info(request, "The study has been changed because of this suggestion, so its answer stays.")
        return redirect(back)
    form = AnswerForm(sent(request), suggestion=suggestion, by=user_of(request), cancel_url=back)
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, "The answer has been saved.")
        return redirect(back)
    return render(request, "studies/suggestion_answer.html", {"form": form, "study": study, "suggestion": suggestion})


@require_http_methods(["GET", "POST"])
def amendment_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Record what the study changed, and which suggestions led to it."""
    study = study_to_change(request, slug, "studies.answer_suggestions")
    back = _back(request, slug)
    asked = request.GET.get("suggestion", "")
    form = AmendmentForm(
        sent(request),
        study=study,
        by=user_of(request),
        cancel_url=back,
        initial={"suggestions": [asked]} if asked.isascii() and asked.isdigit() else None,
    )
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, "The change is recorded. Everyone can see it on the study's public page.")
        return redirect(back)
    nothing = not study.suggestions.can_be_addressed().exists()
    return render(request, "studies/amendment_add.html", {"form": form, "study": study, "nothing": nothing})
