"""What recorded calls and tails cost the database: one write for whatever gathered, and nothing of the run's row."""

from __future__ import annotations

import asyncpg

from sagewai.core.stores.postgres import PostgresStore
from tests.contract.scene import Owner, Scene, spec
from tests.contract.test_calls import call
from tests.postgres_store.server import wait_until_alone
from tests.postgres_store.test_costs import write_transactions

RUNS = 100


async def owners(store: PostgresStore, scene: Scene) -> list[Owner]:
    session = await scene.session(max_concurrent=RUNS)
    await store.insert_runs([spec(f"r{number}") for number in range(RUNS)])
    claimed = await store.claim(session, await scene.routes(), RUNS)
    return [Owner(store, lease) for lease in claimed.runs]


async def updates(store: PostgresStore, admin: asyncpg.Connection, table: str) -> tuple[int, int]:
    """All of them, and those that touched no index."""
    await store.close()  # a server process reports what it did, at the latest when it ends
    await wait_until_alone(admin)
    row = await admin.fetchrow(
        "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = $1", table
    )
    return row["n_tup_upd"], row["n_tup_hot_upd"]


async def test_calls_of_a_hundred_runs_are_one_write_transaction(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    held = await owners(store, scene)
    before = await write_transactions(admin)
    await store.record_calls([call(owner) for owner in held])
    assert await write_transactions(admin) - before == 1
    await store.write_tails({owner.lease.key: ("fetch", "writer", "Dear") for owner in held})
    assert await write_transactions(admin) - before == 2


async def test_a_call_writes_its_size_and_less_than_a_kilobyte_more(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    async def written() -> int:
        position: int = await admin.fetchval("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return position

    held = await owners(store, scene)
    await admin.execute("checkpoint")
    await store.record_calls([call(owner) for owner in held])  # the first touch of a page is logged whole
    before = await written()
    for position in range(2, 12):
        await store.record_calls([call(owner, position=position) for owner in held])
    assert (await written() - before) / (10 * RUNS) <= 1_000


async def test_recording_writes_nothing_of_the_run_and_one_sum_for_all(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    held = await owners(store, scene)
    runs, sums = await updates(store, admin, "runs"), await updates(store, admin, "spending")
    for position in range(1, 11):
        await store.record_calls([call(owner, position=position) for owner in held])
    assert await updates(store, admin, "runs") == runs
    assert await updates(store, admin, "spending") == (sums[0] + 9, sums[1] + 9)


async def test_a_tail_is_not_logged_and_its_update_is_heap_only(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    assert await admin.fetchval(
        "select relpersistence = 'u' from pg_class where oid = 'sagewai.tails'::regclass"
    )
    held = await owners(store, scene)
    before, heap_only_before = await updates(store, admin, "tails")
    for number in range(10):
        await store.write_tails({owner.lease.key: ("fetch", "writer", f"Dear {number}") for owner in held})
    every, heap_only = await updates(store, admin, "tails")
    assert every - before == 9 * RUNS
    assert (heap_only - heap_only_before) / (9 * RUNS) >= 0.98
