"""A monthly update on its way: staff send it, stop it for a while, or for good."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from communities.models import UpdateSection
from communities.services.update_sending import (
    cancel_update,
    pause_update,
    recipients_of,
    resume_update,
    send_update,
)
from communities.views.updates import update_for
from mailing.models import Delivery
from people.requests import user_of

_SEND = "communities.send_updates"


@permission_required(_SEND, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """Say how many people get what, and what is left out; then send it."""
    update = update_for(request, year, month)
    if request.method == "POST":
        sent = send_update(update=update, by=user_of(request))
        if sent.is_preparing:
            messages.success(request, "It goes as soon as the lists of those who get it are made.")
            return redirect(update)
        count = sent.receipts.count()
        people = "person" if count == 1 else "people"
        messages.success(request, f"It is on its way to {count} {people}." if count else "Nobody gets it this month.")
        return redirect(update)
    if not update.is_open:
        return redirect(update)
    context = {
        "update": update,
        "audience": recipients_of(update).count(),
        "approved": update.sections.approved().select_related("community"),
        "waiting": update.sections.filter(status=UpdateSection.Status.DRAFT).select_related("community"),
    }
    return render(request, "updates/update_send.html", context)


@require_POST
@permission_required(_SEND, raise_exception=True)
def pause(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """Stop all of its emails between two messages; resuming undoes it."""
    update = update_for(request, year, month)
    if pause_update(update=update):
        messages.success(request, "Paused. Nobody else gets it until you resume.")
    else:
        messages.info(request, "It was not going, so nothing changed.")
    return redirect(update)


@require_POST
@permission_required(_SEND, raise_exception=True)
def resume(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """Let all of its emails go on."""
    update = update_for(request, year, month)
    if resume_update(update=update):
        messages.success(request, "Resumed. Those who wait get it now.")
    else:
        messages.info(request, "It was not paused, so nothing changed.")
    return redirect(update)


@permission_required(_SEND, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """Ask, then withdraw it from everybody who still waits."""
    update = update_for(request, year, month)
    if update.is_open:
        return redirect(update)
    if request.method == "POST":
        was_preparing = update.is_preparing
        count = cancel_update(update=update)
        rest = "Nobody else gets it." if was_preparing else f"{count} who still waited will not get it."
        messages.success(request, f"Cancelled. {rest}")
        return redirect(update)
    waiting = Delivery.objects.filter(mailing__in=update.mailings.values("mailing"), status__in=Delivery.OPEN)
    context = {"update": update, "waiting": waiting.count(), "destructive": True}
    return render(request, "updates/update_cancel.html", context)
