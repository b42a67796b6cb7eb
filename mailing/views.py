"""The outbox: for staff, every message that left or waits, and what became of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import capfirst
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailing import services
from mailing.forms import OutboxFilterForm, SuppressionFilterForm
from mailing.metrics import figures
from mailing.models import Delivery, Mailing, Suppression
from mailing.reading import Received, received
from mailing.transport import is_embedded

_PAGE = 50
_staff_only = permission_required("mailing.view_outbox", raise_exception=True)


@require_GET
@_staff_only
def outbox(request: HttpRequest) -> HttpResponse:
    """Every message, newest first, narrowed by address, state and topic."""
    form = OutboxFilterForm(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    deliveries = Delivery.objects.visible_to(request.user).matching(
        address=wanted.get("q", ""), status=wanted.get("status", ""), topic=wanted.get("topic", "")
    )
    # Keys first: to find its place a late page then walks along an index, not along whole rows.
    page: Page[Any] = Paginator(deliveries.values_list("pk", flat=True), _PAGE).get_page(request.GET.get("page"))
    shown = Delivery.objects.filter(pk__in=list(page.object_list)).select_related("mailing")
    page.object_list = shown.defer("mailing__text", "mailing__html")
    return render(
        request,
        "mailing/outbox.html",
        {
            "filters": form,
            "page_obj": page,
            "is_filtered": any(wanted.values()),
            "is_embedded": is_embedded(),
            "figures": figures(),
        },
    )


@require_GET
@_staff_only
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message as its recipient got it, and what the mail server said of it."""
    delivery = _delivery(request, pk)
    readable = _is_readable(request, delivery)
    return render(
        request,
        "mailing/message_detail.html",
        {
            "delivery": delivery,
            "mailing": delivery.mailing,
            "bounces": delivery.bounces.all()[:10],
            "received": _received(delivery) if readable else None,
            "is_secret": not readable and delivery.mailing.body_dropped_at is None,
            "may_send_again": _may_send_again(delivery),
        },
    )


