"""Connections: each event loop has its own, a few are enough, and a call that is cut short spoils none."""

from __future__ import annotations

import asyncio
import gc
import threading

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore, statements
from sagewai.errors import StoreUnavailable
from sagewai.models.page import RunQuery
from sagewai.models.status import RunStatus
from tests.contract.scene import Scene, spec
from tests.postgres_store.server import wait_until_alone

OTHERS = """
select count(*) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""


async def test_two_loops_in_two_threads_share_a_store_object(store: PostgresStore, scene: Scene) -> None:
    """As a worker's loop and its heartbeat's do: at the same time, without waiting for each other."""
    session = await scene.session()
    both = threading.Barrier(2, timeout=20)

    async def beat() -> int:
        both.wait()
        beats = [await store.heartbeat(session) for _ in range(50)]
        await store.close()
        return sum(beat.alive for beat in beats)

    beating = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(beat())))
    await asyncio.to_thread(both.wait)
    for number in range(50):
        await scene.submit(f"r{number}")
    assert await beating == 50
    assert len((await store.list_runs(RunQuery(limit=100))).items) == 50


async def test_a_loop_that_ends_takes_its_connections_along(
    store: PostgresStore, admin: asyncpg.Connection
) -> None:
    async def use() -> None:
        await asyncio.gather(store.now(), store.now(), store.wait("work", 0.05))

    await store.close()
    await asyncio.to_thread(lambda: asyncio.run(use()))
    await wait_until_alone(admin)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_connections_of_a_loop_that_was_closed_without_a_word_are_cut(
    store: PostgresStore, admin: asyncpg.Connection
) -> None:
    def abandon() -> None:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(store.now())
        loop.close()

    await store.close()
    await asyncio.to_thread(abandon)
    assert await admin.fetchval(OTHERS) == 1
    await store.now()
    await store.close()
    await wait_until_alone(admin)
    gc.collect()  # Python warns of what the loop left open, here and not in a later test


async def test_many_calls_share_few_connections(database_url: str, admin: asyncpg.Connection) -> None:
    async with PostgresStore(database_url, pool_size=2) as store:
        await asyncio.gather(*(store.now() for _ in range(50)))
        assert await admin.fetchval(OTHERS) == 2


async def test_idle_connections_are_taken_again(store: PostgresStore, admin: asyncpg.Connection) -> None:
    for _ in range(20):
        await store.now()
    assert await admin.fetchval(OTHERS) == 1


async def test_no_statement_makes_the_driver_ask_for_types(store: PostgresStore) -> None:
    """Its question takes the server 20 ms on each new connection."""
    asked: list[str] = []
    async with store._database.connection() as connection:
        connection.add_query_logger(lambda record: asked.append(record.query))
        for name in sorted(name for name in vars(statements) if name.isupper() and not name.startswith("_")):
            await connection.prepare(getattr(statements, name))
    assert asked == []


async def test_who_gets_no_connection_in_time_is_told(database_url: str) -> None:
    async with PostgresStore(database_url, pool_size=1, acquire_timeout=0.2) as store:
        waiting = asyncio.Event()

        async def hold() -> None:
            async with store._database.connection() as connection:
                waiting.set()
                await connection.execute("select pg_sleep(1)")

        holder = asyncio.create_task(hold())
        await waiting.wait()
        with pytest.raises(StoreUnavailable, match="in time"):
            await store.now()
        await holder
        await store.now()


async def test_a_statement_that_takes_too_long_is_given_up(database_url: str, scene: Scene) -> None:
    """Here one that waits for a lock: it is told as unavailable, and the connection serves the next call."""
    await scene.submit()
    async with PostgresStore(database_url, pool_size=1, command_timeout=0.3) as hasty:
        blocker = await asyncpg.connect(database_url)
        async with blocker.transaction():
            await blocker.execute("select from sagewai.runs where run_id = 'r1' for update")
            with pytest.raises(StoreUnavailable, match="in time"):
                await Scene(hasty).take("r1")
        await blocker.close()
        assert (await hasty.get_run("r1")).status is RunStatus.PENDING


async def test_a_cancelled_call_leaves_its_connection_usable(
    database_url: str, scene: Scene, admin: asyncpg.Connection
) -> None:
    async with PostgresStore(database_url, pool_size=1) as store:
        await store.now()
        async with admin.transaction():
            await admin.execute("lock table sagewai.runs")
            for call in (store.get_run("r1"), store.insert_runs([spec(f"r{n}") for n in range(2_000)])):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(call, 0.2)
        assert await store.insert_runs([spec("r1")])
        assert (await store.list_runs(RunQuery())).items[0].run_id == "r1"
        assert len((await store.list_runs(RunQuery())).items) == 1


@pytest.mark.parametrize("how", ["statement_cache_size=0", "parameter"])
async def test_a_pooler_sees_explicit_transactions_and_leaves_nothing_behind(
    database_url: str, how: str
) -> None:
    """With a cache of size 0 nothing may outlive a transaction: the next one may be on another server connection."""
    joined = "&" if "?" in database_url else "?"
    pooled = (
        PostgresStore(database_url, statement_cache_size=0)
        if how == "parameter"
        else PostgresStore(f"{database_url}{joined}{how}")
    )
    async with pooled as store:
        scene = Scene(store)
        owner = await scene.own()
        await owner.park()
        await scene.decide()
        await (await scene.take()).finish()
        assert await scene.status() is RunStatus.COMPLETED
        assert not await store.wait("work", 0.1)
        async with store._database.connection() as connection:
            named = await connection.fetch("select name from pg_prepared_statements where name <> ''")
            assert named == []
            assert await connection.fetchval("show enable_seqscan") == "on"
            assert await connection.fetchval("select count(*) from pg_listening_channels()") == 0


@pytest.mark.parametrize("cache", [0, 100])
async def test_calls_are_transactions_only_where_a_pooler_needs_it(database_url: str, cache: int) -> None:
    """Between poolers' clients a server connection changes hands after every transaction, not within one."""
    async with PostgresStore(database_url, statement_cache_size=cache, pool_size=1) as store:
        seen: list[bool] = []
        async with store._database.connection() as connection:
            connection.add_query_logger(lambda record: seen.append(record.query.startswith("begin")))
        await store.now()
        assert (True in seen) is (cache == 0)
