"""Messages that have left with return addresses of their own."""

from __future__ import annotations

import pytest

from mailing.bounces import verp
from mailing.engine import Engine
from mailing.models import Delivery


@pytest.fixture(autouse=True)
def _return_addresses(settings):
    settings.MAIL_VERP = True
    settings.MAIL_BOUNCE_ADDRESS = "bounces@example.org"


@pytest.fixture
def sent(newsletter):
    """A newsletter that was sent; returns Ann's copy of it."""

    def make(**fields) -> Delivery:
        mailing = newsletter(**fields)
        Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)
        return mailing.deliveries.get(recipient="ann@example.org")

    return make


@pytest.fixture
def back():
    """The return address of a delivery."""

    def make(delivery: Delivery) -> str:
        return verp.sender_for(delivery.pk, "portal@example.org")

    return make
