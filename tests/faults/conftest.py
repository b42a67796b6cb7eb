"""The column to break: SQLite and the file-system broker, or PostgreSQL and Redis where the run is on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from scripts.services import PrivatePostgres, PrivateRedis
from tests.faults.column import Column, Servers


@pytest.fixture(scope="session")
def on_servers() -> bool:
    """Whether this run is PostgreSQL's and Redis's. Then both must be here: one without them proves nothing."""
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return False
    if not (PrivatePostgres.is_installed() and PrivateRedis.is_installed()):
        pytest.fail("Faults on PostgreSQL and Redis need both servers installed: they are killed and restarted.")
    return True


@pytest.fixture(scope="session")
def servers(on_servers: bool) -> Iterator[Servers]:
    made = Servers(servers=on_servers)
    yield made
    made.stack.close()


@pytest.fixture
def column(servers: Servers) -> Iterator[Callable[..., Column]]:
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Column(servers=servers, **settings))
