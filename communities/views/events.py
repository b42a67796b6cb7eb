"""Events: the public list, pages and calendar files, and looking after them."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities import ics
from communities.audiences import Choice, joined_words
from communities.forms import AnnounceForm, CancelEventForm, DeleteDraftsForm, EventForm
from communities.forms.series import FOLLOWING
from communities.ics import Subscription
from communities.markup import to_html
from communities.models import Community, Event
from communities.progress import with_progress
from communities.schema_org import event_data
from communities.services.errors import RefusedError
from communities.services.events import (
    cancel_event,
    create_event,
    delete_event,
    moved_by,
    publish_event,
    save_event,
)
from communities.services.notices import to_tell
from communities.services.postings import announce_event, audience_of, to_announce, told_of, will_be_told
from communities.services.registrations import places_left
from communities.services.series import drafts_of_series, following
from communities.views.requests import edit, page_of, text_of
from mailing.compose import site_url
from people.requests import sent, user_of

_MANAGE = "communities.manage_events"


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What is to come."""
    coming = Event.objects.public().upcoming().with_communities()
    context = {"page_obj": page_of(request, coming, 20), "calendar": Subscription(site_url(reverse("events_calendar")))}
    return render(request, "events/event_list.html", context)


@login_not_required
@require_safe
def past(request: HttpRequest) -> HttpResponse:
    """What has been."""
    been = Event.objects.public().past().with_communities()
    return render(request, "events/event_list.html", {"page_obj": page_of(request, been, 20), "is_past": True})


def _visible(request: HttpRequest, slug: str) -> Event:
    events = Event.objects.visible_to(request.user).with_registrations().with_communities().select_related("series")
    return get_object_or_404(events, slug=slug)


@login_not_required
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One event. The link to join online is there for staff, and for everyone if it is meant to be."""
    event = _visible(request, slug)
    may_manage = request.user.has_perm(_MANAGE)
    context = {
        "event": event,
        "description": to_html(event.description),
        "may_manage": may_manage,
        "sees_link": bool(event.online_url) and (may_manage or event.show_online_url) and not event.is_cancelled,
        "postings": with_progress(event.postings.select_related("mailing", "made_by")) if may_manage else [],
        "dates": Event.objects.visible_to(request.user).in_series_of(event).upcoming().exclude(pk=event.pk),
        "drafts": drafts_of_series(event).count() if may_manage and event.is_draft else 0,
        "is_full": event.is_open_to_register and places_left(event) == 0,
        "structured": "" if event.is_draft else event_data(event),
    }
    return render(request, "events/event_detail.html", context)


@login_not_required
@require_safe
def calendar_entry(request: HttpRequest, slug: str) -> HttpResponse:
    """The event as a file that calendar programs open."""
    event = _visible(request, slug)
    response = HttpResponse(ics.calendar_file(event), content_type=ics.CONTENT_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{event.slug}.ics"'
    return response


@permission_required(_MANAGE, raise_exception=True)
@require_safe
def manage(request: HttpRequest) -> HttpResponse:
    """Every event for staff: drafts, what is to come, what has been."""
    events = Event.objects.with_communities().with_registrations()
    context = {
        "drafts": events.filter(status=Event.Status.DRAFT).order_by("starts_at", "pk"),
        "coming": events.public().upcoming(),
        "page_obj": page_of(request, events.public().past(), 25),
    }
    return render(request, "events/event_manage.html", context)


@permission_required(_MANAGE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin an event. ``?community=`` preselects whose it is."""
    community = Community.objects.filter(slug=text_of(request, "community")).first()
    form = EventForm(sent(request), initial={"community": community})
    if request.method == "POST" and form.is_valid():
        event = create_event(by=user_of(request), **form.changes)
        messages.success(request, "The event is saved as a draft. Publish it when it is ready.")
        return redirect(event)
    return render(request, "events/event_edit.html", {"form": form})


