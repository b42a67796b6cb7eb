"""What second factors ask of every page: that programme staff have one, and that what cannot be read breaks nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from people.models import User
from people.rules import needs_second_factor
from people.second_factors import UnreadableSecretError

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


class UnreadableSecondFactorMiddleware:
    """Says what to do where somebody's recovery codes were sealed by a key that is gone, in place of "our fault"."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Do nothing but hand on: Django calls ``process_exception`` where a page fails."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Offer new recovery codes. The log has it already."""
        if isinstance(exception, UnreadableSecretError) and request.user.is_authenticated:
            return render(request, "mfa/recovery_codes/unreadable.html")
        return None
