"""What tests of people share: what was written to whom, and people at each step of joining."""

from __future__ import annotations

import re

import pytest

from mailing.models import Delivery
from people import services
from people.models import User


@pytest.fixture
def letters_to(db):
    """``letters_to("jo@example.org")``: the messages that wait for this address, oldest first."""

    def find(address: str) -> list:
        found = Delivery.objects.filter(recipient__iexact=address).order_by("pk").select_related("mailing")
        return [delivery.mailing for delivery in found]

    return find


def link_in(text: str, start: str) -> str:
    """The path of the link in this message that begins with ``start``."""
    match = re.search(rf"https?://[^/\s]+({re.escape(start)}\S*)", text)
    assert match, text
    return match.group(1)


@pytest.fixture
def invited(staff, letters_to) -> tuple[User, str]:
    """Somebody invited and not here yet, with the path of their link."""
    user = services.invite(email="Jo@Example.org", full_name="Jo Marsh", role="Study lead on HOVIS", invited_by=staff)
    return user, link_in(letters_to("jo@example.org")[-1].text, "/people/accept/")


@pytest.fixture
def member(db) -> User:
    """Somebody who can log in by password as allauth wants it."""
    user = User.objects.create_user("member@example.org", "a-long-enough-password", full_name="Robin Member")
    services.mark_email_verified(user)
    return user
