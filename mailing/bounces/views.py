"""For staff: what has come back."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mailing.bounces.forms import BounceFilterForm
from mailing.models import Bounce

_PAGE = 50


@require_GET
@permission_required("mailing.view_bounces", raise_exception=True)
def bounce_list(request: HttpRequest) -> HttpResponse:
    """Every report, newest first, narrowed by address and kind."""
    form = BounceFilterForm(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    bounces = Bounce.objects.visible_to(request.user).select_related("delivery__mailing")
    bounces = bounces.defer("delivery__mailing__text", "delivery__mailing__html")
    if wanted.get("q"):
        bounces = bounces.filter(email__icontains=wanted["q"].strip())
    if wanted.get("kind"):
        bounces = bounces.filter(kind=wanted["kind"])
    page = Paginator(bounces, _PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "mailing/bounce_list.html",
        {"filters": form, "page_obj": page, "is_filtered": any(wanted.values())},
    )
