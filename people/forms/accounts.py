"""allauth's forms in our words: labels that say what to type, no placeholders, errors that say how to mend it."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms

from people.nhs_forms import NhsFormMixin

_HOW_LONG = "At least 10 characters. Three random words make a good one."
_AS_TYPED = {"autocapitalize": "none", "spellcheck": "false"}


class _Words:
    """Gives each field its label and hint in our words, and takes placeholders away."""

    labels: ClassVar[dict[str, str]] = {}
    hints: ClassVar[dict[str, str]] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
            if isinstance(field, forms.EmailField):
                field.widget.attrs.update(_AS_TYPED)


class PlainForm(NhsFormMixin, _Words):
    """One of allauth's forms, drawn as ours are."""


class LoginForm(PlainForm, account.LoginForm):
    """Log in by password."""

    submit_label = "Log in"
    labels: ClassVar = {"login": "Email address", "password": "Password"}


class RequestLoginCodeForm(PlainForm, account.RequestLoginCodeForm):
    """Ask for a login code by email."""

    submit_label = "Send me a code"
    labels: ClassVar = {"email": "Email address"}


class ConfirmLoginCodeForm(PlainForm, account.ConfirmLoginCodeForm):
    """Type the code in."""

    submit_label = "Log in"
    labels: ClassVar = {"code": "Code from the email"}
    hints: ClassVar = {"code": "Letters and numbers, such as ABCD-EFGH."}


class ResetPasswordForm(PlainForm, account.ResetPasswordForm):
    """Ask for a link to choose a new password."""

    submit_label = "Send me a link"
    labels: ClassVar = {"email": "Email address"}


class ResetPasswordKeyForm(PlainForm, account.ResetPasswordKeyForm):
    """Choose a new password by that link."""

    submit_label = "Save the new password"
    labels: ClassVar = {"password1": "New password", "password2": "New password again"}
    hints: ClassVar = {"password1": _HOW_LONG}


class ChangePasswordForm(PlainForm, account.ChangePasswordForm):
    """Choose a new password, knowing the old one."""

    submit_label = "Change password"
    labels: ClassVar = {
        "oldpassword": "Current password",
        "password1": "New password",
        "password2": "New password again",
    }
    hints: ClassVar = {"password1": _HOW_LONG}


class SetPasswordForm(PlainForm, account.SetPasswordForm):
    """Choose a first password."""

    submit_label = "Set password"
    labels: ClassVar = {"password1": "Password", "password2": "Password again"}
    hints: ClassVar = {"password1": _HOW_LONG}


class ChangeEmailForm(PlainForm, account.AddEmailForm):
    """Ask for another email address to log in with."""

    labels: ClassVar = {"email": "New email address"}
    hints: ClassVar = {"email": "We send a link to it. Your address changes when you follow the link."}


class ReauthenticateForm(PlainForm, account.ReauthenticateForm):
    """Type the password once more before something that matters."""

    submit_label = "Continue"
    labels: ClassVar = {"password": "Password"}


class AuthenticateForm(PlainForm, mfa.AuthenticateForm):
    """The second factor by a code."""

    submit_label = "Log in"
    labels: ClassVar = {"code": "Code"}
    hints: ClassVar = {"code": "6 digits from your authenticator app, or one of your recovery codes."}


class ReauthenticateByCodeForm(PlainForm, mfa.ReauthenticateForm):
    """A code once more before something that matters."""

    submit_label = "Continue"
    labels: ClassVar = {"code": "Code"}
    hints: ClassVar = {"code": "6 digits from your authenticator app, or one of your recovery codes."}


class ActivateTOTPForm(PlainForm, totp.ActivateTOTPForm):
    """Show that the app is set up by typing the code that it shows."""

    submit_label = "Turn it on"
    labels: ClassVar = {"code": "6-digit code that the app shows"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.update({"inputmode": "numeric", **_AS_TYPED})


class AddPasskeyForm(PlainForm, webauthn.AddWebAuthnForm):
    """Name a passkey or a security key, and say whether it is to be enough by itself."""

    labels: ClassVar = {"name": "What do you want to call it?", "passwordless": "Let me log in with this alone"}
    hints: ClassVar = {
        "name": "So that you can tell your keys apart, such as work laptop.",
        "passwordless": "Without the password. Your device will ask for your fingerprint, face or PIN.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.fields["credential"].error_messages.update(
            required="Your browser gave us no passkey. Try again, with JavaScript turned on."
        )


class EditPasskeyForm(PlainForm, webauthn.EditWebAuthnForm):
    """Give a passkey another name."""

    submit_label = "Save the name"
    labels: ClassVar = {"name": "Name"}


class LoginByPasskeyForm(webauthn.LoginWebAuthnForm):
    """Log in with a passkey alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"].error_messages.update(
            required="Your browser did not offer a passkey. Log in with your password or a code by email."
        )
