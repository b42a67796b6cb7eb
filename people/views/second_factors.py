"""allauth's pages that take a second factor away, which programme staff need one of."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import deactivate_totp
from allauth.mfa.webauthn.views import remove_webauthn
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render

from people.requests import user_of
from people.second_factors import has_one_to_spare


def turn_off_app(request: HttpRequest) -> HttpResponseBase:
    """Ask, then turn off one's own authenticator app; or say why it stays."""
    person = user_of(request)
    if has_one_to_spare(person):
        return deactivate_totp(request)
    get_object_or_404(Authenticator, user=person, type=Authenticator.Type.TOTP)
    return render(request, "mfa/totp/needed.html")


def remove_passkey(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Ask, then remove one of one's own passkeys; or say why it stays, of which allauth thinks for apps only."""
    person = user_of(request)
    if has_one_to_spare(person):
        return remove_webauthn(request, pk=pk)
    passkey = get_object_or_404(Authenticator, user=person, type=Authenticator.Type.WEBAUTHN, pk=pk)
    return render(request, "mfa/webauthn/needed.html", {"passkey": passkey})
