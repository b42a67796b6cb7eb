"""What keeps a member from reviewing: a conflict of interest, no time by the due date, or something else."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from panels import services
from panels.exceptions import CycleClosedError, PanelsError
from panels.forms.reviews import ConflictForm, DeclineForm, LongerForm
from panels.views.reviews import own_review
from people.requests import sent


@require_http_methods(["GET", "POST"])
def conflict(request: HttpRequest, pk: int) -> HttpResponse:
    """Say whether you have a conflict of interest."""
    review = own_review(request, pk)
    initial = {"has_conflict": "no" if review.no_conflict_at else None}
    form = ConflictForm(sent(request), initial=initial, cancel_url=review.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            if form.cleaned_data["has_conflict"] == "yes":
                services.declare_conflict(review=review, conflict=form.cleaned_data["conflict"])
                messages.success(request, "Thank you for telling us. You will not review this study.")
            else:
                services.declare_no_conflict(review=review)
        except PanelsError as error:
            messages.error(request, str(error))
        return redirect("reviews:edit", review.pk)
    if not review.is_waiting:
        return redirect("reviews:edit", review.pk)
    return render(
        request, "reviews/review_conflict.html", {"review": review, "study": review.cycle.study, "form": form}
    )


@require_POST
def undo_conflict(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a declared conflict of interest back."""
    review = own_review(request, pk)
    try:
        services.undo_conflict(review=review)
    except CycleClosedError as error:
        messages.error(request, str(error))
    return redirect("reviews:edit", review.pk)


@require_http_methods(["GET", "POST"])
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that you cannot review a study, and why."""
    review = own_review(request, pk)
    form = DeclineForm(sent(request), cancel_url=review.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        try:
            services.decline_review(review=review, reason=form.cleaned_data["reason"])
        except PanelsError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Thank you for telling us. You need not review this study.")
        return redirect("reviews:edit", review.pk)
    if not review.is_waiting:
        return redirect("reviews:edit", review.pk)
    return render(request, "reviews/review_decline.html", {"review": review, "study": review.cycle.study, "form": form})


@require_POST
def undo_decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Review the study after all."""
    review = own_review(request, pk)
    try:
        services.undo_decline(review=review)
    except PanelsError as error:
        messages.error(request, str(error))
    return redirect("reviews:edit", review.pk)


@require_http_methods(["GET", "POST"])
def longer(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the chair and staff for more time."""
    review = own_review(request, pk)
    initial = {"until": review.longer_until, "words": review.longer_words}
    url = review.get_absolute_url()
    form = LongerForm(sent(request), due_on=review.cycle.due_on, initial=initial, cancel_url=url)
    if request.method == "POST" and form.is_valid():
        try:
            services.ask_for_longer(review=review, **form.cleaned_data)
        except PanelsError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "We have told the panel’s chair and the programme’s staff.")
        return redirect("reviews:edit", review.pk)
    if not review.is_waiting:
        return redirect("reviews:edit", review.pk)
    return render(request, "reviews/review_longer.html", {"review": review, "study": review.cycle.study, "form": form})
