"""Inviting people, and what they meet when they follow the link."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required, permission_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from people import services
from people.forms import AcceptInvitationForm, InviteForm
from people.models import Invitation, User
from people.requests import sent, user_of


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("people.invite_person", raise_exception=True)
def invite(request: HttpRequest) -> HttpResponse:
    """Invite a person who has no role yet, or (administrators) programme staff."""
    form = InviteForm(sent(request), inviter=user_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            person = form.send()
        except ValidationError as error:  # it came true between our check and our write
            form.add_error("email", error)
        else:
            messages.success(request, f"We have written to {person.email}.")
            return redirect("people:detail", pk=person.pk)
    return render(request, "people/person_invite.html", {"form": form})


@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an open invitation again, with a new link."""
    invitation = _invitation(request, pk)
    try:
        services.resend_invitation(invitation=invitation, by=user_of(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request, f"We have written to {invitation.user.email} again. The earlier link has stopped working."
        )
    return redirect("people:detail", pk=invitation.user_id)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then stop an invitation's link from working."""
    invitation = _invitation(request, pk)
    if request.method == "POST":
        try:
            services.withdraw_invitation(invitation=invitation, by=user_of(request))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, "The invitation has been withdrawn. Its link has stopped working.")
        return redirect("people:detail", pk=invitation.user_id)
    return render(request, "people/invitation_withdraw.html", {"invitation": invitation, "destructive": True})


@login_not_required
@never_cache
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Public: whoever holds an invitation's link chooses a password and is logged in."""
    try:
        invitation = services.read_invitation(token)
    except services.InvitationError as error:
        return render(request, "people/invitation_unusable.html", {"reason": str(error)}, status=410)
    form = AcceptInvitationForm(sent(request), user=invitation.user)
    if request.method == "POST" and form.is_valid():
        try:
            user = services.accept_invitation(token=token, password=form.cleaned_data["password"])
        except services.InvitationError as error:  # the same link was used in another window meanwhile
            return render(request, "people/invitation_unusable.html", {"reason": str(error)}, status=410)
        return _log_in(request, user)
    return render(request, "people/invitation_accept.html", {"form": form, "invitation": invitation})


def _log_in(request: HttpRequest, user: User) -> HttpResponse:
    if request.user.is_authenticated:  # somebody else's browser: their session does not go on under a new name
        logout(request)
    response: HttpResponse = perform_login(request, user)
    return response


def _invitation(request: HttpRequest, pk: int) -> Invitation:
    """An invitation of a person whom the one who asks may see and invite."""
    people = User.objects.visible_to(request.user)
    invitation = get_object_or_404(Invitation.objects.select_related("user"), pk=pk, user__in=people)
    if not user_of(request).has_perm("people.invite_person"):
        raise PermissionDenied
    return invitation
