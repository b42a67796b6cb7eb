"""How often an email may be asked for, so that nobody can have somebody else's inbox filled."""

from __future__ import annotations

import datetime as dt
import ipaddress

from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from communities.models import Attempt
from communities.services.errors import TooManyRequestsError

#: Emails that may be asked for within an hour: to one address, and from one network.
PER_ADDRESS = 3
PER_HOST = 30
WINDOW = dt.timedelta(hours=1)


def check_limit(*, email: str, host: str) -> None:
    """Count one request for an email to ``email`` from ``host``; raises ``TooManyRequestsError`` beyond the limits.

    The count is the same whether or not the address is known here. It lives in the database, so that it holds over
    every web process, and requests at the same moment are counted one after another. A refused request is not counted:
    an hour after the last that went through, it works again. Whole networks of IPv6 (a /64) count as one host.
    """
    keys = {"address": (email.lower(), PER_ADDRESS), "host": (_network_of(host), PER_HOST)}
    since = timezone.now() - WINDOW
    with transaction.atomic():
        _one_at_a_time([_digest(scope, value) for scope, (value, _) in keys.items()])
        for scope, (value, limit) in keys.items():
            made = Attempt.objects.filter(scope=scope, digest=_digest(scope, value), made_at__gt=since).count()
            if made >= limit:
                raise TooManyRequestsError(
                    "We have sent several emails to this address within an hour. Look in your inbox and your spam "
                    "folder, or try again in an hour."
                    if scope == "address"
                    else "Too many people on your network have asked for an email within an hour. Try again in an hour."
                )
        Attempt.objects.bulk_create(
            [Attempt(scope=scope, digest=_digest(scope, value)) for scope, (value, _) in keys.items()]
        )


def _one_at_a_time(digests: list[str]) -> None:
    """Wait for whoever counts the same address or network just now. SQLite has one writer at a time in any case."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Always in the same order, so that no two wait for each other.
            for number in sorted(int(digest[:15], 16) for digest in digests):
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def delete_old_attempts() -> int:
    """Forget what no limit looks at any more; returns how many rows that was."""
    return Attempt.objects.filter(made_at__lte=timezone.now() - WINDOW).delete()[0]


def _network_of(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if address.version == 6 else str(address)


def _digest(scope: str, value: str) -> str:
    """A keyed hash: the row tells nobody which address or network it was."""
    return salted_hmac(f"communities.attempt.{scope}", value, algorithm="sha256").hexdigest()
