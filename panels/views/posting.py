"""What was posted, for forms."""

from __future__ import annotations

from django.http import HttpRequest, QueryDict


def posted(request: HttpRequest) -> QueryDict | None:
    """The posted data, None on GET: an empty post is checked like any other."""
    return request.POST if request.method == "POST" else None
