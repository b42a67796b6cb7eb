"""The public pages of communities: all of them, and each."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from communities.forms import CommunityFilterForm
from communities.ics import Subscription
from communities.markup import to_html
from communities.models import Community, Event
from communities.views.items import with_html
from communities.views.requests import page_of, text_of
from mailing.compose import site_url
from people.compiled import compiled_list

_ORDERS = {
    "theme": ("study__theme__position", "study__position", "name"),
    "name": ("name", "pk"),
    "size": ("-size", "name"),
}


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every community, by theme unless another order is asked for; search and filters."""
    words, theme, stage, sort = (text_of(request, name) for name in ("q", "theme", "stage", "sort"))
    sort = sort if sort in _ORDERS else "theme"
    page = page_of(request, _listed(words, theme, stage, sort))
    initial = {"q": words, "theme": theme, "stage": stage, "sort": sort}
    context = {
        "page_obj": page,
        "by_theme": sort == "theme",
        "filters": CommunityFilterForm(initial=initial),
        "is_filtered": bool(words or theme or stage),
    }
    return render(request, "communities/community_list.html", context)


@compiled_list
def _listed(words: str, theme: str, stage: str, sort: str) -> QuerySet[Community, tuple[Any, ...]]:
    communities = Community.objects.public().with_size().matching(words)
    if theme:
        communities = communities.filter(study__theme__slug=theme)
    if stage in Community.Stage.values:
        communities = communities.filter(stage=stage)
    return communities.order_by(*_ORDERS[sort]).values_list(  # type: ignore[misc]
        "pk", "slug", "name", "stage", "open_to_join", "size",
        "study__pk", "study__theme__pk", "study__theme__name",
    )  # fmt: skip


@login_not_required
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One community: what it is, its study and ground rules, how many belong, what comes and what was sent."""
    community = get_object_or_404(
        Community.objects.visible_to(request.user).with_size().select_related("grew_from"), slug=slug
    )
    context = {
        "community": community,
        "belongs": community.memberships.current().of(request.user).exists(),
        "description": to_html(community.description),
        "ground_rules": to_html(community.ground_rules, heading_level=3),
        "events": Event.objects.public().for_communities([community.pk]).upcoming()[:5],
        "came": Event.objects.for_communities([community.pk])
        .counted_in(timezone.localdate().year)
        .aggregate(people=Sum("attended_count"), events=Count("pk")),
        "calendar": Subscription(site_url(reverse("communities:calendar", args=[community.slug]))),
        "items": with_html(list(community.items.newest_first()[:5])),
        "newsletters": community.newsletters.sent()[:5],
        "moves": community.moves.all()[:20],
    }
    return render(request, "communities/community_detail.html", context)
