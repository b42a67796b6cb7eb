"""allauth's forms in our words: labels that say what to type, no placeholders, errors that say how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from people.models import User
from people.nhs_forms import NhsFormMixin
from people.second_factors import UnreadableSecretError, is_readable

_HOW_LONG = "At least 10 characters. Three random words make a good one."
_UNREADABLE = (
    "The portal cannot check your codes any more: its key was changed. Use a passkey if you have one, or ask the "
    "programme office to remove your second factor, so that you can set up a new one."
)
_BAD_PASSKEY = "We could not read what your passkey said. Try again, or use another way."
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


class _Passkey:
    """What a browser's passkey says is JSON that anybody may write: a form that cannot read it refuses it."""

    missing: ClassVar[str] = "Your browser gave us no passkey. Try again, with JavaScript turned on."
    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"].error_messages.update(required=self.missing, invalid=_BAD_PASSKEY)

    def clean_credential(self) -> Any:
        """The passkey that this is, where the form looks it up at once."""
        look_up = getattr(super(), "clean_credential", None)
        return _read(look_up) if look_up else self.cleaned_data["credential"]

    def clean(self) -> Any:
        """The form as a whole, where it reads the passkey only now."""
        return _read(super().clean)  # type: ignore[misc]


def _read(reader: Callable[[], Any]) -> Any:
    try:
        return reader()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValidationError(_BAD_PASSKEY, code="invalid") from error


class LoginForm(PlainForm, account.LoginForm):
    """Log in by password."""

    submit_label = "Log in"
    labels: ClassVar = {"login": "Email address", "password": "Password"}

    def clean_password(self) -> str:
        """Refuse the demonstration's password elsewhere: its people may still be in a database that has grown up."""
        password: str = self.cleaned_data["password"]
        if password == settings.DEMO_PASSWORD and not (settings.DEMO or settings.DEBUG):
            raise ValidationError("Everybody knows this password. Ask for a login code by email instead.", code="known")
        return password


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

    def clean_email(self) -> str:
        """Refuse somebody else's.

        allauth would take it, so as not to say who has an account, and a code for its owner could then log them in to
        the wrong one. Those who can ask here are logged in, and few.
        """
        email: str = super().clean_email()
        if User.objects.filter(email__iexact=email).exclude(pk=self.user.pk).exists():
            raise ValidationError("This address belongs to another account. Enter a different one.", code="taken")
        return email


class ReauthenticateForm(PlainForm, account.ReauthenticateForm):
    """Type the password once more before something that matters."""

    submit_label = "Continue"
    labels: ClassVar = {"password": "Password"}


class _Code:
    """A code of an app, or a recovery code, where one of the two may be sealed by a key that is gone."""

    user: User
    authenticator: Authenticator
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        """Refuse a wrong code; say so where the right one can no longer be known."""
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except UnreadableSecretError as error:
            # It was counted as a try before anything was read.
            for authenticator in Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN):
                code = self.cleaned_data["code"]
                if is_readable(authenticator) and authenticator.wrap().validate_code(code):
                    self.authenticator = authenticator
                    return str(code)
            raise ValidationError(_UNREADABLE, code="unreadable") from error


class AuthenticateForm(_Code, PlainForm, mfa.AuthenticateForm):
    """The second factor by a code."""

    submit_label = "Log in"
    labels: ClassVar = {"code": "Code"}
    hints: ClassVar = {"code": "6 digits from your authenticator app, or one of your recovery codes."}


class ReauthenticateByCodeForm(_Code, PlainForm, mfa.ReauthenticateForm):
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


class AddPasskeyForm(_Passkey, PlainForm, webauthn.AddWebAuthnForm):
    """Name a passkey or a security key, and say whether it is to be enough by itself."""

    labels: ClassVar = {"name": "What do you want to call it?", "passwordless": "Let me log in with this alone"}
    hints: ClassVar = {
        "name": "So that you can tell your keys apart, such as work laptop.",
        "passwordless": "Without the password. Your device will ask for your fingerprint, face or PIN.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True


class EditPasskeyForm(PlainForm, webauthn.EditWebAuthnForm):
    """Give a passkey another name."""

    submit_label = "Save the name"
    labels: ClassVar = {"name": "Name"}


class LoginByPasskeyForm(_Passkey, webauthn.LoginWebAuthnForm):
    """Log in with a passkey alone."""

    missing = "Your browser did not offer a passkey. Log in with your password or a code by email."


class AuthenticateByPasskeyForm(_Passkey, webauthn.AuthenticateWebAuthnForm):
    """The second factor by a passkey."""


class ReauthenticateByPasskeyForm(_Passkey, webauthn.ReauthenticateWebAuthnForm):
    """A passkey once more before something that matters."""
