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
