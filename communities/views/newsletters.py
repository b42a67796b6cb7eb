"""Newsletters: the public archive, the list for who writes them, and sending them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities.approving import with_approval
from communities.audiences import choice_of, in_words
from communities.checks import findings
from communities.drawing import draw
from communities.models import Newsletter
from communities.progress import with_progress
from communities.services.approval import needs_approval
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.newsletters import audience_of, delete_newsletter, send_newsletter, send_test
from communities.views.requests import page_of, text_of
from people.requests import number_sent, user_of


def newsletter_for(request: HttpRequest, slug: str, permission: str) -> Newsletter:
    """A newsletter that this person may do something with: 404 where they may not see it, 403 where they may not."""
    newsletter = get_object_or_404(
        Newsletter.objects.visible_to(request.user).select_related("community__study", "mailing"), slug=slug
    )
    if not request.user.has_perm(permission, newsletter):
        raise PermissionDenied
    return newsletter


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every newsletter that was sent, newest first."""
    sent = Newsletter.objects.sent().select_related("community__study")
    community = text_of(request, "community")
    if community:
        sent = sent.filter(community__slug=community)
    return render(request, "newsletters/newsletter_list.html", {"page_obj": page_of(request, sent, 20)})


@login_not_required
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A newsletter in the archive. A draft leads whoever may see it to its preview."""
    newsletter = get_object_or_404(
        Newsletter.objects.visible_to(request.user).select_related("community__study"), slug=slug
    )
    if not newsletter.is_sent:
        return redirect("newsletters:preview", newsletter.slug)
    context = {
        "newsletter": newsletter,
        "drawn": draw(newsletter),
        "may_manage": request.user.has_perm("communities.change_newsletter", newsletter),
    }
    return render(request, "newsletters/newsletter_detail.html", context)


@permission_required("communities.write_newsletters", raise_exception=True)
@require_safe
def manage(request: HttpRequest) -> HttpResponse:
    """Drafts, and what was sent with how far it got: all for staff, those of their communities for convenors."""
    mine = Newsletter.objects.managed_by(request.user).select_related("community", "updated_by", "sent_by")
    page = page_of(request, mine.filter(status=Newsletter.Status.SENT).order_by("-sent_at", "-pk"), 25)
    context = {
        "drafts": with_approval(mine.exclude(status__in=["sent", "template"]).order_by("-updated_at", "-pk")),
        "templates": mine.filter(status=Newsletter.Status.TEMPLATE).order_by("title", "pk"),
        "page_obj": page,
        "sent": with_progress(page.object_list),
    }
    return render(request, "newsletters/newsletter_manage.html", context)


@require_POST
def test(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the newsletter to whoever writes it."""
    newsletter = newsletter_for(request, slug, "communities.change_newsletter")
    user = user_of(request)
    send_test(newsletter=newsletter, to=user)
    messages.success(request, f"A test is on its way to {user.email}.")
    return redirect("newsletters:preview", newsletter.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, slug: str) -> HttpResponse:
    """Say how many people would get it; then send it."""
    newsletter = newsletter_for(request, slug, "communities.send_newsletter")
    if request.method == "POST":
        try:
            send_newsletter(newsletter=newsletter, version=number_sent(request, "version"), by=user_of(request))
        except StaleVersionError as error:
            messages.error(request, f"{error} Look at it again before you send it.")
        except RefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "The newsletter is on its way, and in the archive.")
        return redirect("newsletters:preview", newsletter.slug)
    if newsletter.is_sent or newsletter.is_template or needs_approval(newsletter):
        return redirect("newsletters:preview", newsletter.slug)
    found = findings(newsletter)
    if any(finding.stops for finding in found):
        messages.error(request, "Something in this newsletter has to be mended before it is sent.")
        return redirect("newsletters:preview", newsletter.slug)
    context = {
        "newsletter": newsletter,
        "audience": audience_of(newsletter),
        "to_whom": in_words(choice_of(newsletter)),
        "findings": found,
    }
    return render(request, "newsletters/newsletter_send.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a draft, once it is sure."""
    newsletter = newsletter_for(request, slug, "communities.change_newsletter")
    if request.method == "POST":
        try:
            delete_newsletter(newsletter=newsletter)
        except RefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"The draft “{newsletter.title}” is deleted.")
        return redirect("newsletters:manage")
    if newsletter.is_sent or newsletter.is_scheduled:
        return redirect("newsletters:preview", newsletter.slug)
    return render(request, "newsletters/newsletter_delete.html", {"newsletter": newsletter, "destructive": True})
