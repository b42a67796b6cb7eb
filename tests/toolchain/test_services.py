import os

import psycopg2
import pytest
import redis

from scripts.services import PrivatePostgres, PrivateRedis, ServiceError

pytestmark = [pytest.mark.fault, pytest.mark.once]
#: A developer's machine may lack a server; a check that must be whole may not.
MAY_LACK = os.environ.get("CI") != "true"


@pytest.mark.skipif(MAY_LACK and not PrivateRedis.is_installed(), reason="no redis-server here")
def test_private_redis_when_killed_and_started_again_then_keeps_what_it_took():
    with PrivateRedis() as server:
        client = redis.Redis.from_url(f"{server.url}/63")
        client.set("kept", "yes")
        server.restart()
        assert client.get("kept") == b"yes"
        client.close()
        folder, process = server.folder, server.process
    assert not folder.exists()
    assert process.poll() is not None


@pytest.mark.skipif(MAY_LACK and not PrivatePostgres.is_installed(), reason="no PostgreSQL server here")
def test_private_postgres_when_restarted_then_keeps_what_it_took():
    with PrivatePostgres() as server:
        for statement, expected in (("CREATE TABLE kept AS SELECT 1 AS n", None), ("SELECT n FROM kept", (1,))):
            connection = psycopg2.connect(f"{server.url}/postgres")
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                assert expected is None or cursor.fetchone() == expected
            connection.close()
            server.restart()
        folder = server.folder
    assert not folder.exists()


@pytest.mark.skipif(MAY_LACK and not PrivateRedis.is_installed(), reason="no redis-server here")
def test_private_redis_when_its_port_is_taken_then_says_so_and_leaves_nothing():
    with PrivateRedis() as first:
        second = PrivateRedis()
        second.port = first.port
        with pytest.raises(ServiceError, match="redis did not start"):
            second.__enter__()
        assert not second.folder.exists()
