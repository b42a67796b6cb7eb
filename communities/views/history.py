"""The histories of communities, newsletters, events, audiences and monthly updates, for whoever manages the thing."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from communities import changes
from communities.models import Audience, Community, Event
from communities.views.manage import community_for
from communities.views.newsletters import newsletter_for
from communities.views.requests import text_of
from communities.views.updates import section_for, update_for
from people.changes import Change
from people.requests import user_of


def _page(request: HttpRequest) -> str:
    return text_of(request, "page") or "1"


def _shown(request: HttpRequest, page: Page[Change], *trail: str, what: str, **context: Any) -> HttpResponse:
    """``trail`` are the words and addresses of the breadcrumbs, of the thing itself last; ``what`` is what it is."""
    shown = {"page_obj": page, "trail": trail, "title": trail[-2], "what": what, **context}
    return render(request, "communities/history.html", shown)


@require_safe
def community(request: HttpRequest, slug: str) -> HttpResponse:
    """What was done to a community."""
    found = community_for(request, slug, "communities.change_community")
    page = changes.changes_to_community(found, _page(request))
    trail = ("Communities", "communities:index", found.name, found.get_absolute_url())
    return _shown(request, page, *trail, what="Community", community=found)


@require_safe
def newsletter(request: HttpRequest, slug: str) -> HttpResponse:
    """What was done to a newsletter, sent or not."""
    found = newsletter_for(request, slug, "communities.change_newsletter")
    page = changes.changes_to_newsletter(found, _page(request))
    preview = reverse("newsletters:preview", args=[slug])
    what = "Template" if found.is_template else "Newsletter"
    return _shown(request, page, "Manage newsletters", "newsletters:manage", found.title, preview, what=what)


@permission_required("communities.write_newsletters", raise_exception=True)
@require_safe
def audience(request: HttpRequest, pk: int) -> HttpResponse:
    """What was done to a saved audience."""
    found = get_object_or_404(Audience.objects.managed_by(user_of(request)), pk=pk)
    page = changes.changes_to_audience(found, _page(request))
    every = ("Manage newsletters", "newsletters:manage", "Saved audiences", "newsletters:audiences")
    return _shown(request, page, *every, found.name, "newsletters:audiences", what="Saved audience")


@permission_required("communities.manage_events", raise_exception=True)
@require_safe
def event(request: HttpRequest, slug: str) -> HttpResponse:
    """What was done to an event."""
    found = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    page = changes.changes_to_event(found, _page(request))
    trail = ("Events", "events:index", "Manage events", "events:manage", found.title, found.get_absolute_url())
    return _shown(request, page, *trail, what="Event")


@require_safe
def section(request: HttpRequest, pk: int) -> HttpResponse:
    """What was done to one community's part of a monthly update."""
    found = section_for(request, pk)
    page = changes.changes_to_section(found, _page(request))
    month = (found.update.month_words, found.update.get_absolute_url())
    trail = ("Monthly updates", "updates:index", *month, found.community.name, found.get_absolute_url())
    return _shown(request, page, *trail, what=f"Monthly update, {found.update.month_words}")


@require_safe
def update(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """What was done to a month's update, and to its parts of the communities that this person looks after."""
    found = update_for(request, year, month)
    page = changes.changes_to_update(found, Community.objects.managed_by(request.user), _page(request))
    trail = ("Monthly updates", "updates:index", found.month_words, found.get_absolute_url())
    return _shown(request, page, *trail, what="Monthly update")
