"""Counters: changes are appended by whoever causes them and folded by anybody, and the sum never wavers."""

from __future__ import annotations

import asyncio

import asyncpg

from sagewai.core.stores.postgres import PostgresStore
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import Scene, spec


async def test_folding_changes_no_count_and_leaves_nothing_to_fold(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    await store.insert_runs([spec(f"r{number}") for number in range(20)])
    owner = await scene.take("r0")
    await owner.make(Move.FAILED)
    await (await scene.take("r1")).park()
    before = await store.counts()
    assert before.by_pool["default"] == {
        RunStatus.PENDING: 18,
        RunStatus.WAITING: 1,
        RunStatus.FAILED: 1,
    }
    assert (before.dead_letters, before.pending_approvals) == (1, 1)
    assert await admin.fetchval("select count(*) from sagewai.counter_deltas") > 0
    await asyncio.gather(*(store.tick() for _ in range(5)))
    await store.tick()
    assert await admin.fetchval("select count(*) from sagewai.counter_deltas") == 0
    assert await store.counts() == before

    await (await scene.take("r2")).finish()
    await store.tick()
    after = await store.counts()
    assert after.by_pool["default"][RunStatus.PENDING] == 17
    assert after.by_pool["default"][RunStatus.COMPLETED] == 1


async def test_no_step_of_a_run_appends_a_change(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    owner = await scene.own()
    await store.tick()
    await owner.make(Move.STEP_DONE)
    assert await admin.fetchval("select count(*) from sagewai.counter_deltas") == 0


async def test_what_is_folded_by_the_minute_is_kept_for_a_day(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    await scene.submit()
    await admin.execute("""
        insert into sagewai.counter_deltas (pool, what, n, at)
        values ('default', 5, 3, now() - interval '10 minutes'), ('default', 5, 4, now() - interval '2 days'),
               ('default', 5, 1, null), ('default', 2, -8, now()), ('', 101, 1, now())
    """)
    await admin.execute("""
        insert into sagewai.minutes (at, status, n)
        select date_trunc('minute', now()) - n * interval '1 minute', 6, 1 from generate_series(1439, 1445) as n
    """)
    unfolded = await store.rates(60)
    assert [dict(minute.entered) for minute in unfolded] == [{RunStatus.COMPLETED: 3}, {RunStatus.PENDING: 1}]
    await store.tick()
    assert await admin.fetchval("select count(*) from sagewai.counter_deltas") == 0
    assert await store.rates(60) == unfolded
    kept = await admin.fetch("select at, n from sagewai.minutes where status = 6")
    assert 1 <= len(kept) <= 2
    await store.tick()
    assert await store.rates(60) == unfolded
