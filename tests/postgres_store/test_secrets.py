"""The password stays where it is: no error, log or repr shows it, whatever goes wrong."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.errors import StoreError, StoreUnavailable
from tests.postgres.server import PostgresServer

PASSWORD = "hunter2-hunter2"


@pytest.fixture
def role(postgres_server: PostgresServer) -> Iterator[str]:
    """A role that may log in by password, and do nothing else."""
    name = "sagewai_test_someone"
    postgres_server.execute(f"drop role if exists {name}")
    postgres_server.execute(f"create role {name} login password '{PASSWORD}'")
    yield name
    postgres_server.execute(f"drop role {name}")


def with_login(url: str, login: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{login}@{rest.rpartition('@')[2]}"


async def test_no_failure_shows_the_password(
    postgres_server: PostgresServer, database_url: str, role: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody there, nobody of that name, no such database, no rights."""
    caplog.set_level(logging.DEBUG)
    name = database_url.rpartition("/")[2].partition("?")[0]
    loopback = postgres_server.loopback_url(name)
    urls = [
        f"postgresql://me:{PASSWORD}@127.0.0.1:1/nowhere",
        f"postgresql://me:{PASSWORD}@db.invalid/nowhere",
        with_login(postgres_server.loopback_url("no_such_database"), f"{role}:{PASSWORD}"),
        with_login(loopback, f"nobody_{role}:{PASSWORD}"),
        with_login(loopback, f"{role}:{PASSWORD}"),
    ]
    for url in urls:
        store = PostgresStore(url, acquire_timeout=5)
        with pytest.raises(StoreError, match=r"nowhere|no_such_database|sagewai_test") as failed:
            await store.initialize()
        assert not await store.wait("work", 0.05)
        await store.close()
        told = "".join(traceback.format_exception(failed.value)) + repr(failed.value) + repr(store)
        assert PASSWORD not in told
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("postgresql://me@127.0.0.1:1/nowhere", "'nowhere' on 127.0.0.1 port 1"),
        ("postgresql:///nowhere?host=/no/such/folder", "'nowhere' on /no/such/folder"),
    ],
)
async def test_a_server_that_is_not_there_is_named(url: str, what: str) -> None:
    with pytest.raises(StoreUnavailable, match=what):
        await PostgresStore(url).now()


async def test_a_database_that_is_not_there_is_named(postgres_server: PostgresServer) -> None:
    with pytest.raises(StoreUnavailable, match="no_such_database"):
        await PostgresStore(postgres_server.url("no_such_database")).now()
