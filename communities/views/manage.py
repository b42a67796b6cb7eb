"""Looking after communities: for staff all of them, for convenors their own."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities.forms import CommunityForm, MemberSearchForm, StageForm
from communities.models import Community, Membership
from communities.services.communities import make_convenor, make_member, move_community, open_community, save_community
from communities.services.errors import RefusedError
from communities.services.preferences import leave_community
from communities.views.requests import edit, page_of, text_of
from people.requests import sent, user_of
from people.spreadsheets import csv_file
from studies.models import Study


def community_for(request: HttpRequest, slug: str, permission: str) -> Community:
    """A community that this person may do something with: 404 where they may not see it, 403 where they may not."""
    community = get_object_or_404(Community.objects.visible_to(request.user).select_related("study__theme"), slug=slug)
    if not request.user.has_perm(permission, community):
        raise PermissionDenied
    return community


@permission_required("communities.manage_communities", raise_exception=True)
@require_safe
def manage(request: HttpRequest) -> HttpResponse:
    """Every community for staff, with what needs doing, and the studies that have none."""
    words = text_of(request, "q")
    communities = (
        Community.objects.with_size()
        .matching(words)
        .annotate(
            convenors=Count(
                "memberships",
                filter=Q(memberships__left_at=None, memberships__role=Membership.Role.CONVENOR),
                distinct=True,
            )
        )
    )
    context = {
        "page_obj": page_of(request, communities.order_by("study__theme__position", "study__position", "name")),
        "words": words,
        "without": Study.objects.current().filter(community=None).select_related("theme"),
    }
    return render(request, "communities/community_manage.html", context)


@permission_required("communities.manage_communities", raise_exception=True)
@require_POST
def open_one(request: HttpRequest, study_slug: str) -> HttpResponse:
    """Make the community of a study that has none."""
    study = get_object_or_404(Study.objects.current(), slug=study_slug)
    community = open_community(study=study)
    messages.success(request, f"{community.name} has a community.")
    return redirect("communities:edit", community.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_community(request: HttpRequest, slug: str) -> HttpResponse:
    """Change what a community says of itself."""
    community = community_for(request, slug, "communities.change_community")

    def done(saved: Community) -> HttpResponse:
        messages.success(request, "The community is saved.")
        return redirect(saved)

    form = CommunityForm(sent(request), instance=Community.objects.get(pk=community.pk))
    form.cancel_url = community.get_absolute_url()
    return edit(
        request,
        form=form,
        template="communities/community_edit.html",
        context={"community": community},
        save=lambda form: save_community(
            community=community, version=form.cleaned_data["version"], changes=form.changes
        ),
        done=done,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, slug: str) -> HttpResponse:
    """Move a community to another stage, with a reason."""
    community = community_for(request, slug, "communities.change_community")
    form = StageForm(sent(request), initial={"stage": community.stage})
    form.cancel_url = community.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        move_community(
            community=community,
            to=form.cleaned_data["stage"],
            reason=form.cleaned_data["reason"],
            by=user_of(request),
        )
        messages.success(request, "The community's stage is saved.")
        return redirect(community)
    return render(request, "communities/community_stage.html", {"form": form, "community": community})


@require_safe
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Who belongs to a community, for its convenors and staff."""
    community = community_for(request, slug, "communities.view_members")
    words, role = text_of(request, "q"), text_of(request, "role")
    found = community.memberships.current().select_related("associate").matching(words)
    if role in Membership.Role.values:
        found = found.filter(role=role)
    context = {
        "community": community,
        "page_obj": page_of(request, found.order_by("associate__name", "pk")),
        "filters": MemberSearchForm(initial={"q": words, "role": role}),
        "may_export": request.user.has_perm("communities.export_members", community),
    }
    return render(request, "communities/member_list.html", context)


@require_safe
def export_members(request: HttpRequest, slug: str) -> HttpResponse:
    """A community's members as a CSV file, for staff alone."""
    community = community_for(request, slug, "communities.export_members")
    rows: list[list[object]] = [["Name", "Email address", "Involvement", "Organisation", "Role", "Joined"]]
    for each in community.memberships.current().select_related("associate").order_by("associate__name", "pk"):
        associate = each.associate
        who = [associate.name, associate.email, associate.get_involvement_display(), associate.organisation]
        rows.append([*who, each.get_role_display(), timezone.localdate(each.joined_at)])
    return csv_file(f"{community.slug}-members", rows)


def _membership(community: Community, pk: int) -> Membership:
    return get_object_or_404(community.memberships.current().select_related("associate", "community"), pk=pk)


@require_POST
def change_role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give a member the care of the community, or take it away."""
    community = community_for(request, slug, "communities.change_members")
    membership = _membership(community, pk)
    try:
        if request.POST.get("role") == Membership.Role.CONVENOR:
            make_convenor(membership=membership, by=user_of(request))
            messages.success(request, f"{membership.associate} is a convenor now. We have emailed them.")
        elif request.POST.get("role") == Membership.Role.MEMBER:
            make_member(membership=membership)
            messages.success(request, f"{membership.associate} is a member, not a convenor, now.")
    except RefusedError as error:
        messages.error(request, str(error))
    if not request.user.has_perm("communities.view_members", community):
        return redirect(community)  # a convenor has just given up the role themselves
    return redirect("communities:members", community.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def remove_member(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End somebody's membership, once it is sure."""
    community = community_for(request, slug, "communities.change_members")
    membership = _membership(community, pk)
    if request.method == "POST":
        leave_community(membership=membership)
        messages.success(request, f"{membership.associate} no longer belongs to {community}.")
        if not request.user.has_perm("communities.view_members", community):
            return redirect(community)
        return redirect("communities:members", community.slug)
    return render(
        request,
        "communities/member_remove.html",
        {"community": community, "membership": membership, "destructive": True},
    )
