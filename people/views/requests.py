"""Who is asking."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from people.models import User


def asking(request: HttpRequest) -> User:
    """The person who is logged in. Raises ``PermissionDenied`` where nobody is."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
