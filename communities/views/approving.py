"""A second person's approval of a newsletter: asking for it, giving it, and sending the newsletter back."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import get_text_list
from django.views.decorators.http import require_http_methods, require_POST

from communities.forms import AskForm, SendBackForm
from communities.models import Newsletter
from communities.services import approval as service
from communities.services.errors import RefusedError, StaleVersionError
from communities.views.newsletters import newsletter_for
from people.requests import number_sent, sent, user_of


def _newsletter_for(request: HttpRequest, slug: str, permission: str) -> Newsletter:
    """As ``newsletter_for``; 404 for everybody where newsletters need no approval here."""
    if not settings.NEWSLETTERS_NEED_APPROVAL:
        raise Http404("Newsletters need no approval here.")
    return newsletter_for(request, slug, permission)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask colleagues by email to approve a newsletter."""
    newsletter = _newsletter_for(request, slug, "communities.change_newsletter")
    if request.method != "POST" and (newsletter.is_sent or newsletter.is_template):
        return redirect("newsletters:preview", slug)
    user = user_of(request)
    colleagues = service.approvers_for(newsletter, but=user)
    form = AskForm(sent(request), colleagues=colleagues)
    form.cancel_url = reverse("newsletters:preview", args=[slug])
    if request.method == "POST" and form.is_valid():
        chosen = list(form.cleaned_data["colleagues"])
        try:
            service.ask_for_approval(
                newsletter=newsletter, colleagues=chosen, by=user, words=form.cleaned_data["words"]
            )
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"We have emailed {get_text_list(list(map(str, chosen)), 'and')}.")
            return redirect("newsletters:preview", slug)
    context = {"newsletter": newsletter, "form": form, "colleagues": colleagues}
    return render(request, "newsletters/newsletter_ask.html", context)


@require_POST
def approve(request: HttpRequest, slug: str) -> HttpResponse:
    """Approve a newsletter as it is shown."""
    newsletter = _newsletter_for(request, slug, "communities.send_newsletter")
    version, shown = number_sent(request, "version"), request.POST.get("shown", "")
    try:
        service.approve_newsletter(newsletter=newsletter, version=version, by=user_of(request), shown=shown)
    except StaleVersionError:
        messages.error(request, "It has changed since you opened this page. Read it as it is now, then approve it.")
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Approved. It can be sent as it is.")
    return redirect("newsletters:preview", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def send_back(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what has to be changed. Where it was saved meanwhile, the words are kept and have to be sent once more."""
    newsletter = _newsletter_for(request, slug, "communities.send_newsletter")
    user, preview = user_of(request), reverse("newsletters:preview", args=[slug])
    if request.method != "POST" and (newsletter.is_sent or newsletter.is_template):
        return redirect(preview)
    if request.method != "POST" and newsletter.last_changed_by_id == user.pk:
        messages.info(request, "You changed this newsletter last, so you can change it again yourself.")
        return redirect(preview)
    form = SendBackForm(sent(request), initial={"version": newsletter.version})
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            service.send_back(newsletter=newsletter, by=user, **form.cleaned_data)
        except StaleVersionError as error:
            form, status = form.rebased_on(error.current.version), 409  # type: ignore[attr-defined]
            form.add_error(None, "It was saved again while you were writing. Look at it, then send your words.")
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "It is sent back. Whoever wrote it gets your words by email.")
            return redirect(preview)
    form.cancel_url = preview
    context = {"newsletter": newsletter, "form": form}
    return render(request, "newsletters/newsletter_send_back.html", context, status=status)
