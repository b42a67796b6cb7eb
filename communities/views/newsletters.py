"""Newsletters: the public archive, and writing and sending them."""

from __future__ import annotations

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import escape
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities import tokens
from communities.audiences import choice_of, in_words
from communities.bulk_mail import newsletter_message
from communities.forms import NewsletterForm
from communities.markup import to_html
from communities.models import Newsletter
from communities.progress import progress_context, with_progress
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.newsletters import (
    SCHEDULED,
    audience_of,
    audience_since,
    create_newsletter,
    delete_newsletter,
    save_newsletter,
    send_newsletter,
    send_test,
)
from communities.views.manage import user_of
from communities.views.requests import edit, page_of, text_of
from mailing.models import Mailing
from mailing.tokens import sign


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
        "body": to_html(newsletter.body),
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
        "drafts": mine.exclude(status=Newsletter.Status.SENT).order_by("-updated_at", "-pk"),
        "page_obj": page,
        "sent": with_progress(page.object_list),
    }
    return render(request, "newsletters/newsletter_manage.html", context)


@permission_required("communities.write_newsletters", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a newsletter. ``?community=`` preselects the one it is for."""
    user = user_of(request)
    form = NewsletterForm(request.POST or None, user=user)
    wanted = form.fields["community"].queryset.filter(slug=text_of(request, "community")).first()  # type: ignore[attr-defined]
    form.initial["community"] = wanted.pk if wanted else None
    if request.method == "POST" and form.is_valid():
        newsletter = create_newsletter(by=user, **form.changes)
        messages.success(request, "The draft is saved.")
        return redirect("newsletters:preview", newsletter.slug)
    return render(request, "newsletters/newsletter_edit.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def edit_newsletter(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a draft."""
    newsletter = newsletter_for(request, slug, "communities.change_newsletter")
    user = user_of(request)
    if newsletter.is_sent and request.method != "POST":
        return redirect(newsletter)
    if newsletter.is_scheduled and request.method != "POST":
        messages.info(request, SCHEDULED)
        return redirect("newsletters:preview", newsletter.slug)

    def done(saved: Newsletter) -> HttpResponse:
        messages.success(request, "The draft is saved.")
        return redirect("newsletters:preview", saved.slug)

    return edit(
        request,
        form=NewsletterForm(request.POST or None, instance=Newsletter.objects.get(pk=newsletter.pk), user=user),
        template="newsletters/newsletter_edit.html",
        context={"newsletter": newsletter},
        save=lambda form: save_newsletter(
            newsletter=newsletter, version=form.cleaned_data["version"], changes=form.changes, by=user
        ),
        done=done,
    )


@require_safe
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """A draft as it will be read, and what can be done with it; after sending, how far it got."""
    newsletter = newsletter_for(request, slug, "communities.change_newsletter")
    context = {
        "newsletter": newsletter,
        "message": _filled(request, newsletter),
        "audience": None if newsletter.is_sent else audience_of(newsletter),
        "to_whom": in_words(choice_of(newsletter)),
        "may_send": request.user.has_perm("communities.send_newsletter", newsletter),
        "since": audience_since(newsletter).count() if newsletter.is_sent and _goes(newsletter) else 0,
        **progress_context(newsletter),
    }
    return render(request, "newsletters/newsletter_preview.html", context)


def _goes(newsletter: Newsletter) -> bool:
    """Whether it can still be sent to anybody: its sending was not cancelled."""
    return newsletter.mailing is None or newsletter.mailing.status != Mailing.Status.CANCELLED


_FRAME_POLICY = {
    "default-src": [NONE],
    "script-src": [NONE],
    "style-src": ["'unsafe-inline'"],  # mail programs know no other styles
    "form-action": [NONE],
    "img-src": [SELF, "data:"],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-popups"],
}


@xframe_options_sameorigin
@csp_replace(_FRAME_POLICY)  # type: ignore[arg-type]  # its hints know only views that take nothing but the request
@require_safe
def preview_html(request: HttpRequest, slug: str) -> HttpResponse:
    """The email as HTML, for the preview's frame: nothing in it runs, and it belongs to no site."""
    newsletter = newsletter_for(request, slug, "communities.change_newsletter")
    return HttpResponse(_filled(request, newsletter)["html"])


def _filled(request: HttpRequest, newsletter: Newsletter) -> dict[str, str]:
    """The message as whoever looks would get it; its links are those of a test."""
    message = newsletter_message(newsletter)
    name, token = str(request.user), sign(tokens.RECIPIENT, tokens.TEST_SUBJECT)
    return {
        "subject": message.subject,
        "text": message.text.replace("{{name}}", name).replace("{{token}}", token),
        "html": message.html.replace("{{name}}", escape(name)).replace("{{token}}", token),
    }


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
        version = request.POST.get("version", "")
        try:
            send_newsletter(
                newsletter=newsletter, version=int(version) if version.isdecimal() else 0, by=user_of(request)
            )
        except StaleVersionError as error:
            messages.error(request, f"{error} Look at it again before you send it.")
        else:
            messages.success(request, "The newsletter is on its way, and in the archive.")
        return redirect("newsletters:preview", newsletter.slug)
    if newsletter.is_sent:
        return redirect("newsletters:preview", newsletter.slug)
    to_whom = in_words(choice_of(newsletter))
    context = {"newsletter": newsletter, "audience": audience_of(newsletter), "to_whom": to_whom}
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
