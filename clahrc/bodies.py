"""How much may be sent to the portal at once."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import get_template

from people.numbers import whole_number

#: Beyond the largest file, for whatever else is in its form, in bytes.
_BESIDES = 1024 * 1024


class BodySizeMiddleware:
    """Refuses what is far larger than any form takes, before it is read: Django would write a file of any size to disk,
    from anybody, on any page that has a form.

    A document up to twice as large as may be uploaded still reaches its form, which says in words how large it may be.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Ask how much is announced: the server reads no more than that."""
        announced = whole_number(request.META.get("CONTENT_LENGTH") or "0")
        if announced is None or announced > 2 * settings.UPLOAD_MAX_BYTES + _BESIDES:
            return HttpResponse(get_template("413.html").render(), status=413)
        return self.get_response(request)
