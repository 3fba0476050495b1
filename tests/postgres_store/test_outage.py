"""A server that goes away is told at once, and used again as soon as it is back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.errors import StoreUnavailable
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import Scene
from tests.postgres.account import serving_account
from tests.postgres.binaries import find_binaries
from tests.postgres.local import LocalServer
from tests.postgres.server import PostgresServer
from tests.postgres_store.line import line_to

CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""


@pytest.fixture
def mortal_server() -> Iterator[LocalServer]:
    """A server that this test may stop: the session's may be somebody else's."""
    account = serving_account()
    server = LocalServer(find_binaries(account), account)
    yield server
    server.close()


async def test_a_stopped_server_is_told_quickly_and_found_again(mortal_server: LocalServer) -> None:
    with mortal_server.database() as name:
        async with PostgresStore(mortal_server.loopback_url(name)) as store:
            owner = await Scene(store).own()
            await asyncio.to_thread(mortal_server.stop_immediately)

            began = time.monotonic()
            for _ in range(3):
                with pytest.raises(StoreUnavailable, match=name):
                    await owner.make(Move.STEP_DONE)
            assert not await store.wait("work", 0.1)
            assert time.monotonic() - began < 5

            await asyncio.to_thread(mortal_server.start)
            assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING
            assert await owner.finish() is RunStatus.COMPLETED


async def test_cut_connections_cost_one_call_each_at_most(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    await asyncio.gather(*(store.now() for _ in range(4)))
    await admin.fetch(CUT)
    results = await asyncio.gather(*(store.now() for _ in range(4)), return_exceptions=True)
    assert all(not isinstance(each, BaseException) or isinstance(each, StoreUnavailable) for each in results)
    await scene.submit()
    assert await scene.status() is RunStatus.PENDING


async def test_a_connection_whose_line_went_dead_is_replaced(
    postgres_server: PostgresServer, database_url: str, store: PostgresStore
) -> None:
    """As when a firewall forgets it: nothing arrives, and nobody says that it is over."""
    name = database_url.rpartition("/")[2].partition("?")[0]
    async with (
        line_to(postgres_server.loopback_url(name)) as (line, url),
        PostgresStore(url, pool_size=1, command_timeout=0.5) as far,
    ):
        await far.now()
        line.go_dead()
        with pytest.raises(StoreUnavailable, match="in time"):
            await far.now()
        await far.now()


async def test_hints_are_heard_again_after_a_cut(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    """What happened while nobody listened counts as heard."""
    while not await store.wait("work", 0.2):
        await scene.submit(f"first-{time.monotonic()}")
    await admin.fetch(CUT)
    heard = asyncio.create_task(store.wait("work", 20))
    async with PostgresStore(store._database.target.url) as other:
        await Scene(other).submit("r1")
    assert await heard
