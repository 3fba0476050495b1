"""What the tables keep beside the runs stays true: counters of each route, and deadlines that only sweeps look at."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.stores.sqlite.transaction import Row
from sagewai.core.transitions import Operation
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import ALICE, LONG, Scene


async def rows(store: SQLiteStore, sql: str) -> list[Row]:
    return await store._read(lambda tx: tx.rows(sql))


async def test_the_counters_of_every_route_are_what_counting_gives_after_runs_changed_theirs(
    store: SQLiteStore, scene: Scene
) -> None:
    session = await scene.session()
    for run_id, version in (("r1", "old"), ("r2", "older"), ("r3", "")):
        owner = await scene.own(run_id, session=session)
        status = await owner.make(Move.REFUSED, outcome=Outcome.RELEASED, route_version=version)
        assert status is RunStatus.PENDING
    await scene.take("r2", session=session)
    counted = Counter(await rows(store, "select status, route from runs"))
    kept = {(status, route): n for status, route, n in await rows(store, "select * from counters") if n}
    assert kept == counted


async def test_the_end_of_a_run_leaves_its_deadline_to_the_sweep_that_finds_it_over(
    sqlite_path: Path,
) -> None:
    now = 1_000.0
    async with SQLiteStore(sqlite_path, clock=lambda: now) as store:
        owner = await Scene(store).own(deadline=LONG)
        await owner.finish()
        assert len(await rows(store, "select * from deadlines")) == 1
        now += LONG
        assert (await store.tick()).timed_out == 0
        assert await rows(store, "select * from deadlines") == []
        assert await Scene(store).status() is RunStatus.COMPLETED


async def test_a_deadline_that_passed_while_the_run_was_over_does_not_end_the_retry(
    sqlite_path: Path,
) -> None:
    now = 1_000.0
    async with SQLiteStore(sqlite_path, clock=lambda: now) as store:
        scene = Scene(store)
        owner = await scene.own(deadline=LONG)
        await owner.make(Move.FAILED)
        now += LONG  # and nobody has swept since
        await store.operate("r1", Operation.RETRY, ALICE)
        assert (await store.tick()).timed_out == 0
        assert await scene.status() is RunStatus.PENDING


async def test_a_deadline_still_to_come_holds_for_the_retry_too(sqlite_path: Path) -> None:
    now = 1_000.0
    async with SQLiteStore(sqlite_path, clock=lambda: now) as store:
        scene = Scene(store)
        owner = await scene.own(deadline=LONG)
        await owner.make(Move.FAILED)
        await store.operate("r1", Operation.RETRY, ALICE)
        now += LONG
        assert (await store.tick()).timed_out == 1
        assert await scene.status() is RunStatus.FAILED
