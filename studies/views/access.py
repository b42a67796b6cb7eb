"""Fetches a study for a page: 404 where it is out of the user's scope, 403 where it is not theirs to do."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from people.models import User
from people.requests import user_of
from studies.models import Study


def study_inside(request: HttpRequest, slug: str, permission: str = "studies.view_study_inside") -> Study:
    """The study, for somebody who may see its inside and has the permission."""
    user = user_of(request)
    study = get_object_or_404(Study.objects.visible_to(user).select_related("theme"), slug=slug)
    if not user.has_perm(permission, study):
        raise PermissionDenied("You can see this study but not change this.")
    return study


def study_to_change(request: HttpRequest, slug: str, permission: str) -> Study:
    """The same, for pages that change it: an archived study is read and not changed, so there they are not found."""
    study = study_inside(request, slug, permission)
    if study.is_archived:
        raise Http404("This study is archived.")
    return study


def require(request: HttpRequest, permission: str, refusal: str = "This page is for programme staff.") -> User:
    """Refuse whoever lacks a permission that is about no study in particular; return who it is."""
    user = user_of(request)
    if not user.has_perm(permission):
        raise PermissionDenied(refusal)
    return user
