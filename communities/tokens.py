"""Signed links: what they stand for, and whom."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from communities.models import Associate, Registration, Signup
from mailing import tokens

SIGNUP = "signup"
#: In bulk email, which people pass on: it opens what they are sent, and no more.
RECIPIENT = "recipient"
#: In email to one person, and behind a login: it opens everything that we hold on them.
OWNER = "owner"
CALENDAR = "calendar"
#: The subject of the link in a message that staff sent to themselves as a test. No associate's key looks like it.
TEST_SUBJECT = "test"


class UnknownLinkError(Exception):
    """A link is whole and ours, but what it stood for is no longer here."""


def signup_token(signup: Signup) -> str:
    """The token in the link by which a signup is confirmed."""
    return tokens.sign(SIGNUP, signup.key, at=signup.made_at)


def read_signup(token: str) -> Signup:
    """The signup behind a link, expired or not. Raises ``mailing.tokens.BadToken`` for a link that we did not make,
    ``UnknownLinkError`` where the signup has been deleted.
    """
    key = tokens.read(SIGNUP, token)
    signup = Signup.objects.filter(key=key).first()
    if signup is None:
        raise UnknownLinkError
    return signup


def owner_token(associate: Associate) -> str:
    """The token by which an associate reaches everything on them; it works as long as they are one."""
    return tokens.sign(OWNER, associate.key, at=associate.confirmed_at)


def is_owner(token: str) -> bool:
    """Whether a link is one of those that we send to nobody but their owner."""
    try:
        tokens.read(OWNER, token)
    except tokens.BadToken:
        return False
    return True


def read_recipient(token: str) -> Associate | None:
    """The associate behind a link, either kind, or None where the link was in a test message.

    Raises ``mailing.tokens.BadToken`` for a link that we did not make, ``UnknownLinkError`` for somebody erased.
    """
    key = tokens.read(OWNER if is_owner(token) else RECIPIENT, token)
    if key == TEST_SUBJECT:
        return None
    associate = Associate.objects.filter(key=key).first()
    if associate is None:
        raise UnknownLinkError
    return associate


def preferences_url(associate: Associate) -> str:
    """The address of an associate's own page, with everything on it, without the host."""
    return reverse("communities:preferences", args=[owner_token(associate)])


def registration_token(registration: Registration) -> str:
    """The token by which somebody who registered reaches their registration, and afterwards the questions about the
    event; it works as long as we know of it.
    """
    return tokens.sign(RECIPIENT, registration.key, at=registration.registered_at)


def read_registration(token: str) -> Registration:
    """The registration behind a link. Raises ``mailing.tokens.BadToken`` for a link that we did not make,
    ``UnknownLinkError`` for one that has been forgotten.
    """
    key = tokens.read(RECIPIENT, token)
    registration = Registration.objects.select_related("event__community").filter(key=key).first()
    if registration is None:
        raise UnknownLinkError
    return registration


def calendar_token(associate: Associate) -> str:
    """The token in the address of an associate's own calendar. It opens nothing else: calendar programs keep it. It
    works until they have a new address made.
    """
    number = associate.calendar_number
    subject = associate.key if number == 1 else f"{associate.key}~{number}"
    return tokens.sign(CALENDAR, subject, at=associate.confirmed_at)


def read_calendar(token: str) -> Associate:
    """The associate whose calendar it is. Raises ``mailing.tokens.BadToken`` for an address that we did not make,
    ``UnknownLinkError`` for somebody erased and for an address in whose place there is a new one.
    """
    key, _, number = tokens.read(CALENDAR, token).partition("~")
    associate = Associate.objects.filter(key=key, calendar_number=number or 1).first()
    if associate is None:
        raise UnknownLinkError
    return associate


def calendar_url(associate: Associate) -> str:
    """The whole address of an associate's own calendar, to paste into a calendar program."""
    return f"{settings.SITE_URL}{reverse('events:personal_calendar', args=[calendar_token(associate)])}"


def registration_path(registration: Registration) -> str:
    """The address of somebody's registration, without the host."""
    return reverse("events:registration", args=[registration_token(registration)])
