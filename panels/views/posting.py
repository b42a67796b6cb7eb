"""Who asks, and what they posted."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, QueryDict

from people.models import User


def posted(request: HttpRequest) -> QueryDict | None:
    """The posted data, None on GET: an empty post is checked like any other."""
    return request.POST if request.method == "POST" else None


def person(request: HttpRequest) -> User:
    """Who is logged in. The login middleware lets nobody else through."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
