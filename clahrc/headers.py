"""Headers of every answer: what a page may ask the browser for, and who may keep it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponseBase

_REFUSED = (
    "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
    "microphone", "midi", "payment", "usb",
)  # fmt: skip
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in _REFUSED)


class PermissionsPolicyMiddleware:
    """Refuses cameras, places and the like to every page, so that no script that got in could use them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the header to whatever is answered."""
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        return response


class PrivatePagesMiddleware:
    """Has no browser and no proxy keep what somebody saw who was logged in, unless the page says otherwise.

    People share computers on wards and in libraries: after logging out, "back" must not show what was there. It goes
    after ``SessionMiddleware``, and asks nothing of a session that the page itself did not look at.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the header where the answer is to somebody in particular."""
        response = self.get_response(request)
        if "Cache-Control" not in response.headers and request.session.accessed and SESSION_KEY in request.session:
            response.headers["Cache-Control"] = "private, no-store"
        return response
