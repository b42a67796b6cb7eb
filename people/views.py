"""Pages of the people app."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse


def index(request: HttpRequest) -> HttpResponse:
    """Not built yet."""
    raise Http404


invite = organisations = me = index


@login_not_required
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Not built yet."""
    raise Http404
