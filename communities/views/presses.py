"""Where a newsletter's counted links lead."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from communities.services.presses import count_press


@login_not_required
@never_cache
@require_safe
def follow(request: HttpRequest, key: str) -> HttpResponseRedirect:
    """Count a press and lead on, to an address that staff wrote and no other. Nothing about whoever presses is kept."""
    address = count_press(key=key)
    if not address:
        raise Http404
    response = HttpResponseRedirect(address)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
