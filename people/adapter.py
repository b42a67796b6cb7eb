"""How allauth behaves here: no self sign-up, messages that leave by the one door, a second factor that staff keep."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from mailing.addresses import check_address, squeeze
from mailing.services import send_template
from people.models import User
from people.second_factors import has_one_to_spare, seal, unseal
from people.services import note_joined

#: allauth's word for each message that lets its reader in, and what staff call it in the outbox.
_SECRET_TOPICS = {
    "login_code": "login code",
    "password_reset_key": "password reset",
    "email_confirmation": "email confirmation",
}

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """People come by invitation: nobody makes an account for themselves."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account has been deactivated. Ask the programme office if you need it.",
        "duplicate_email": "This is your email address already. Enter a different one.",
        "email_password_mismatch": (
            "The email address or the password is not right. Check both, or ask for a login code by email."
        ),
        "enter_current_password": "This is not your current password. Type it again.",
        "incorrect_code": "This code is not right. Check it, or ask for a new one.",
        "incorrect_password": "This password is not right. Type it again.",
        "too_many_login_attempts": "You have tried too many times. Wait 5 minutes, then try again.",
        "rate_limited": "You have asked too many times. Wait a few minutes, then try again.",
        "invalid_password_reset": "This link to reset a password cannot be used. Ask for a new one.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of allauth's messages as all others are sent, from ``templates/emails/people/<its name>.txt``."""
        name = template_prefix.rsplit("/", 1)[-1]
        person = User.objects.filter(email__iexact=email).first()
        try:
            send_template(
                to=email,
                name=squeeze(person.full_name) if person else "",
                template=f"people/{name}",
                context={**context, "email": email},
                topic=_SECRET_TOPICS.get(name, "account"),
                secret=name in _SECRET_TOPICS,
            )
        except ValidationError:
            # Anybody may type anything into the login page. What no message can reach, no account has.
            logger.info("No message can be sent to the address that was typed in for %s", name)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Log somebody in, by whatever way they came."""
        super().login(request, user)
        if isinstance(user, User):
            note_joined(user=user)

    def clean_email(self, email: str) -> str:
        """Refuse an address that no message can reach."""
        return check_address(super().clean_email(email))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirm a new address unless somebody else has come to have it since it was asked for."""
        taken = User.objects.filter(email__iexact=email_address.email).exclude(pk=email_address.user_id)
        if taken.exists():
            self.add_message(
                request,
                messages.ERROR,
                "account/messages/email_confirmation_failed.txt",
                {"email": email_address.email},
            )
            return False
        return bool(super().confirm_email(request, email_address))


class MFAAdapter(DefaultMFAAdapter):
    """The second factor."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right. Type the one that the app shows now.",
        "unverified_email": "Confirm your email address first: follow the link that we sent to it.",
        "cannot_generate_recovery_codes": "Set up an authenticator app or a passkey first.",
    }

    def encrypt(self, text: str) -> str:
        """Keep an app's secret, or the seed of recovery codes, so that nobody reads it in the database."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again. Raises ``people.second_factors.UnreadableSecretError`` where no key here opens it."""
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Programme staff may not turn off the last one that they have."""
        return has_one_to_spare(authenticator.user)
