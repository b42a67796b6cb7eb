import socket
from pathlib import Path

import pytest

from scripts.processes import free_port, port_is_free

pytestmark = pytest.mark.once


def test_free_port_when_asked_then_nobody_has_it_and_the_system_gives_it_to_nobody():
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 1
    assert all(not first <= port <= last for port in ports) or first <= 20_000
    port = ports.pop()
    with socket.create_server(("127.0.0.1", port)):
        assert not port_is_free(port)
    assert port_is_free(port)
