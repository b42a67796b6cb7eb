"""Repeating an event."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from communities.forms import RepeatForm
from communities.models import Event
from communities.services.errors import RefusedError
from communities.services.series import repeat_event
from people.requests import user_of


@permission_required("communities.manage_events", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def repeat(request: HttpRequest, slug: str) -> HttpResponse:
    """Show which dates there would be and which fall on nothing; then make them."""
    event = get_object_or_404(Event.objects.visible_to(request.user).select_related("series"), slug=slug)
    if event.is_cancelled or event.is_past:
        messages.error(request, "Repeat an event that is still to come.")
        return redirect(event)
    form = RepeatForm(request.POST if request.method == "POST" else None, event=event)
    if request.method == "POST" and form.is_valid():
        if not form.is_confirmed:
            return render(
                request, "events/event_repeat.html", {"event": event, "form": form.to_confirm(), "plan": form.plan}
            )
        try:
            made = repeat_event(
                event=event, as_drafts=form.cleaned_data.get("as_drafts", False), by=user_of(request), **form.how
            )
        except RefusedError as error:
            messages.error(request, str(error))
        else:
            added = f"{len(made)} dates are added." if len(made) > 1 else "1 date is added."
            messages.success(request, added if made else "These dates are there.")
        return redirect(f"{event.get_absolute_url()}#dates")
    return render(request, "events/event_repeat.html", {"event": event, "form": form})