@require_GET
@_staff_only
def message_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part by itself, to be shown in a frame in which nothing runs and nothing is fetched from elsewhere."""
    delivery = _delivery(request, pk)
    if not _is_readable(request, delivery):
        raise PermissionDenied
    content = _received(delivery)
    if content is None or not content.html:
        raise Http404
    site = urlsplit(settings.SITE_URL)
    response = HttpResponse(content.html)
    response["Content-Security-Policy"] = (
        "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; "
        f"img-src data: {site.scheme}://{site.netloc}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
@_staff_only
def message_file(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A file that came with a message, to download."""
    delivery = _delivery(request, pk)
    if not _is_readable(request, delivery):
        raise PermissionDenied
    content = _received(delivery)
    if content is None or number >= len(content.files):
        raise Http404
    file = content.files[number]
    # Never shown by the browser, whatever it says it is.
    return HttpResponse(
        file.content,
        content_type="application/octet-stream",
        headers={"Content-Disposition": _attachment(file.name), "X-Content-Type-Options": "nosniff"},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@_staff_only
def message_send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then send again a message that is not known to have arrived, or that failed."""
    delivery = _delivery(request, pk)
    if request.method == "POST":
        if services.send_again(deliveries=Delivery.objects.filter(pk=delivery.pk)):
            messages.success(request, f"The message to {delivery.recipient} will be sent again.")
        else:
            messages.info(
                request,
                "This message can not be sent again: it was sent, waits or is no longer wanted, or its text is gone.",
            )
        return redirect("mailing:message", pk=delivery.pk)
    if not _may_send_again(delivery):
        raise Http404
    return render(request, "mailing/message_send_again.html", {"delivery": delivery, "mailing": delivery.mailing})


@require_GET
@_staff_only
def mailing(request: HttpRequest, pk: int) -> HttpResponse:
    """How far one mailing is, and the buttons that pause, resume and cancel it."""
    found = get_object_or_404(Mailing.objects.visible_to(request.user).defer("text", "html"), pk=pk)
    counts = Delivery.objects.of_mailing(found).by_status()
    return render(
        request,
        "mailing/mailing_detail.html",
        {
            "mailing": found,
            "counts": [(status, capfirst(status.label), counts.get(status, 0)) for status in Delivery.Status],
            "total": sum(counts.values()),
            "ended": sum(number for status, number in counts.items() if status not in Delivery.OPEN),
            "open": sum(counts.get(status, 0) for status in Delivery.OPEN),
            "unknown": counts.get(Delivery.Status.UNKNOWN, 0),
            "troubles": Delivery.objects.of_mailing(found).troubles()[:20],
        },
    )


@require_POST
@_staff_only
def mailing_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a mailing between two messages; resuming undoes it."""
    found = _bulk(request, pk)
    if services.pause(mailing=found):
        messages.success(request, "Paused. Nobody else gets it until you resume.")
    else:
        messages.info(request, "It was not going, so nothing changed.")
    return redirect("mailing:mailing", pk=found.pk)


@require_POST
@_staff_only
def mailing_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a paused mailing go on."""
    found = _bulk(request, pk)
    if services.resume(mailing=found):
        messages.success(request, "Resumed. Those who wait get it now.")
    else:
        messages.info(request, "It was not paused, so nothing changed.")
    return redirect("mailing:mailing", pk=found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@_staff_only
def mailing_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then withdraw a mailing from everybody who still waits."""
    found = _bulk(request, pk)
    waiting = Delivery.objects.of_mailing(found).filter(status__in=Delivery.OPEN).count()
    if request.method == "POST":
        withdrawn = services.cancel(mailing=found)
        who = "Nobody gets it." if found.preparing_since else f"{withdrawn} who still waited will not get it."
        messages.success(request, f"Cancelled. {who}")
        return redirect("mailing:mailing", pk=found.pk)
    return render(request, "mailing/mailing_cancel.html", {"mailing": found, "waiting": waiting, "destructive": True})


@require_http_methods(["GET", "HEAD", "POST"])
@_staff_only
def mailing_send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then send a mailing again to those of whom it is not known whether they got it."""
    found = get_object_or_404(Mailing.objects.visible_to(request.user), pk=pk)
    unknown = Delivery.objects.of_mailing(found).repeatable().filter(status=Delivery.Status.UNKNOWN)
    if request.method == "POST":
        count = services.send_again(deliveries=unknown)
        messages.success(request, f"It will be sent again to {count} {'person' if count == 1 else 'people'}.")
        return redirect("mailing:mailing", pk=found.pk)
    return render(request, "mailing/mailing_send_again.html", {"mailing": found, "unknown": unknown.count()})


@require_GET
@_staff_only
def suppressions(request: HttpRequest) -> HttpResponse:
    """Addresses that get no bulk mail, and why."""
    form = SuppressionFilterForm(request.GET)
    form.is_valid()
    rows = Suppression.objects.visible_to(request.user).in_force()
    if form.cleaned_data.get("q"):
        rows = rows.filter(email__icontains=form.cleaned_data["q"].strip())
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    return render(request, "mailing/suppression_list.html", {"filters": form, "page_obj": page})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("mailing.lift_suppression", raise_exception=True)
def suppression_lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then let an address have bulk mail again."""
    found = get_object_or_404(Suppression.objects.visible_to(request.user).in_force(), pk=pk)
    if request.method == "POST":
        services.lift(suppression=found, by=request.user)  # type: ignore[arg-type]
        messages.success(request, f"{found.email} can get newsletters and event emails again.")
        return redirect("mailing:suppressions")
    return render(request, "mailing/suppression_lift.html", {"suppression": found})


def _delivery(request: HttpRequest, pk: int) -> Delivery:
    return get_object_or_404(Delivery.objects.visible_to(request.user).select_related("mailing"), pk=pk)


def _bulk(request: HttpRequest, pk: int) -> Mailing:
    return get_object_or_404(Mailing.objects.visible_to(request.user), pk=pk, kind=Mailing.Kind.BULK)


def _is_readable(request: HttpRequest, delivery: Delivery) -> bool:
    mailing = delivery.mailing
    return mailing.body_dropped_at is None and request.user.has_perm("mailing.read_mailing", mailing)


def _received(delivery: Delivery) -> Received | None:
    try:
        return received(delivery)
    except ValueError:
        return None


def _may_send_again(delivery: Delivery) -> bool:
    return Delivery.objects.repeatable().filter(pk=delivery.pk).exists()


def _attachment(name: str) -> str:
    return content_disposition_header(True, name) or "attachment"
