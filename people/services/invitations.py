"""Bringing people in: an invitation by email, which lets them choose a password and log in."""

from __future__ import annotations

import datetime as dt

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from mailing import tokens
from mailing.addresses import check_address, squeeze
from mailing.services import send_template
from people.models import Invitation, Organisation, User
from people.services.accounts import make_staff, mark_email_verified
from people.validators import read_name

#: How long an invitation's link works, in days.
INVITATION_DAYS = 14
_PURPOSE = "invitation"


class InvitationError(Exception):
    """The link of an invitation cannot be used. The message says why, in words for the person who followed it."""


@transaction.atomic
def invite(
    *, email: str, full_name: str, role: str, invited_by: User, organisation: Organisation | None = None
) -> User:
    """Find or make the person with this email address and tell them about a role; return them.

    ``role`` is words, as the email says them ("Study lead on HOVIS"); the caller then makes the role's own row. A
    person who has never logged in gets an invitation whose link works for ``INVITATION_DAYS`` days; anyone else gets a
    note. Name and organisation of a person who is there already stay as they are (an organisation that they lack is
    filled in).

    A second call for the same role while its invitation can still be used sends nothing. Raises ``ValidationError``
    with words for the form where the address is not one, or is of somebody who was deactivated (``check_invitable``
    asks the same beforehand), and where the name of somebody new has an address in it.
    """
    check_invitable(email)
    role = " ".join(role.split())
    user = _find_or_make(email=email.strip().lower(), full_name=full_name, organisation=organisation)
    if user.has_joined:
        _send_note(user=user, role=role, invited_by=invited_by)
        return user
    if not user.is_active:
        user.is_active, user.deactivated_at, user.deactivated_by = True, None, None
        user.save(update_fields=["is_active", "deactivated_at", "deactivated_by"])
    if not user.invitations.usable().filter(role=role).exists():
        _send_invitation(user=user, role=role, invited_by=invited_by)
    return user


@transaction.atomic
def invite_staff(
    *,
    email: str,
    full_name: str,
    invited_by: User,
    administrator: bool = False,
    organisation: Organisation | None = None,
) -> User:
    """Invite a person to be programme staff, and an administrator too if so asked; return them.

    Raises ``PermissionDenied`` unless ``invited_by`` is an administrator, otherwise as ``invite``.
    """
    if not invited_by.has_perm("people.manage_staff"):
        raise PermissionDenied
    role = "Administrator" if administrator else "Programme staff"
    user = invite(email=email, full_name=full_name, role=role, invited_by=invited_by, organisation=organisation)
    make_staff(user=user, by=invited_by, administrator=administrator)
    user.refresh_from_db()
    return user


def check_invitable(email: str) -> None:
    """Refuse, with a ``ValidationError``, an address that ``invite`` would refuse. Changes nothing."""
    check_address(email.strip())
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user and user.has_joined and not user.is_active:
        raise ValidationError(
            f"{user} has been deactivated. Ask programme staff to reactivate them before you give them a role.",
            code="deactivated",
        )


@transaction.atomic
def resend_invitation(*, invitation: Invitation, by: User) -> Invitation:
    """Send an open invitation again, expired or not, with a new link; the old link stops working.

    Returns the new invitation. Raises ``ValidationError`` where it was accepted or withdrawn meanwhile.
    """
    invitation = Invitation.objects.select_for_update().select_related("user").get(pk=invitation.pk)
    if not invitation.is_open or invitation.user.has_joined:
        raise ValidationError("This invitation has been accepted or withdrawn, so it was not sent again.")
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])
    return _send_invitation(user=invitation.user, role=invitation.role, invited_by=by)


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User) -> None:
    """Stop an invitation's link from working. The role that it told of is not touched: its own app takes that away.

    A person who never logged in and has no other open invitation may not log in any more, by any way. A second call
    changes nothing. Raises ``ValidationError`` where the invitation has been accepted.
    """
    invitation = Invitation.objects.select_for_update().select_related("user").get(pk=invitation.pk)
    if invitation.accepted_at:
        raise ValidationError("This invitation has been accepted. Deactivate the person instead.")
    if invitation.withdrawn_at:
        return
    now = timezone.now()
    invitation.withdrawn_at = now
    invitation.save(update_fields=["withdrawn_at"])
    user = invitation.user
    if not user.has_joined and not user.invitations.open().exists():
        user.is_active, user.deactivated_at, user.deactivated_by = False, now, by
        user.save(update_fields=["is_active", "deactivated_at", "deactivated_by"])


