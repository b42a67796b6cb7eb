"""allauth's pages of second factors, where ours must differ."""

from __future__ import annotations

from typing import Any

from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from people.requests import user_of
from people.second_factors import has_one_to_spare


class RemovePasskeyView(RemoveWebAuthnView):
    """Remove a passkey, unless programme staff have nothing besides: allauth asks that of apps only."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Remove it, or show why not."""
        if not has_one_to_spare(user_of(request)):
            return super().get(request, *args, **kwargs)
        return super().post(request, *args, **kwargs)


_remove_passkey = RemovePasskeyView.as_view()


def remove_passkey(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Ask, then remove one of one's own passkeys."""
    return _remove_passkey(request, pk=pk)
