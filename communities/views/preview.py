"""A newsletter as it will be read: on a wide screen and a phone, as plain text, and as a chosen person gets it."""

from __future__ import annotations

from dataclasses import dataclass

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.http import urlencode
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from communities import tokens
from communities.approving import approval_of
from communities.audiences import choice_of, in_words, is_within
from communities.bulk_mail import Message, newsletter_message
from communities.checks import findings, outside_links
from communities.models import Associate, Newsletter
from communities.outside_links import ask_all
from communities.progress import Progress, progress_context
from communities.services.approval import digest_of_shown
from communities.services.newsletters import audience_of, audience_since, recipients_of
from communities.views.newsletters import newsletter_for
from communities.views.requests import text_of
from mailing.models import Mailing
from mailing.tokens import sign
from people.requests import user_of

#: Of the frame, in pixels: about what mail programs give a message.
WIDTHS = {"wide": 720, "phone": 375}
#: Whoever is new is counted beside those who had it, which with more of them keeps the page waiting.
_COUNTED = 100_000


@dataclass(frozen=True)
class Reader:
    """Whose eyes a preview is for; ``found`` is False where the words that were asked for are nobody's."""

    name: str
    words: str = ""
    found: bool = True


@require_POST
def links(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the other websites that a newsletter leads to whether the pages are there."""
    newsletter = newsletter_for(request, slug, "communities.change_newsletter")
    if not settings.CHECK_OUTSIDE_LINKS:
        raise Http404
    answers = ask_all(outside_links(newsletter))
    return render(request, "newsletters/newsletter_links.html", {"newsletter": newsletter, "answers": answers})


@require_safe
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """A draft as it will be read, and what can be done with it; after sending, how far it got.

    ``?as=`` are words of the name or address of somebody who would get it, ``?width=phone`` narrows the frame.
    """
    newsletter = newsletter_for(request, slug, "communities.change_newsletter")
    reader = _reader(request, newsletter)
    is_open = not newsletter.is_sent and not newsletter.is_template
    shown = progress_context(newsletter)
    context = {
        "newsletter": newsletter,
        "message": filled(newsletter_message(newsletter), reader.name),
        "reader": reader,
        **frame_context(request),
        "frame_query": urlencode({"as": reader.words}) if reader.words and reader.found else "",
        "audience": audience_of(newsletter) if is_open else None,
        "to_whom": in_words(choice_of(newsletter)),
        "findings": findings(newsletter) if is_open else [],
        "check_links": is_open and settings.CHECK_OUTSIDE_LINKS,
        **_approval(newsletter),
        "changed_by_me": newsletter.last_changed_by_id == request.user.pk,
        "may_send": request.user.has_perm("communities.send_newsletter", newsletter),
        "since": _since(newsletter, shown.get("progress")),
        **shown,
    }
    return render(request, "newsletters/newsletter_preview.html", context)


def _approval(newsletter: Newsletter) -> dict[str, object]:
    """What was done towards its approval, also where that is over, and what is still to do."""
    is_open = settings.NEWSLETTERS_NEED_APPROVAL and not (newsletter.is_sent or newsletter.is_template)
    approval = approval_of(newsletter)
    return {
        "approval": approval,
        "approval_is_open": is_open,
        "needs_approval": is_open and not approval.holds,
        "shown": digest_of_shown(newsletter) if is_open else "",
    }


def frame_context(request: HttpRequest) -> dict[str, object]:
    """How wide the frame of a preview is: ``?width=phone`` narrows it."""
    width = text_of(request, "width") if text_of(request, "width") in WIDTHS else "wide"
    return {"width": width, "pixels": WIDTHS[width]}


def _since(newsletter: Newsletter, progress: object) -> int | None:
    """How many could have it who joined or agreed since it went; None where counting would keep the page waiting."""
    if not newsletter.is_sent or not _goes(newsletter):
        return 0
    if isinstance(progress, Progress) and progress.total > _COUNTED:
        return None
    return audience_since(newsletter).count()


def _goes(newsletter: Newsletter) -> bool:
    """Whether it can be sent to others, too: its list is made, and its sending was not cancelled."""
    mailing = newsletter.mailing
    return mailing is None or not (mailing.is_preparing or mailing.status == Mailing.Status.CANCELLED)


FRAME_POLICY = {
    "default-src": [NONE],
    "script-src": [NONE],
    "style-src": ["'unsafe-inline'"],  # mail programs know no other styles
    "form-action": [NONE],
    "img-src": [SELF, "data:"],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-popups"],
}


@xframe_options_sameorigin
@csp_replace(FRAME_POLICY)  # type: ignore[arg-type]  # its hints know only views that take nothing but the request
@require_safe
def preview_html(request: HttpRequest, slug: str) -> HttpResponse:
    """The email as HTML, for the preview's frame: nothing in it runs, and it belongs to no site."""
    newsletter = newsletter_for(request, slug, "communities.change_newsletter")
    html = filled(newsletter_message(newsletter), _reader(request, newsletter).name)["html"]
    # By whatever name the portal was opened here: pictures come from where the page came from.
    return HttpResponse(html.replace(f"{settings.SITE_URL}/newsletters/pictures/", "/newsletters/pictures/"))


def _reader(request: HttpRequest, newsletter: Newsletter) -> Reader:
    """Whoever looks, or somebody who would get it whose name or address has the words of ``?as=`` in it.

    Nobody is found by a convenor where it goes to more than the communities that they look after.
    """
    words = text_of(request, "as")
    if not words:
        return Reader(str(request.user))
    may_see = is_within(choice_of(newsletter), user_of(request))
    people = recipients_of(newsletter) if may_see else Associate.objects.none()
    found = people.filter(Q(name__icontains=words) | Q(email__icontains=words)).first()
    return Reader(found.name, words) if found else Reader(str(request.user), words, found=False)


def filled(message: Message, name: str) -> dict[str, str]:
    """A bulk message as somebody of this name would get it; its links are those of a test."""
    token = sign(tokens.RECIPIENT, tokens.TEST_SUBJECT)
    return {
        "subject": message.subject,
        "text": message.text.replace("{{name}}", name).replace("{{token}}", token),
        "html": message.html.replace("{{name}}", escape(name)).replace("{{token}}", token),
    }
