"""Joining: the signup page and the confirmation of what was filled in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities import tokens
from communities.forms import JoinForm
from communities.models import Associate, Community, Purpose, Signup
from communities.services.errors import RefusedError, TooManyRequestsError
from communities.services.signups import confirm_signup, renew_signup, request_signup
from communities.views.requests import bad_link, by_signed_link, host_of, text_of, too_many
from mailing.tokens import BadToken
from people.requests import sent


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """The signup page. The answer is the same for an address that is known already."""
    form = JoinForm(sent(request), initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        fields = ("email", "name", "involvement", "organisation", "communities")
        try:
            request_signup(
                **{name: form.cleaned_data[name] for name in fields}, agreed_to=form.agreed_to, host=host_of(request)
            )
        except TooManyRequestsError as error:
            form.add_error(None, str(error))
            return too_many(render(request, "communities/join.html", {"form": form}))
        return redirect("communities:join_sent")
    return render(request, "communities/join.html", {"form": form})


def _initial(request: HttpRequest) -> dict[str, object]:
    """What is known before anything is filled in: the community asked for, and who is logged in."""
    initial: dict[str, object] = {"communities": [text_of(request, "community")]}
    if request.user.is_authenticated:
        initial |= {"name": request.user.full_name, "email": request.user.email}
    return initial


@login_not_required
@require_safe
def join_sent(request: HttpRequest) -> HttpResponse:
    """Look in your inbox."""
    return render(request, "communities/join_sent.html")


def for_signup(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the view the signup behind the link, or say what is wrong with the link."""

    @by_signed_link
    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        try:
            signup = tokens.read_signup(token)
        except BadToken:
            return bad_link(request, kind="broken")
        except tokens.UnknownLinkError:
            return bad_link(request, kind="gone", status=410)
        return view(request, signup, token=token)

    return wrapped


@for_signup
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, signup: Signup, token: str) -> HttpResponse:
    """What will be set up, with the button that does it: mail scanners follow links, and must not confirm anything."""
    if request.method == "POST":
        return _confirmed(request, signup, token)
    if signup.confirmed_at:
        return _used(request, signup)
    return _ask(request, signup, token)


def _confirmed(request: HttpRequest, signup: Signup, token: str) -> HttpResponse:
    try:
        confirm_signup(signup=signup)
    except RefusedError:
        signup.refresh_from_db()
        return _used(request, signup) if signup.confirmed_at else _ask(request, signup, token)
    return HttpResponseRedirect(reverse("communities:confirm", args=[token]))


def _used(request: HttpRequest, signup: Signup) -> HttpResponse:
    associate = Associate.objects.with_email(signup.email).first()
    if associate is None:
        return bad_link(request, kind="erased", status=410)
    context = {
        "associate": associate,
        "communities": Community.objects.public().filter(memberships__associate=associate, memberships__left_at=None),
        "preferences_url": tokens.preferences_url(associate),
    }
    return render(request, "communities/confirm_done.html", context)


def _ask(request: HttpRequest, signup: Signup, token: str) -> HttpResponse:
    context = {
        "signup": signup,
        "token": token,
        "communities": signup.communities.all(),
        "agreed_to": [(Purpose(purpose).label, wording) for purpose, wording in signup.agreed_to.items()],
    }
    if signup.has_expired:
        return render(request, "communities/confirm_expired.html", context, status=410)
    return render(request, "communities/confirm.html", context)


@for_signup
@require_POST
def renew(request: HttpRequest, signup: Signup, token: str) -> HttpResponse:
    """Send a new link for a signup that expired. It goes to the same address, and nothing need be filled in again."""
    try:
        renew_signup(signup=signup, host=host_of(request))
    except TooManyRequestsError as error:
        return too_many(render(request, "communities/too_many.html", {"words": str(error)}))
    except RefusedError:
        return HttpResponseRedirect(reverse("communities:confirm", args=[token]))
    return redirect("communities:join_sent")
