"""Unsubscribing: by a page that asks, by a mail program's one click (RFC 8058), and back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from communities import tokens
from communities.forms import UnsubscribeForm
from communities.models import Associate, Community, Purpose
from communities.services.consents import give_consent, start_one_community, stop_communities, withdraw_consent
from communities.services.left import note_unsubscribe
from communities.services.several import communities_to_stop
from communities.views.preferences import for_associate
from communities.views.requests import bad_link, by_signed_link, text_of
from communities.wording import consent_wording
from mailing.tokens import BadToken

_ONE_CLICK = ("List-Unsubscribe", "One-Click")
#: By what something is stopped or asked for again, as the record of it says.
_HEADER, _PAGE, _UNDONE = "one-click unsubscribe", "unsubscribe page", "unsubscribe page, undone"


@csrf_exempt
@by_signed_link
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST does, at once and as often as it is sent.

    The link's ``list`` says which kind of email it came in, ``community`` whose; without them everything stops. One
    click stops the list that the message's ``List-Id`` names (docs/decisions/0012); the page behind the link offers
    less and more. No cross-site check is made: the token says whose request it is, and mail programs cannot answer one.
    """
    purpose, community = _list_of(request)
    is_one_click = request.method == "POST" and request.POST.get(_ONE_CLICK[0]) == _ONE_CLICK[1]
    try:
        associate = tokens.read_recipient(token)
    except BadToken:
        return bad_link(request, kind="broken")
    except tokens.UnknownLinkError:
        return bad_link(request, kind="erased", status=200 if request.method == "POST" else 410)
    if associate is None:
        return bad_link(request, kind="test", status=200)
    if is_one_click:
        _stop_list(associate, purpose, community)
        _note(request, associate, purpose)
        return HttpResponse("You are unsubscribed.\n", content_type="text/plain; charset=utf-8")
    issue = text_of(request, "issue")
    also = communities_to_stop(associate=associate, purpose=purpose, issue=issue) if community is None else []
    form = UnsubscribeForm(
        _with_default(request, purpose) if request.method == "POST" else None,
        purpose=purpose,
        community=community,
        also=also,
    )
    context = {"form": form, "token": token, "associate": associate, "also": also, "purpose": purpose}
    if request.method == "POST" and form.is_valid():
        context |= _stop(associate, form.cleaned_data["what"], purpose, [community] if community else also)
        _note(request, associate, purpose)
        context["is_sent_more"] = associate.consents.standing().exists()
        return render(request, "communities/unsubscribed.html", context)
    return render(request, "communities/unsubscribe.html", context)


def _stop_list(associate: Associate, purpose: str, community: Community | None) -> None:
    """Stop the list that a message came by: one community's, or else all emails of its kind.

    A monthly update tells of all communities of theirs, also where only one has news: they all stop.
    """
    if purpose in (Purpose.NEWSLETTERS, Purpose.EVENTS) and community:
        stop_communities(associate=associate, communities=[community], purpose=purpose, source=_HEADER)
    else:
        withdraw_consent(associate=associate, purposes=_purposes(purpose), source=_HEADER)


def _note(request: HttpRequest, associate: Associate, purpose: str) -> None:
    """Count it for the newsletter by whose link it came."""
    if purpose == Purpose.NEWSLETTERS:
        note_unsubscribe(associate=associate, issue=text_of(request, "issue"))


def _list_of(request: HttpRequest) -> tuple[str, Community | None]:
    purpose = text_of(request, "list")
    community = Community.objects.filter(slug=text_of(request, "community")).first()
    return (purpose if purpose in Purpose.values else ""), community


def _purposes(purpose: str) -> list[str]:
    return [purpose] if purpose else list(Purpose.values)


def _with_default(request: HttpRequest, purpose: str) -> dict[str, str]:
    """What was chosen; what the link stands for, where a program posted without choosing."""
    default = UnsubscribeForm.PURPOSE if purpose else UnsubscribeForm.EVERYTHING
    return {"what": request.POST.get("what", default)}


def _stop(associate: Associate, what: str, purpose: str, offered: list[Community]) -> dict[str, object]:
    """Do it; returns what the page needs to say so and to offer the way back."""
    by_choice = {f"{UnsubscribeForm.COMMUNITY}-{each.pk}": [each] for each in offered}
    chosen = {UnsubscribeForm.COMMUNITY: offered, UnsubscribeForm.ALL_OF_THESE: offered, **by_choice}.get(what)
    if chosen:
        stop_communities(associate=associate, communities=chosen, purpose=purpose, source=_PAGE)
        return {"communities": chosen, "purpose": purpose, "wordings": [], "stopped": [Purpose(purpose).label]}
    purposes = _purposes("" if what == UnsubscribeForm.EVERYTHING else purpose)
    withdrawn = withdraw_consent(associate=associate, purposes=purposes, source=_PAGE)
    again = [consent.purpose for consent in withdrawn]
    return {
        "stopped": [Purpose(each).label for each in purposes],
        "again": again,
        "wordings": [consent_wording(each) for each in again],
    }


@for_associate
@require_POST
def resubscribe(request: HttpRequest, associate: Associate, token: str) -> HttpResponse:
    """Take an unsubscription back, from the page that confirmed it. Only what was agreed to before comes back."""
    slugs = [slug.replace("\x00", "") for slug in request.POST.getlist("community")]
    communities = list(Community.objects.filter(slug__in=slugs))
    purposes = [each for each in request.POST.getlist("purpose") if each in Purpose.values]
    for purpose in purposes:
        for community in communities:
            start_one_community(associate=associate, community=community, purpose=purpose, source=_UNDONE)
        if not communities and associate.consents.filter(purpose=purpose).exists():
            wording = consent_wording(purpose)
            give_consent(associate=associate, purpose=purpose, wording=wording, source=_UNDONE)
    messages.success(request, "We will go on emailing you.")
    return redirect("communities:preferences", token)
