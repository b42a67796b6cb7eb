"""Once a newsletter is to go: when, how far it is, stopping it, and what became of it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities.audiences import choice_of, in_words, is_within
from communities.forms import ScheduleForm
from communities.models import LeftOut, Newsletter
from communities.progress import progress_context
from communities.services.approval import needs_approval
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.newsletters import (
    audience_of,
    extend_newsletter,
    schedule_newsletter,
    unschedule_newsletter,
)
from communities.views.newsletters import newsletter_for
from communities.views.requests import page_of, text_of
from communities.words import day_words
from mailing import services as mail
from mailing.models import Bounce, Delivery, Mailing
from people.requests import sent, user_of
from people.words import time_words

_SEND = "communities.send_newsletter"
_CHANGE = "communities.change_newsletter"


@require_http_methods(["GET", "HEAD", "POST"])
def schedule(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose when a draft goes by itself."""
    newsletter = newsletter_for(request, slug, _SEND)
    if newsletter.is_sent or (request.method != "POST" and needs_approval(newsletter)):
        return _back(newsletter)
    initial = {"version": newsletter.version, "send_at": newsletter.send_at}
    form = ScheduleForm(sent(request), initial=initial)
    form.cancel_url = _preview(newsletter)
    if request.method == "POST" and form.is_valid():
        try:
            saved = schedule_newsletter(newsletter=newsletter, by=user_of(request), **form.cleaned_data)
        except StaleVersionError as error:
            messages.error(request, f"{error} Look at it again before you schedule it.")
            return _back(newsletter)
        except RefusedError as error:
            form.add_error("send_at", str(error))
        else:
            when = f"{day_words(saved.send_at)} at {time_words(saved.send_at)}"  # type: ignore[arg-type]
            messages.success(request, f"It goes by itself on {when}.")
            return _back(newsletter)
    to_whom = in_words(choice_of(newsletter))
    context = {"newsletter": newsletter, "form": form, "audience": audience_of(newsletter), "to_whom": to_whom}
    return render(request, "newsletters/newsletter_schedule.html", context)


@require_POST
def unschedule(request: HttpRequest, slug: str) -> HttpResponse:
    """Make it a draft again."""
    newsletter = newsletter_for(request, slug, _SEND)
    if unschedule_newsletter(newsletter=newsletter):
        messages.success(request, "It is a draft again and does not go by itself.")
    else:
        messages.info(request, "It was not scheduled, so nothing changed.")
    return _back(newsletter)


@require_safe
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """How far it is, for the page that watches it go."""
    newsletter = newsletter_for(request, slug, _CHANGE)
    if newsletter.mailing is None:
        raise Http404
    may_send = request.user.has_perm(_SEND, newsletter)
    context = {"may_send": may_send, **progress_context(newsletter)}
    return render(request, "newsletters/_progress_renewed.html", context)


@require_POST
def pause(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop between two messages; resuming undoes it."""
    newsletter = newsletter_for(request, slug, _SEND)
    if mail.pause(mailing=_mailing(newsletter)):
        messages.success(request, "Paused. Nobody else gets it until you resume.")
    else:
        messages.info(request, "It was not going, so nothing changed.")
    return _back(newsletter)


@require_POST
def resume(request: HttpRequest, slug: str) -> HttpResponse:
    """Let it go on with those who still wait."""
    newsletter = newsletter_for(request, slug, _SEND)
    if mail.resume(mailing=_mailing(newsletter)):
        messages.success(request, "Resumed. Those who wait get it now.")
    else:
        messages.info(request, "It was not paused, so nothing changed.")
    return _back(newsletter)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask, then withdraw it from everybody who still waits. It stays in the archive."""
    newsletter = newsletter_for(request, slug, _SEND)
    if newsletter.mailing is None:
        return _back(newsletter)
    if request.method == "POST":
        withdrawn = mail.cancel(mailing=newsletter.mailing)
        who = (
            "Nobody gets it."
            if newsletter.mailing.preparing_since
            else f"{withdrawn} who still waited will not get it."
        )
        messages.success(request, f"Cancelled. {who}")
        return _back(newsletter)
    waiting = Delivery.objects.filter(mailing=newsletter.mailing, status__in=Delivery.OPEN).count()
    context = {"newsletter": newsletter, "waiting": waiting, "destructive": True}
    return render(request, "newsletters/newsletter_cancel.html", context)


@require_POST
def extend(request: HttpRequest, slug: str) -> HttpResponse:
    """Send it also to those who joined or agreed since."""
    newsletter = newsletter_for(request, slug, _SEND)
    try:
        added = extend_newsletter(newsletter=newsletter, by=user_of(request))
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        people = "person" if added == 1 else "people"
        messages.success(request, f"It is on its way to {added} more {people}." if added else "Nobody is new.")
    return _back(newsletter)


@require_safe
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """What became of it: numbers for whoever wrote it; people only for those who may see the members of every
    community that it went to.
    """
    newsletter = newsletter_for(request, slug, _CHANGE)
    if not newsletter.is_sent:
        return _back(newsletter)
    bounces = dict(
        Bounce.objects.filter(delivery__mailing=newsletter.mailing_id)
        .order_by()
        .values_list("kind")
        .annotate(Count("pk"))
        if newsletter.mailing_id
        else []
    )
    choice = choice_of(newsletter)
    left_out = dict(newsletter.left_out.order_by().values_list("reason").annotate(Count("pk")))
    context = {
        **progress_context(newsletter),
        "bounces": [(label, bounces.get(kind, 0)) for kind, label in Bounce.Kind.choices],
        "left_out": [(label, left_out.get(reason, 0)) for reason, label in LeftOut.Reason.choices],
        "links": newsletter.links.all(),
        "unsubscribes": newsletter.unsubscribes.count(),
        "to_whom": in_words(choice),
        "may_see_people": request.user.has_perm("communities.view_members", newsletter.community)
        and is_within(choice, user_of(request)),
    }
    if context["may_see_people"]:
        context |= _people(request, newsletter)
    return render(request, "newsletters/newsletter_report.html", context)


def _people(request: HttpRequest, newsletter: Newsletter) -> dict[str, object]:
    """Those with a name or address that is looked for; without one, those whom it did not reach."""
    words = text_of(request, "q")
    deliveries = Delivery.objects.filter(mailing=newsletter.mailing_id or 0)
    left_out = newsletter.left_out.select_related("associate")
    if words:
        found = Q(recipient__icontains=words) | Q(recipient_name__icontains=words)
        deliveries = deliveries.filter(found).looked_up()
        left_out = left_out.filter(Q(associate__email__icontains=words) | Q(associate__name__icontains=words))
    else:
        deliveries = deliveries.exclude(status__in=[*Delivery.OPEN, Delivery.Status.SENT])
    return {
        "words": words,
        "page_obj": page_of(request, deliveries.order_by("recipient_name", "pk"), 50),
        "left_out_people": left_out[:50] if words else [],
    }


def _mailing(newsletter: Newsletter) -> Mailing:
    if newsletter.mailing is None:
        raise Http404
    return newsletter.mailing


def _preview(newsletter: Newsletter) -> str:
    return f"{newsletter.get_absolute_url()}preview/"


def _back(newsletter: Newsletter) -> HttpResponse:
    return redirect("newsletters:preview", newsletter.slug)
