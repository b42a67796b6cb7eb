"""Pages by which associates look after themselves. A signed link is all they need; nobody has to log in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities import tokens
from communities.forms import DetailsForm, LinkForm, PreferencesForm
from communities.ics import Subscription
from communities.models import Associate
from communities.privacy import data_held, registrations_of
from communities.services.accounts import associate_of
from communities.services.errors import TooManyRequestsError
from communities.services.preferences import (
    erase_associate,
    renew_calendar,
    save_details,
    save_preferences,
    send_preferences_link,
)
from communities.views.requests import bad_link, by_signed_link, host_of, too_many
from mailing.tokens import BadToken
from people.requests import sent


def for_associate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the view the associate behind the link, or say what is wrong with the link."""

    @by_signed_link
    @wraps(view)
    def wrapped(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        try:
            associate = tokens.read_recipient(token)
        except BadToken:
            return bad_link(request, kind="broken")
        except tokens.UnknownLinkError:
            return bad_link(request, kind="erased", status=410)
        if associate is None:
            return bad_link(request, kind="test", status=200)
        return view(request, associate, token=token, **kwargs)

    return wrapped


def for_owner(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The same for what only they may see. The link in a newsletter is not enough: people pass newsletters on."""

    @for_associate
    @wraps(view)
    def wrapped(request: HttpRequest, associate: Associate, token: str, **kwargs: Any) -> HttpResponse:
        if not tokens.is_owner(token):
            context = {"associate": associate, "token": token}
            return render(request, "communities/preferences_own_link.html", context, status=403)
        return view(request, associate, token=token, **kwargs)

    return wrapped


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest) -> HttpResponse:
    """Have your link sent to you. The answer is the same whether or not the address is known."""
    form = LinkForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            send_preferences_link(email=form.cleaned_data["email"], host=host_of(request))
        except TooManyRequestsError as error:
            form.add_error(None, str(error))
            return too_many(render(request, "communities/link.html", {"form": form}))
        return redirect("communities:link_sent")
    return render(request, "communities/link.html", {"form": form})


@login_not_required
@require_safe
def link_sent(request: HttpRequest) -> HttpResponse:
    """Look in your inbox."""
    return render(request, "communities/link_sent.html")


@never_cache
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The communities of whoever is logged in."""
    assert request.user.is_authenticated  # the middleware lets nobody else in
    associate = associate_of(user=request.user)
    if associate is None:
        return render(request, "communities/mine_none.html")
    return redirect(tokens.preferences_url(associate))


@for_associate
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, associate: Associate, token: str) -> HttpResponse:
    """What they belong to, agreed to and are sent, and how to change it."""
    form = PreferencesForm(sent(request), associate=associate)
    if request.method == "POST" and form.is_valid():
        save_preferences(associate=associate, choices=form.choices, wordings=form.wordings)
        messages.success(request, "Your changes are saved.")
        return redirect("communities:preferences", token)
    context = {
        "form": form,
        "associate": associate,
        "token": token,
        "consents": associate.consents.all(),
        "stops": associate.list_stops.all(),
    }
    if tokens.is_owner(token):
        context |= {
            "is_owner": True,
            "calendar": Subscription(tokens.calendar_url(associate)),
            "registrations": registrations_of(associate),
        }
    return render(request, "communities/preferences.html", context)


@for_owner
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest, associate: Associate, token: str) -> HttpResponse:
    """Change name, involvement and organisation."""
    form = DetailsForm(sent(request), instance=associate)
    if request.method == "POST" and form.is_valid():
        save_details(associate=Associate.objects.get(pk=associate.pk), **form.cleaned_data)
        messages.success(request, "Your details are saved.")
        return redirect("communities:preferences", token)
    return render(request, "communities/preferences_details.html", {"form": form, "token": token})


@for_owner
@require_POST
def calendar(request: HttpRequest, associate: Associate, token: str) -> HttpResponse:
    """Give their own calendar a new address."""
    renew_calendar(associate=associate)
    messages.success(
        request, "Your calendar has a new address. Put it into your calendar program in place of the old one."
    )
    return redirect("communities:preferences", token)


@for_owner
@require_safe
def data(request: HttpRequest, associate: Associate, token: str) -> HttpResponse:
    """Everything held about them, as a file to keep."""
    response = JsonResponse(data_held(associate), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="what-we-hold-about-you.json"'
    return response


@for_owner
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, associate: Associate, token: str) -> HttpResponse:
    """Delete everything held about them, once they have said that they are sure."""
    if request.method == "POST":
        erase_associate(associate=associate)
        return redirect("communities:erased")
    return render(
        request, "communities/preferences_erase.html", {"associate": associate, "token": token, "destructive": True}
    )


@login_not_required
@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    """It is done."""
    return render(request, "communities/erased.html")
