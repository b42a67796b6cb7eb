"""What somebody typed into a review after their login had ended.

The browser's form arrives without a login, and a redirect to the login page would lose it. It is kept in the session,
which Django carries over when they log in (``django.contrib.auth.login`` gives it a new key and keeps its content,
unless it belonged to somebody else), and given back once, to the review's own member.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, QueryDict
from django.middleware.csrf import CsrfViewMiddleware

_KEY = "panels_kept_text"
#: Longest form that is kept, as it was posted. A review of ten full boxes is far below this.
_MOST = 1_000_000
#: How many are kept within an hour from one network address: who posts has shown no login, and each takes up room.
_AN_HOUR = 30


def keep(request: HttpRequest, review_pk: int) -> bool:
    """Keep the posted form for this review until its member logs in; says whether it was. A later one replaces it."""
    posted = request.POST.copy()
    posted.pop("csrfmiddlewaretoken", None)
    data = posted.urlencode()
    if len(data) > _MOST or _asks_too_often(request):
        return False
    request.session[_KEY] = {"review": review_pk, "data": data}
    return True


def _asks_too_often(request: HttpRequest) -> bool:
    key = f"panels.kept_text.{get_adapter(request).get_client_ip(request)}"
    cache.add(key, 0, timeout=3600)
    try:
        return cache.incr(key) > _AN_HOUR
    except ValueError:  # the hour ended between the two
        return False


def take(request: HttpRequest, review_pk: int) -> QueryDict | None:
    """The form kept for this review, once; None where there is none. Call it for the review's own member only."""
    kept = request.session.get(_KEY)
    if not kept or kept["review"] != review_pk:
        return None
    del request.session[_KEY]
    return QueryDict(kept["data"])


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponseForbidden(reason)


def csrf_passes(request: HttpRequest) -> bool:
    """Whether a view that Django's own check leaves alone was posted from this portal's own page, of this login.

    The review page asks this itself so that a form whose token went stale, because its writer logged in again in
    another tab, is shown again with what they typed, rather than refused and lost.
    """
    check = _Check(lambda _: HttpResponse())
    check.process_request(request)
    return check.process_view(request, None, (), {}) is None  # type: ignore[arg-type]
