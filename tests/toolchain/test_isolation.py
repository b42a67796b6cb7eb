import socket

import pytest
from django.core.cache import cache

from tests.plugins.isolation import OutsideConnectionError


@pytest.mark.parametrize("address", ["192.0.2.1", "198.51.100.7"])
def test_connect_when_another_machine_then_refused_and_noted(outside_connections, address):
    with socket.socket() as tried, pytest.raises(OutsideConnectionError):
        tried.connect((address, 80))
    assert outside_connections == [address]
    outside_connections.clear()


def test_sendto_when_another_machine_then_refused_and_noted(outside_connections):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried, pytest.raises(OutsideConnectionError):
        tried.sendto(b"a question", ("192.0.2.53", 53))
    assert outside_connections == ["192.0.2.53"]
    outside_connections.clear()


def test_getaddrinfo_when_another_machines_name_then_refused_and_noted(outside_connections):
    with pytest.raises(OutsideConnectionError):
        socket.create_connection(("portal.example.org", 443))
    assert outside_connections == ["portal.example.org"]
    outside_connections.clear()


def test_connect_when_this_machine_then_let_through():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1])) as client,
    ):
        assert client.getpeername()[0] == "127.0.0.1"


@pytest.mark.parametrize("round_", [1, 2])
def test_cache_when_another_test_wrote_to_it_then_empty(round_):
    assert cache.get("left-behind") is None
    cache.set("left-behind", "by the other round")
