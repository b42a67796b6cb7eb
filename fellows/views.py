"""Pages of the fellows app. Names of fellows are personal: every page needs a login."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from fellows import services
from fellows.forms import EndForm, NameForm, SecondForm, TermsForm
from fellows.listing import STATES, add_secondments, counts, listed_posts, programme_max_years
from fellows.models import FellowPost, Secondment
from people.addresses import slug_address
from people.requests import sent, user_of
from people.rules import is_programme_staff
from studies.models import Programme
from studies.views.access import study_inside

PER_PAGE = 50
_CHANGE = "fellows.change_fellows"


def index(request: HttpRequest) -> HttpResponse:
    """Every post that the viewer may see, by study, with filters for what needs somebody."""
    user = user_of(request)
    staff = is_programme_staff(user)
    state = request.GET.get("state", "")
    if state not in STATES:
        state = ""
    max_years = programme_max_years()
    totals = counts(user.pk, staff, max_years)
    pages: Paginator[Any] = Paginator(listed_posts(user.pk, staff, state, max_years), PER_PAGE)
    pages.count = totals[state or "posts"]
    page = pages.get_page(request.GET.get("page"))
    posts = list(page.object_list)
    add_secondments(posts)
    for post in posts:
        post.study_url = slug_address("fellows:study", post.study.slug)
    return render(
        request,
        "fellows/index.html",
        {
            "page_obj": page,
            "counts": totals,
            "posts_note": _posts_note(totals["posts"], totals["studies"]),
            "is_staff": staff,
            "states": STATES,
            "state": state,
            "max_years": max_years,
        },
    )


def _posts_note(posts: int, studies: int) -> str:
    return f"of {posts} {'post' if posts == 1 else 'posts'} on {studies} {'study' if studies == 1 else 'studies'}"


def study(request: HttpRequest, slug: str) -> HttpResponse:
    """A study's fellows page: its posts, who is in them, who was."""
    found = study_inside(request, slug)
    posts = list(found.fellow_posts.with_secondments().order_by("number"))
    may_change = request.user.has_perm("fellows.change_fellows", found)
    programme = Programme.objects.current()
    open_posts = [post for post in posts if post.closed_on is None]
    return render(
        request,
        "fellows/study.html",
        {
            "study": found,
            "posts": posts,
            "open_posts": open_posts,
            "may_change": may_change,
            "may_open": may_change and programme and len(open_posts) < programme.fellows_per_study_max,
            "max_years": programme_max_years(),
            "recorded_today": services.recorded_today(found) if may_change else set(),
        },
    )


def second(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Second somebody to a post: a person the portal knows, somebody new, or a name to be added later."""
    post = _post_to_change(request, slug, number)
    form = SecondForm(sent(request), post=post, by=user_of(request))
    if request.method == "POST" and form.is_valid() and form.save():
        name = form.secondment.fellow if form.secondment else None
        messages.success(request, f"{name or 'A fellow without a name'} has been added to {post}.")
        return redirect(post)
    return render(request, "fellows/second.html", {"form": form, "post": post, "study": post.study})


def secondment_name(request: HttpRequest, pk: int) -> HttpResponse:
    """Say who the fellow is in a secondment that was recorded without a name."""
    secondment = _secondment_to_change(request, pk)
    form = NameForm(sent(request), secondment=secondment, by=user_of(request))
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, f"{form.secondment.fellow} is now named as the diffusion fellow.")
        return redirect(secondment.post)
    return render(
        request,
        "fellows/secondment_name.html",
        {"form": form, "secondment": secondment, "study": secondment.post.study},
    )


def secondment_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a secondment its last day and say why. It can be undone on the same day."""
    secondment = _secondment_to_change(request, pk)
    form = EndForm(sent(request), secondment=secondment, by=user_of(request))
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, "The last day has been recorded. You can undo this until the end of today.")
        return redirect(secondment.post)
    return render(
        request,
        "fellows/secondment_end.html",
        {"form": form, "secondment": secondment, "study": secondment.post.study},
    )


@require_POST
def secondment_undo_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back an end that was recorded today."""
    secondment = _secondment_to_change(request, pk)
    try:
        services.undo_end(secondment=secondment, by=user_of(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "The end of the secondment has been undone.")
    return redirect(secondment.post)


def secondment_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what was agreed with the partner: who it is, the days a week, the funding."""
    secondment = _secondment_to_change(request, pk)
    form = TermsForm(sent(request), secondment=secondment, by=user_of(request))
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, "What was agreed has been changed.")
        return redirect(secondment.post)
    context = {"form": form, "secondment": secondment, "study": secondment.post.study}
    return render(request, "fellows/secondment_change.html", context)


def secondment_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take back a secondment that was recorded by mistake today."""
    secondment = _secondment_to_change(request, pk)
    study = secondment.post.study
    if request.method == "POST":
        try:
            services.take_back(secondment=secondment, by=user_of(request))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, "The secondment has been taken back, as if it had never been.")
        return redirect(secondment.post)
    context = {"secondment": secondment, "study": study, "destructive": True}
    return render(request, "fellows/secondment_take_back.html", context)


@require_POST
def post_open(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the study one more post."""
    found = study_inside(request, slug, _CHANGE)
    try:
        post = services.open_post(study=found, by=user_of(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("fellows:study", found.slug)
    messages.success(request, f"Post {post.number} is open. It is vacant until you second somebody to it.")
    return redirect(post)


def post_close(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Ask, then close a vacant post."""
    post = _post_to_change(request, slug, number)
    if request.method == "POST":
        try:
            services.close_post(post=post, by=user_of(request))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, f"Post {post.number} is closed.")
        return redirect("fellows:study", slug)
    return render(request, "fellows/post_close.html", {"post": post, "study": post.study})


def _post_to_change(request: HttpRequest, slug: str, number: int) -> FellowPost:
    study = study_inside(request, slug, _CHANGE)
    return get_object_or_404(FellowPost.objects.select_related("study__theme"), study=study, number=number)


def _secondment_to_change(request: HttpRequest, pk: int) -> Secondment:
    seen = Secondment.objects.filter(post__in=FellowPost.objects.visible_to(request.user))
    secondment = get_object_or_404(seen.select_related("post__study__theme", "fellow", "organisation"), pk=pk)
    if not request.user.has_perm(_CHANGE, secondment.post.study):
        raise PermissionDenied("You can see this study's fellows but not change them.")
    return secondment
