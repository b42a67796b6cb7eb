"""News, resources and insights: everybody reads them, staff and the community's convenors share them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from communities.forms.item import ItemForm
from communities.markup import to_html
from communities.models import Community, CommunityItem
from communities.services.items import delete_item, save_item, share_item
from communities.views.manage import community_for
from communities.views.requests import edit, page_of
from people.requests import sent, user_of

_CHANGE = "communities.change_items"


def with_html(items: list[CommunityItem]) -> list[CommunityItem]:
    """The same items, each with its ``html``: its words as safe HTML."""
    for item in items:
        item.html = to_html(item.words, heading_level=4)  # type: ignore[attr-defined]
    return items


@login_not_required
@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """All that a community shared, newest first."""
    community = get_object_or_404(Community.objects.visible_to(request.user).select_related("study__theme"), slug=slug)
    page = page_of(request, community.items.newest_first(), 20)
    context = {
        "community": community,
        "page_obj": page,
        "items": with_html(list(page.object_list)),
        "may_change": request.user.has_perm(_CHANGE, community),
    }
    return render(request, "communities/item_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Share something."""
    community = community_for(request, slug, _CHANGE)
    form = ItemForm(sent(request))
    form.cancel_url = community.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        item = share_item(community=community, by=user_of(request), **form.changes)
        messages.success(request, f"“{item.title}” is on the community's page.")
        return redirect(item)
    return render(request, "communities/item_edit.html", {"form": form, "community": community})


def _item_for(request: HttpRequest, slug: str, pk: int) -> CommunityItem:
    community = community_for(request, slug, _CHANGE)
    return get_object_or_404(community.items.select_related("community"), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change what was shared."""
    item = _item_for(request, slug, pk)

    def done(saved: CommunityItem) -> HttpResponse:
        messages.success(request, f"“{saved.title}” is saved.")
        return redirect(saved)

    form = ItemForm(sent(request), instance=CommunityItem.objects.get(pk=pk))
    form.cancel_url = item.get_absolute_url()
    return edit(
        request,
        form=form,
        template="communities/item_edit.html",
        context={"community": item.community, "item": item},
        save=lambda form: save_item(
            item=item, version=form.cleaned_data["version"], changes=form.changes, by=user_of(request)
        ),
        done=done,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take something off the page, once it is sure."""
    item = _item_for(request, slug, pk)
    if request.method == "POST":
        delete_item(item=item)
        messages.success(request, f"“{item.title}” is deleted.")
        return redirect("communities:items", item.community.slug)
    return render(request, "communities/item_delete.html", {"item": item, "destructive": True})