@permission_required(_MANAGE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_event(request: HttpRequest, slug: str) -> HttpResponse:
    """Change an event."""
    event = _visible(request, slug)

    def done(saved: Event) -> HttpResponse:
        messages.success(request, "The event is saved.")
        return redirect(saved)

    form = EventForm(sent(request), instance=Event.objects.get(pk=event.pk))
    form.cancel_url = event.get_absolute_url()
    too = request.method == "POST" and form.is_valid() and form.is_for_following
    moved = moved_by(event, form.changes, following_too=too) if request.method == "POST" and form.is_valid() else []
    if moved:
        counts = {"registered": to_tell(*moved).count(), "told": will_be_told(moved)}
        if any(counts.values()) and form.cleaned_data["confirmed"] != form.when_and_where:
            asked = form.to_confirm()
            asked.submit_label = "Save and tell them"
            asked.cancel_url = event.get_absolute_url()
            return render(request, "events/event_edit.html", {"event": event, "form": asked, "to_tell": counts})
    return edit(
        request,
        form=form,
        template="events/event_edit.html",
        context={"event": event},
        save=lambda form: save_event(
            event=event,
            version=form.cleaned_data["version"],
            changes=form.changes,
            by=user_of(request),
            following_too=too,
        ),
        done=done,
    )


def _try(request: HttpRequest, event: Event, action: Callable[[], object], success: str) -> HttpResponse:
    try:
        action()
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, success)
    return redirect(event)


@permission_required(_MANAGE, raise_exception=True)
@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a draft, or every draft of its series, to everyone."""
    event = _visible(request, slug)
    whole_series = "whole_series" in request.POST
    done = "Everyone can see all dates." if whole_series else "Everyone can see the event."
    return _try(
        request, event, lambda: publish_event(event=event, by=user_of(request), whole_series=whole_series), done
    )


def _is_following(form: Form | None) -> bool:
    return form is not None and form.cleaned_data.get("scope") == FOLLOWING


@permission_required(_MANAGE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def announce(request: HttpRequest, slug: str) -> HttpResponse:
    """Say how many people would be told, of one date or of the whole series; then tell them."""
    event = _visible(request, slug)
    dates = to_announce(event)
    form = AnnounceForm(sent(request), dates=dates) if len(dates) > 1 and event in dates else None
    if request.method == "POST" and (form is None or form.is_valid()):
        return _try(
            request,
            event,
            lambda: announce_event(event=event, by=user_of(request), whole_series=_is_following(form)),
            "The email about this event is on its way.",
        )
    posted = event.postings.exists()
    joined = joined_words(Choice(communities=frozenset(each.pk for each in event.communities)))
    audience = audience_of(event).count()
    context = {"event": event, "form": form, "audience": audience, "joined": joined, "posted": posted}
    return render(request, "events/event_announce.html", context)


@permission_required(_MANAGE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, slug: str) -> HttpResponse:
    """Call an event off, with a reason, and tell those who were told."""
    event = _visible(request, slug)
    later = following(event).filter(status=Event.Status.PUBLISHED)
    form = CancelEventForm(sent(request), following=later.count())
    if request.method == "POST" and form.is_valid():
        reason, too = form.cleaned_data["reason"], _is_following(form)
        return _try(
            request,
            event,
            lambda: cancel_event(event=event, reason=reason, by=user_of(request), following_too=too),
            "The dates are cancelled." if too else "The event is cancelled.",
        )
    all_dates = [event, *later]
    context = {
        "event": event,
        "form": form,
        "told": to_tell(event).count() + told_of([event]).count(),
        "told_of_all": to_tell(*all_dates).count() + told_of(all_dates).count() if len(all_dates) > 1 else 0,
        "destructive": True,
    }
    return render(request, "events/event_cancel.html", context)


@permission_required(_MANAGE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a draft, once it is sure."""
    event = _visible(request, slug)
    later = following(event).filter(status=Event.Status.DRAFT).count()
    form = DeleteDraftsForm(sent(request), count=later) if later else None
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            count = delete_event(event=event, following_too=_is_following(form))
        except RefusedError as error:
            messages.error(request, str(error))
            return redirect(event)
        gone = f"{count} drafts are deleted." if count > 1 else f"The draft “{event.title}” is deleted."
        messages.success(request, gone)
        return redirect("events:manage")
    return render(request, "events/event_delete.html", {"event": event, "form": form, "destructive": True})
