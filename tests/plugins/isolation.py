"""No test reaches beyond this machine, and none finds what another left in the cache."""

from __future__ import annotations

import ipaddress
import os
import socket

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

# Two processes on two busy cores: how long one example took, or finding it, says nothing. A check of a change gives the
# same answer twice; who works on the portal looks for new examples at each run.
hypothesis_settings.register_profile(
    "portal",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
hypothesis_settings.load_profile("portal")


class OutsideConnectionError(OSError):
    """A test tried to reach another machine."""


def is_loopback(host: str) -> bool:
    if host in {"", "localhost", "testserver"}:
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def outside_connections(monkeypatch):
    """Fails the test that connects to, sends to or looks up another machine, even if the code hides the error."""
    tried: list[str] = []

    def refuse(host: object) -> None:
        if isinstance(host, bytes):
            host = host.decode()
        if isinstance(host, str) and not is_loopback(host):
            tried.append(host)
            raise OutsideConnectionError(f"Tests stay on this machine; this one tried {host}.")

    def guard(name: str, position: int = 0) -> None:
        real = getattr(socket.socket, name)

        def guarded(self, *args):
            if self.family in {socket.AF_INET, socket.AF_INET6}:
                refuse(args[position][0])
            return real(self, *args)

        monkeypatch.setattr(socket.socket, name, guarded)

    real_getaddrinfo = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        if host is not None:
            refuse(host)
        return real_getaddrinfo(host, *args, **kwargs)

    guard("connect")
    guard("connect_ex")
    guard("sendto", position=-1)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield tried
    assert not tried, f"The test tried to reach {', '.join(tried)}"


@pytest.fixture(autouse=True)
def empty_cache():
    """Rate limits are counted in the cache. A Redis that a developer names is left as it is: it may be in use."""
    if not os.environ.get("CACHE_URL") or os.environ.get("TEST_REDIS_URLS"):
        cache.clear()
