"""Reviews as their members see them: what is waiting, writing, checking, sending."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panels import kept_text, services
from panels.conflicts import conflicts_with
from panels.exceptions import (
    HasConflictError,
    IncompleteReviewError,
    NotAskedError,
    PanelsError,
    StaleReviewError,
)
from panels.forms.reviews import ConflictForm, ReviewForm, written
from panels.models import Review, ReviewCycle, ReviewVersion
from panels.services.content import content_of
from panels.services.reviews import missing_from
from people.requests import number_sent


def own_review(request: HttpRequest, pk: int) -> Review:
    """The person's own review; anybody else's is not found."""
    reviews = Review.objects.of(request.user).select_related("cycle__panel", "cycle__study__theme", "member")
    return get_object_or_404(reviews.prefetch_related("cycle__questions"), pk=pk)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What is waiting for you: overdue, due, and what you have done."""
    if not request.user.has_perm("panels.see_reviews_waiting"):
        raise PermissionDenied
    today = timezone.localdate()
    reviews = Review.objects.of(request.user).select_related("cycle__panel", "cycle__study")
    waiting = [review for review in reviews if review.is_waiting]
    done = [review for review in reviews if not review.is_waiting]
    context = {
        "overdue": [review for review in waiting if review.cycle.due_on < today],
        "due": [review for review in waiting if review.cycle.due_on >= today],
        "done": sorted(done, key=lambda review: review.cycle.due_on, reverse=True),
        "today": today,
    }
    return render(request, "reviews/review_index.html", context)


@login_not_required
@csrf_exempt  # kept_text.csrf_passes checks, so that a stale token shows the text again instead of losing it
@never_cache
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the study and write your review."""
    trusted = request.method != "POST" or kept_text.csrf_passes(request)
    if not request.user.is_authenticated:
        if request.method == "POST" and trusted and kept_text.keep(request, pk):
            messages.warning(request, "Your login had ended. Log in again: what you wrote has been kept.")
        return redirect_to_login(request.get_full_path())
    review = own_review(request, pk)
    if not trusted:
        return _show_again(
            request, review, "You logged in again after you opened this page. Check what you wrote, then save it.", 403
        )
    sent = request.POST if request.method == "POST" else kept_text.take(request, pk)
    if sent is not None:
        return _write(request, review, sent)
    if not _may_write(review) or review.member_id in conflicts_with(review.cycle.study):
        return _page(request, review)
    form = ReviewForm(review=review)
    if "complete" in request.GET:
        form = ReviewForm({**written(review), "page": get_random_string(16)}, review=review)
        _add_errors(form, missing_from(review))
    return _page(request, review, form=form)


def _reads_others(review: Review) -> bool:
    return ReviewCycle.objects.visible_to(review.member).filter(pk=review.cycle_id).exists()


def _may_write(review: Review) -> bool:
    return review.is_waiting and review.no_conflict_at is not None


def _add_errors(form: ReviewForm, errors: dict[str, str]) -> None:
    form.is_valid()
    for name, message in errors.items():
        if name not in form.errors:
            form.add_error(name, message)


def _write(request: HttpRequest, review: Review, sent: QueryDict) -> HttpResponse:
    """Save what was posted, and go on to where its button leads."""
    form = ReviewForm(sent, review=review)
    valid = form.is_valid()
    fields, answers = form.kept()
    try:
        saved = services.save_draft(review=review, **form.made_from(), fields=fields, answers=answers)
    except StaleReviewError as error:
        fresh = own_review(request, review.pk)
        return _show_again(request, fresh, str(error), 409, sent=sent, stale=True)
    except (NotAskedError, HasConflictError) as error:
        return _show_again(request, own_review(request, review.pk), str(error), 409, sent=sent)
    if not saved.cycle.is_open:
        messages.warning(
            request, "The panel has closed its reviews. What you wrote has been kept, but it has not been sent."
        )
        return redirect("reviews:edit", review.pk)
    if sent.get("action") == "check":
        _add_errors(form, missing_from(own_review(request, review.pk)))
        valid = not form.errors
    if not valid:
        form.data = {**sent.dict(), "version": saved.version}
        return _page(request, own_review(request, review.pk), form=form)
    if sent.get("action") == "check":
        return redirect("reviews:check", review.pk)
    messages.success(request, "Your draft has been saved. You can come back to it later.")
    return redirect("reviews:edit", review.pk)


def _show_again(
    request: HttpRequest, review: Review, problem: str, status: int, sent: QueryDict | None = None, stale: bool = False
) -> HttpResponse:
    """The form with everything as it was typed, and why it was not saved. Saving it again then overwrites."""
    typed: dict[str, Any] = (request.POST if sent is None else sent).dict()
    if stale:
        typed |= {"version": review.version, "page": get_random_string(16)}
    form = ReviewForm(typed, review=review)
    form.is_valid()
    elsewhere = form.changed_elsewhere(review) if stale else []
    return _page(request, review, form=form, problem=problem, elsewhere=elsewhere, status=status)


def _page(
    request: HttpRequest,
    review: Review,
    *,
    status: int = 200,
    form: ReviewForm | ConflictForm | None = None,
    **more: Any,
) -> HttpResponse:
    cycle = review.cycle
    on_study = conflicts_with(cycle.study).get(review.member_id, "")
    asks_conflict = review.is_waiting and (review.no_conflict_at is None or bool(on_study))
    if asks_conflict and form is None:
        form = ConflictForm()
    context = {
        "review": review,
        "cycle": cycle,
        "study": cycle.study,
        "form": form,
        "asks_conflict": asks_conflict and isinstance(form, ConflictForm),
        "writes": isinstance(form, ReviewForm),
        "on_study": on_study,
        "content": content_of(review),
        "unfinished": review.versions.filter(kind=ReviewVersion.Kind.UNFINISHED).last(),
        "documents": cycle.study.documents.kept(),
        "change_url": reverse("reviews:change", args=[review.pk]),
        "reads_others": _reads_others(review),
        "decision": getattr(cycle, "decision", None),
        **more,
    }
    return render(request, "reviews/review_edit.html", context, status=status)


@login_not_required
@csrf_exempt  # as for edit: the answer is then a refusal in JSON
@never_cache
@require_POST
def autosave(request: HttpRequest, pk: int) -> JsonResponse:
    """Keep what has been typed so far. Answers ``{"saved_at", "version", "errors"}``.

    401 where the login has ended, 403 where the page is of another login, 409 where the review was saved elsewhere or
    cannot be written any more; each with ``message`` in words for the page, which keeps what was typed.
    """
    if not request.user.is_authenticated:
        detail = "Your login has ended, so this is not being saved. Press “Save draft”: you log in and lose nothing."
        return JsonResponse({"message": detail}, status=401)
    if not kept_text.csrf_passes(request):
        detail = "You logged in again in another tab. Press “Save draft” to go on here."
        return JsonResponse({"message": detail}, status=403)
    review = own_review(request, pk)
    form = ReviewForm(request.POST, review=review)
    form.is_valid()
    fields, answers = form.kept()
    try:
        saved = services.save_draft(review=review, **form.made_from(), fields=fields, answers=answers)
    except StaleReviewError as error:
        return JsonResponse({"message": f"{error} Press “Save draft” to compare the two."}, status=409)
    except PanelsError as error:
        return JsonResponse({"message": f"{error} This has not been saved."}, status=409)
    if not saved.cycle.is_open:
        detail = "The panel has closed its reviews. What you wrote has been kept, but it cannot be sent."
        return JsonResponse({"message": detail, "version": saved.version}, status=409)
    at = timezone.localtime(saved.saved_at) if saved.saved_at else None
    return JsonResponse(
        {
            "saved_at": at.isoformat() if at else None,
            "version": saved.version,
            "errors": {name: [str(e) for e in errors] for name, errors in form.errors.items()},
        }
    )


@never_cache
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Check your answers, then send them."""
    review = own_review(request, pk)
    if request.method == "POST":
        return _send(request, review)
    if review.is_submitted or not _may_write(review):
        return redirect("reviews:edit", review.pk)
    if missing_from(review):
        return redirect(f"{reverse('reviews:edit', args=[review.pk])}?complete")
    context = {"review": review, "cycle": review.cycle, "study": review.cycle.study, "rows": answer_rows(review)}
    return render(request, "reviews/review_check.html", context)


