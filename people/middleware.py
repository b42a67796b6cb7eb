"""Keeps programme staff out until they have a second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from people.models import User
from people.rules import needs_second_factor

#: What somebody must reach to set a second factor up, or to leave.
_ALWAYS_OPEN = {
    "account_logout",
    "account_reauthenticate",
    "account_set_password",
    "account_email",
    "account_confirm_email",
    "healthz",
    "readyz",
}


class StaffSecondFactorMiddleware:
    """Sends programme staff without a second factor to set one up, before anything else.

    It goes after ``AuthenticationMiddleware``; it acts only where ``STAFF_SECOND_FACTOR`` is on.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Do nothing but hand on: ``process_view`` knows which page is asked for."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Redirect to the page of second factors where one is needed and missing."""
        if not isinstance(request.user, User) or not needs_second_factor(request.user):
            return None
        name = request.resolver_match.url_name if request.resolver_match else None
        if name and (name.startswith("mfa_") or name in _ALWAYS_OPEN):
            return None
        if Authenticator.objects.filter(user=request.user).exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
            return None
        messages.info(request, "Programme staff need a second factor. Set one up here to go on.")
        return redirect("mfa_index")