def read_invitation(token: str) -> Invitation:
    """The invitation whose link carries this token, if it can be used now; otherwise raises ``InvitationError``."""
    try:
        pk = tokens.read(_PURPOSE, token)
    except tokens.BadToken as error:
        raise InvitationError(
            "This link is not complete. Copy all of it from the email, or ask us for a new one."
        ) from error
    invitation = Invitation.objects.select_related("user", "invited_by").filter(pk=pk).first()
    if invitation is None or invitation.withdrawn_at or not invitation.user.is_active:
        raise InvitationError(
            "This invitation was withdrawn or replaced. Use the link in the latest email that we sent you."
        )
    if invitation.accepted_at or invitation.user.has_joined:
        raise InvitationError("This invitation has been used already. Log in with your email address.")
    if invitation.has_expired:
        raise InvitationError(
            f"This invitation has expired: it was for {INVITATION_DAYS} days. Ask us to send it again."
        )
    return invitation


@transaction.atomic
def accept_invitation(*, token: str, password: str) -> User:
    """Set the password of the person whom this invitation is for, and return them, ready to be logged in.

    Following the link proves that they read email at this address, so it counts as verified. All their open
    invitations count as accepted. Raises ``InvitationError`` where the link cannot be used (a second call among them:
    it works once) and ``ValidationError`` where the password is too weak.
    """
    invitation = read_invitation(token)
    user = User.objects.select_for_update().get(pk=invitation.user_id)
    if user.has_joined:
        raise InvitationError("This invitation has been used already. Log in with your email address.")
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    user.invitations.open().update(accepted_at=timezone.now())
    mark_email_verified(user)
    return user


def note_joined(*, user: User) -> None:
    """Count the open invitations of somebody who has just logged in as accepted: a code by email brings them in too."""
    user.invitations.open().update(accepted_at=timezone.now())


def _find_or_make(*, email: str, full_name: str, organisation: Organisation | None) -> User:
    user = User.objects.select_for_update().filter(email__iexact=email).first()
    if user is None:
        try:
            with transaction.atomic():
                user = User.objects.create_user(email, full_name=read_name(full_name), organisation=organisation)
                # Whoever asked to change to this address, and has not shown that it is theirs, has lost it.
                EmailAddress.objects.filter(email=user.email, verified=False).delete()
                EmailAddress.objects.create(user=user, email=user.email, primary=True)
                return user
        except IntegrityError:  # somebody else invited the same person between our look and our insert
            user = User.objects.select_for_update().get(email__iexact=email)
    if organisation and user.organisation_id is None:
        user.organisation = organisation
        user.save(update_fields=["organisation"])
    return user


def _send_invitation(*, user: User, role: str, invited_by: User) -> Invitation:
    now = timezone.now()
    invitation = Invitation.objects.create(
        user=user,
        role=role[:200],
        invited_by=invited_by,
        sent_at=now,
        expires_at=now + dt.timedelta(days=INVITATION_DAYS),
    )
    link = settings.SITE_URL + reverse("people:accept", args=[tokens.sign(_PURPOSE, str(invitation.pk))])
    send_template(
        to=user.email,
        name=squeeze(user.full_name),
        template="people/invitation",
        context={"person": user, "invitation": invitation, "invited_by": invited_by, "link": link},
        topic="invitation",
        secret=True,
        created_by=invited_by,
    )
    return invitation


def _send_note(*, user: User, role: str, invited_by: User) -> None:
    send_template(
        to=user.email,
        name=squeeze(user.full_name),
        template="people/new_role",
        context={
            "person": user,
            "role": role,
            "invited_by": invited_by,
            "link": settings.SITE_URL + reverse(settings.LOGIN_REDIRECT_URL),
        },
        topic="new role",
        created_by=invited_by,
    )