def _send(request: HttpRequest, review: Review) -> HttpResponse:
    try:
        services.submit_review(review=review, version=number_sent(request, "version"))
    except IncompleteReviewError:
        return redirect(f"{reverse('reviews:edit', args=[review.pk])}?complete")
    except StaleReviewError as error:
        messages.warning(request, str(error))
        return redirect("reviews:check", review.pk)
    except PanelsError as error:
        messages.error(request, str(error))
        return redirect("reviews:edit", review.pk)
    return redirect("reviews:done", review.pk)


def answer_rows(review: Review) -> list[dict[str, Any]]:
    """Each question with its answer in words, for reading."""
    answers = {answer.question_id: answer for answer in review.answers.all()}
    return [
        {"question": question, "answer": answers.get(question.pk), "field": f"id_{question.field_name}"}
        for question in review.cycle.questions.all()
    ]


@require_GET
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """Your review is in."""
    review = own_review(request, pk)
    if not review.is_submitted:
        return redirect("reviews:edit", review.pk)
    context = {"review": review, "study": review.cycle.study, "reads_others": _reads_others(review)}
    return render(request, "reviews/review_done.html", context)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then let the member change a review that is in."""
    review = own_review(request, pk)
    if request.method == "POST":
        try:
            services.reopen_review(review=review)
        except PanelsError as error:
            messages.error(request, str(error))
        return redirect("reviews:edit", review.pk)
    if not review.is_submitted or not review.cycle.is_open:
        return redirect("reviews:edit", review.pk)
    return render(request, "reviews/review_change.html", {"review": review, "study": review.cycle.study})
