"""What a step costs the database: write transactions, WAL, and updates that touch no index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import asyncpg

from sagewai.core.stores.postgres import PostgresStore
from sagewai.models.run import LeasedRun
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move, Transition
from tests.contract.scene import ORDERS, Scene, definition, spec
from tests.postgres_store.server import wait_until_alone

STEPS = tuple(f"step{number}" for number in range(10))
TEN = definition("ten", STEPS)
RESULT = json.dumps("x" * 198)


async def lease(store: PostgresStore, scene: Scene, count: int) -> list[LeasedRun]:
    """So many runs of ten steps, held."""
    session = await scene.session(definitions=(TEN, ORDERS))
    specs = [spec(f"run-{session}-{number}", workflow="ten", shape=TEN) for number in range(count)]
    await store.insert_runs(specs)
    claimed = await store.claim(session, await scene.routes(workflows=["ten"]), count)
    return list(claimed.runs)


async def advance(store: PostgresStore, runs: Sequence[LeasedRun]) -> list[LeasedRun]:
    """Record one step of each, in one batch."""
    last = runs[0].seq + 1 == len(STEPS)
    moves = [
        Transition(
            key=run.key,
            token=run.token,
            rev=run.rev,
            move=Move.COMPLETED if last else Move.STEP_DONE,
            outcome=Outcome.COMPLETED,
            seq=run.seq,
            step=STEPS[run.seq],
            attempt=1,
            result=RESULT,
            next_step=None if last else STEPS[run.seq + 1],
        )
        for run in runs
    ]
    statuses = await store.record(moves)
    assert set(statuses) == {RunStatus.COMPLETED if last else RunStatus.RUNNING}
    return [replace(run, rev=run.rev + 1, seq=run.seq + 1) for run in runs]


async def write_transactions(admin: asyncpg.Connection) -> int:
    count: int = await admin.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text::int8")
    return count


async def test_a_lone_runs_step_is_one_write_transaction(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    runs = await lease(store, scene, 1)
    before = await write_transactions(admin)
    for _ in STEPS:
        runs = await advance(store, runs)
    assert (await write_transactions(admin) - before) / len(STEPS) <= 1.3


async def test_a_hundred_runs_share_their_write_transactions(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    before = await write_transactions(admin)
    runs = await lease(store, scene, 100)
    for _ in STEPS:
        runs = await advance(store, runs)
    assert (await write_transactions(admin) - before) / (100 * len(STEPS)) <= 0.05


async def test_a_step_writes_less_than_a_kilobyte_of_wal(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    async def written() -> int:
        position: int = await admin.fetchval("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return position

    await admin.execute("checkpoint")
    runs = await advance(store, await lease(store, scene, 100))  # the first touch of a page is logged whole
    before = await written()
    for _ in STEPS[1:]:
        runs = await advance(store, runs)
    assert (await written() - before) / (100 * len(STEPS[1:])) <= 1_000


async def test_progress_is_a_heap_only_update(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    async def updates() -> tuple[int, int]:
        await store.close()  # a server process reports what it did, at the latest when it ends
        await wait_until_alone(admin)
        row = await admin.fetchrow(
            "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'runs'"
        )
        return row["n_tup_upd"], row["n_tup_hot_upd"]

    runs = await lease(store, scene, 300)
    all_before, hot_before = await updates()
    for _ in STEPS[1:]:
        runs = await advance(store, runs)
    all_after, hot_after = await updates()
    assert all_after - all_before == 300 * len(STEPS[1:])
    assert (hot_after - hot_before) / (all_after - all_before) >= 0.98


async def test_it_is_where_batches_overlap_too(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection, database_url: str
) -> None:
    """While another's batch is under way, what the batch before it replaced must stay on its page."""

    beside = [await asyncpg.connect(database_url) for _ in range(2)]
    runs = await lease(store, scene, 300)
    moved = 0
    for number in range(len(STEPS) - 1):
        other = beside[number % 2]
        if other.is_in_transaction():
            await other.execute("commit")
        await other.execute("begin isolation level repeatable read")
        await other.fetchval("select count(*) from sagewai.runs")
        before = await places(admin)
        runs = await advance(store, runs)
        after = await places(admin)
        moved += sum(after[key] != page for key, page in before.items())
    for other in beside:
        await other.close()
    assert moved / (300 * (len(STEPS) - 1)) <= 0.02


async def places(admin: asyncpg.Connection) -> dict[int, int]:
    """On which page each run is: a heap-only update leaves it there."""
    rows = await admin.fetch("select id, (ctid::text::point)[0]::int as page from sagewai.runs")
    return {row["id"]: row["page"] for row in rows}
