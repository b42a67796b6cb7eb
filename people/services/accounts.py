"""Who may log in, who is programme staff, and what is left of a person who closes their account."""

from __future__ import annotations

import datetime as dt

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from mailing.addresses import ERASED_DOMAIN
from mailing.privacy import forget
from mailing.services import send_template
from people import privacy
from people.models import User

_LAST_ADMINISTRATOR = "Somebody has to look after the portal: make another person an administrator first."


def mark_email_verified(user: User) -> None:
    """Count this person's email address as verified, so that they may log in; a second call changes nothing."""
    EmailAddress.objects.filter(user=user).exclude(email=user.email.lower()).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=user.email.lower(), defaults={"verified": True, "primary": True}
    )


@transaction.atomic
def deactivate(*, user: User, by: User) -> None:
    """Stop this person from logging in, and log them out wherever they are; their roles and records stay.

    A second call changes nothing. Raises ``PermissionDenied`` where ``by`` may not (oneself; staff by somebody who is
    no administrator) and ``ValidationError`` for the last administrator.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not by.has_perm("people.deactivate_person", user):
        raise PermissionDenied
    if not user.is_active:
        return
    _refuse_last_administrator(user)
    user.is_active, user.deactivated_at, user.deactivated_by = False, timezone.now(), by
    user.save(update_fields=["is_active", "deactivated_at", "deactivated_by"])
    end_sessions(user)


@transaction.atomic
def reactivate(*, user: User, by: User) -> None:
    """Let a deactivated person log in again. A second call changes nothing.

    Raises ``PermissionDenied`` where ``by`` may not, and ``ValidationError`` where the person has closed their account.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not by.has_perm("people.deactivate_person", user):
        raise PermissionDenied
    if user.erased_at:
        raise ValidationError("They closed their account and their details are gone. Invite them anew instead.")
    user.is_active, user.deactivated_at, user.deactivated_by = True, None, None
    user.save(update_fields=["is_active", "deactivated_at", "deactivated_by"])


@transaction.atomic
def reset_second_factor(*, user: User, by: User | None) -> None:
    """Take authenticator app, passkeys and recovery codes from somebody who has lost them, log them out and tell them.

    They log in by password or emailed code and set up a new one. ``by`` is None for whoever runs the host, who helps
    the last administrator. Raises ``PermissionDenied`` where ``by`` may not (oneself; staff by somebody who is no
    administrator) and ``ValidationError`` where there is none, so that a second call tells nobody twice.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if by and not by.has_perm("people.reset_second_factor", user):
        raise PermissionDenied
    deleted, _ = Authenticator.objects.filter(user=user).delete()
    if not deleted:
        raise ValidationError("They have no second factor and no passkey, so there is none to remove.")
    end_sessions(user)
    send_template(
        to=user.email,
        name=user.full_name,
        template="people/second_factor_reset",
        context={"by": by, "person": user},
        topic="account",
    )


@transaction.atomic
def make_staff(*, user: User, by: User, administrator: bool = False) -> None:
    """Make this person programme staff, and an administrator too if so asked. A second call changes nothing.

    Raises ``PermissionDenied`` unless ``by`` is an administrator, ``ValidationError`` for a person who may not log in.
    """
    if not by.has_perm("people.manage_staff"):
        raise PermissionDenied
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise ValidationError("They are deactivated. Reactivate them first.")
    user.is_staff = True
    user.is_superuser = user.is_superuser or administrator
    user.save(update_fields=["is_staff", "is_superuser"])


@transaction.atomic
def remove_staff(*, user: User, by: User) -> None:
    """Make this person neither programme staff nor administrator. A second call changes nothing.

    Raises ``PermissionDenied`` unless ``by`` is an administrator, ``ValidationError`` for the last administrator.
    """
    if not by.has_perm("people.manage_staff"):
        raise PermissionDenied
    user = User.objects.select_for_update().get(pk=user.pk)
    _refuse_last_administrator(user)
    user.is_staff = user.is_superuser = False
    user.save(update_fields=["is_staff", "is_superuser"])


@transaction.atomic
def close_account(*, user: User) -> None:
    """Erase who this person is (UK GDPR, article 17): name, email address, job, organisation, ORCID iD, ways to log in.

    The programme's records of what they did stay, as a former member's, because the programme must account for its
    research. Messages sent to them no longer say to whom. Open invitations and sessions end. A second call changes
    nothing. Raises ``ValidationError`` for the last administrator.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.erased_at:
        return
    _refuse_last_administrator(user)
    now = timezone.now()
    privacy.erase(user)
    for address in {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}:
        forget(email=address)
    end_sessions(user)
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.invitations.open().update(withdrawn_at=now)
    user.groups.clear()
    user.user_permissions.clear()
    user.full_name, user.email = "Former member", f"former-member-{user.pk}@{ERASED_DOMAIN}"
    user.job_title = user.orcid = ""
    user.organisation = None
    user.is_active = user.is_staff = user.is_superuser = False
    user.erased_at = now
    user.set_unusable_password()
    user.save()


@transaction.atomic
def erase_person(*, user: User, by: User) -> None:
    """``close_account`` for somebody who asked for it and cannot log in, such as one who never accepted an invitation.

    Raises ``PermissionDenied`` unless ``by`` is an administrator, ``ValidationError`` for the last administrator.
    """
    if not by.has_perm("people.erase_person", user):
        raise PermissionDenied
    close_account(user=user)


def end_sessions(user: User) -> None:
    """Log this person out of every browser."""
    for session in UserSession.objects.filter(user=user):
        session.end()


def forget_sessions() -> int:
    """Delete sessions that have run out, and from where and by which browser those were; returns how many of these.

    A second call finds nothing.
    """
    now = timezone.now()
    Session.objects.filter(expire_date__lte=now).delete()
    live = Session.objects.filter(expire_date__gt=now).values("session_key")
    # A row may be written a moment before its session is.
    ended = UserSession.objects.filter(last_seen_at__lt=now - dt.timedelta(hours=1)).exclude(session_key__in=live)
    return ended.delete()[0]


def end_session(*, user: User, pk: int) -> bool:
    """Log this person out of one of their browsers; False where it is not theirs, or has ended already."""
    session = UserSession.objects.filter(user=user, pk=pk).first()
    if session:
        session.end()
    return session is not None


def _refuse_last_administrator(user: User) -> None:
    """Raise ``ValidationError`` if nobody else would be an administrator. Locks them all until the transaction ends."""
    if user.is_superuser and user.is_active:
        administrators = list(
            User.objects.administrators().select_for_update().order_by("pk").values_list("pk", flat=True)
        )
        if administrators == [user.pk]:
            raise ValidationError(_LAST_ADMINISTRATOR)
