"""Registering for an event and looking after one's own registration by a private link. Nobody has to log in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities import tokens
from communities.forms import ChangeRegistrationForm, FeedbackForm, RegisterForm
from communities.models import Event, Registration
from communities.privacy import attendee_data
from communities.services.aftercare import erase_attendee, give_feedback
from communities.services.errors import RefusedError, TooManyRequestsError
from communities.services.registrations import (
    accept_offer,
    cancel_registration,
    change_registration,
    places_left,
    register,
)
from communities.views.requests import by_signed_link, host_of, too_many
from mailing.tokens import BadToken
from people.requests import sent


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest, slug: str) -> HttpResponse:
    """Register for an event. The answer is the same for an address that has registered already."""
    event = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    if not event.is_open_to_register:
        return render(request, "events/register_closed.html", {"event": event})
    is_full = places_left(event) == 0
    form = RegisterForm(sent(request), is_full=is_full, initial=_initial(request))
    form.cancel_url = event.get_absolute_url()
    context = {"event": event, "form": form, "is_full": is_full}
    if request.method == "POST" and form.is_valid():
        try:
            register(event=event, host=host_of(request), **form.cleaned_data)
        except TooManyRequestsError as error:
            form.add_error(None, str(error))
            return too_many(render(request, "events/register.html", context))
        except RefusedError:
            return render(request, "events/register_closed.html", {"event": event})
        return redirect("events:register_sent", event.slug)
    return render(request, "events/register.html", context)


def _initial(request: HttpRequest) -> dict[str, object]:
    """Whoever is logged in need not type who they are."""
    if not request.user.is_authenticated:
        return {}
    return {"name": request.user.full_name, "email": request.user.email}


@login_not_required
@require_safe
def sign_up_sent(request: HttpRequest, slug: str) -> HttpResponse:
    """Look in your inbox."""
    event = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    return render(request, "events/register_sent.html", {"event": event})


def for_registered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the view the registration behind the link, or say what is wrong with the link."""

    @by_signed_link
    @wraps(view)
    def wrapped(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        try:
            registration = tokens.read_registration(token)
        except BadToken:
            return render(request, "events/registration_link_bad.html", {"kind": "broken"}, status=404)
        except tokens.UnknownLinkError:
            return render(request, "events/registration_link_bad.html", {"kind": "gone"}, status=410)
        return view(request, registration, token=token, **kwargs)

    return wrapped


@for_registered
@require_safe
def registration(request: HttpRequest, registration: Registration, token: str) -> HttpResponse:
    """How a registration stands, and what can be done with it."""
    event = registration.event
    needs = getattr(registration, "needs", None)
    context = {
        "registration": registration,
        "event": event,
        "needs": needs,
        "token": token,
        "can_change": registration.is_live and not event.has_started and not event.is_cancelled,
    }
    return render(request, "events/registration.html", context)


@for_registered
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, registration: Registration, token: str) -> HttpResponse:
    """Change one's name, organisation and needs."""
    form = ChangeRegistrationForm(sent(request), registration=registration)
    if request.method == "POST" and form.is_valid():
        try:
            change_registration(registration=registration, **form.cleaned_data)
        except RefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Your changes are saved.")
        return redirect("events:registration", token)
    context = {"form": form, "event": registration.event, "token": token}
    return render(request, "events/registration_change.html", context)


@for_registered
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, registration: Registration, token: str) -> HttpResponse:
    """Give one's place or turn back, once it is sure."""
    if request.method == "POST":
        try:
            cancel_registration(registration=registration)
        except RefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Your registration is cancelled.")
        return redirect("events:registration", token)
    context = {"registration": registration, "event": registration.event, "token": token, "destructive": True}
    return render(request, "events/registration_cancel.html", context)


@for_registered
@require_safe
def data(request: HttpRequest, registration: Registration, token: str) -> HttpResponse:
    """What one told us for events, as a file to keep (UK GDPR, article 20)."""
    response = JsonResponse(attendee_data(registration), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="what-you-told-us-for-events.json"'
    return response


@for_registered
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, registration: Registration, token: str) -> HttpResponse:
    """Delete what one told us for events, once it is sure."""
    if request.method == "POST":
        erase_attendee(registration=registration)
        messages.success(request, "What you told us for events is deleted.")
        return redirect("events:index")
    context = {"registration": registration, "token": token, "destructive": True}
    return render(request, "events/registration_erase.html", context)


@for_registered
@require_POST
def accept(request: HttpRequest, registration: Registration, token: str) -> HttpResponse:
    """Take the place that was offered."""
    try:
        accept_offer(registration=registration)
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "You have a place. We have emailed you a confirmation.")
    return redirect("events:registration", token)


@for_registered
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: HttpRequest, registration: Registration, token: str) -> HttpResponse:
    """Two questions to somebody who came, answered once and without their name."""
    event = registration.event
    if not registration.attended or registration.gave_feedback:
        return render(request, "events/feedback_done.html", {"event": event, "registration": registration})
    form = FeedbackForm(sent(request))
    if request.method == "POST" and form.is_valid():
        give_feedback(registration=registration, **form.cleaned_data)
        return redirect("events:feedback", token)
    return render(request, "events/feedback.html", {"event": event, "form": form})
