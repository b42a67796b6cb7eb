"""Who is asking, and what they sent."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, QueryDict

from people.models import User
from people.numbers import whole_number


def user_of(request: HttpRequest) -> User:
    """Who is logged in; the middleware lets nobody else in. Raises ``PermissionDenied`` where a public page asks."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def number_sent(request: HttpRequest, name: str) -> int:
    """The number that was sent under a name, such as the version that a page showed; 0 where it is none."""
    return whole_number(request.POST.get(name, "")) or 0


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: what was sent, even where that is nothing; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None
