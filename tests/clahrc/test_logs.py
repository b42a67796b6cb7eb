"""What is logged tells nobody a link that would let them in."""

import logging

import pytest
from django.core.signing import dumps

from clahrc.logs import Formatter
from mailing.tokens import sign

pytestmark = pytest.mark.once


def line_of(address: str) -> str:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "%s: %s", ("Forbidden", address), None)
    return Formatter("{levelname} {message}", style="{").format(record)


@pytest.mark.parametrize(
    ("before", "key"),
    [
        ("/communities/preferences/", sign("recipient", "fkIj-_3Qd0kYt4kD8lQz3g")),
        ("/events/registration/", sign("recipient", "odd subject")),
        ("/people/accept/", sign("invitation", 12)),
        ("/accounts/confirm-email/", dumps(5, salt="account")),
        ("/accounts/password/reset/key/", "3-d3x8zv-0123456789abcdef0123456789abcdef"),
    ],
    ids=["preferences", "registration", "invitation", "confirming", "reset"],  # not keys, which hold the time
)
def test_line_when_an_address_holds_a_key_then_it_is_left_out(before, key):
    assert line_of(f"{before}{key}/details/") == f"WARNING Forbidden: {before}[key]/details/"


@pytest.mark.parametrize("address", ["/studies/the-long-study-of-heart-failure-in-nottinghamshire/", "/events.ics"])
def test_line_when_an_address_holds_none_then_it_stays(address):
    assert line_of(address) == f"WARNING Forbidden: {address}"


def test_request_when_a_link_does_not_work_then_the_log_does_not_hold_it(client, db, programme):
    handler = next(each for each in logging.getLogger().handlers if isinstance(each.formatter, Formatter))
    kept: list[str] = []
    spy = logging.Handler()
    spy.emit = lambda record: kept.append(handler.format(record))
    logging.getLogger("django.request").addHandler(spy)
    try:
        client.get(f"/communities/preferences/{sign('recipient', 'nobody')}/")
    finally:
        logging.getLogger("django.request").removeHandler(spy)
    assert kept
    assert all("[key]" in line and "nobody" not in line for line in kept)
