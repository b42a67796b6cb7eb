"""What the views read from a request, and answers that several of them give."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Page, Paginator
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from communities.forms.versioned import VersionedForm
from communities.services.errors import RefusedError, StaleVersionError

_NO_INDEX = "noindex, nofollow"


def text_of(request: HttpRequest, name: str) -> str:
    """A word of the query string, without what no database takes; empty where there is none."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:200]


def host_of(request: HttpRequest) -> str:
    """The network address that a request came from, as the rate limits of logging in see it too."""
    return str(get_adapter(request).get_client_ip(request))


def page_of(request: HttpRequest, rows: Any, size: int = 50) -> Page[Any]:
    """The page of a QuerySet or ``compiled_list`` that is asked for; the nearest there is where it is none."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def by_signed_link(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that is reached by a signed link: public, kept by nobody, found by no search engine."""

    @login_not_required
    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = _NO_INDEX
        return response

    return wrapped


def bad_link(request: HttpRequest, *, kind: str, status: int = 404) -> HttpResponse:
    """Say what is wrong with a link and how to start again. ``kind``: broken, gone, erased or test."""
    return render(request, "communities/link_bad.html", {"kind": kind}, status=status)


def too_many(response: HttpResponse) -> HttpResponse:
    """Mark an answer as one to somebody who asked too often; it can be asked again in an hour."""
    response.status_code = 429
    response["Retry-After"] = "3600"
    return response


def edit(
    request: HttpRequest,
    *,
    form: VersionedForm,
    template: str,
    context: dict[str, Any],
    save: Callable[[VersionedForm], Model],
    done: Callable[[Any], HttpResponse],
) -> HttpResponse:
    """Save a form, or show it again with all that was typed.

    Where somebody else saved first, the answer is 409: their version is shown beside the form as it was filled in, and
    saving that again replaces theirs.
    """
    if request.method != "POST" or not form.is_valid():
        return render(request, template, {**context, "form": form})
    try:
        return done(save(form))
    except StaleVersionError as error:
        context |= {"conflict": error.current, "differences": form.differences_from(error.current)}
        return render(request, template, {**context, "form": form.rebased_on(error.current)}, status=409)
    except RefusedError as error:
        form.add_error(None, str(error))
        return render(request, template, {**context, "form": form})
