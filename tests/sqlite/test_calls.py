"""Calls on a file: few pages and one commit a batch, one answer for all processes, sums by the day, light tails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.stores.sqlite.connection import Connection
from sagewai.errors import StoreRefused
from sagewai.models.call import Spent
from tests.contract.scene import LONG, Scene
from tests.contract.test_calls import call
from tests.sqlite.processes import children
from tests.sqlite.test_speed import PAGE, Meter

ANSWER = '"' + "x" * 498 + '"'


async def test_calls_of_many_runs_are_one_small_transaction(store: SQLiteStore, scene: Scene) -> None:
    session = await scene.session(max_concurrent=100)
    owners = [await scene.own(f"r{number}", session=session) for number in range(100)]
    meter = Meter(store)
    await meter.start()
    began = time.perf_counter()
    for position in range(10):
        await store.record_calls([call(owner, ANSWER, position=position) for owner in owners])
    took = time.perf_counter() - began
    print(f"{took:.6f} s for 1000 calls, {meter.pages * PAGE / 1_000:.0f} WAL bytes a call")
    assert meter.commits == 10
    assert meter.pages * PAGE <= 2_500 * 1_000  # the call and its key, and the sums once a batch


# -- several processes ------------------------------------------------------------------------------------------------


async def test_processes_that_record_the_same_calls_all_get_the_same_answers(
    store: SQLiteStore, scene: Scene, sqlite_path: Path
) -> None:
    await scene.own()
    with children("agree", sqlite_path, count=4) as recorders:
        for recorder in recorders:
            recorder.go()
        said = {recorder.line() for recorder in recorders}
        assert [recorder.wait() for recorder in recorders] == [0] * 4
    (answers,) = said
    recorded = {f"{each.position}:{each.response}" for each in await store.calls_of("r1")}
    assert set(answers.split()) == recorded
    assert await store.spent("r1") == Spent(50, 5_000, 1_000, 12.5)
    (of_model,) = await store.spending("model")
    assert of_model.spent == Spent(50, 5_000, 1_000, 12.5)


async def test_a_worker_killed_anywhere_leaves_its_calls_and_their_sums_alike(
    store: SQLiteStore, scene: Scene, sqlite_path: Path
) -> None:
    await scene.own()
    acknowledged: list[str] = []
    for pause in (0.0, 0.03, 0.11):
        with children("pay", sqlite_path, count=2) as workers:
            for worker in workers:
                worker.go()
            acknowledged.append(workers[0].line())
            await asyncio.sleep(pause)
            for worker in workers:
                worker.kill()
            for worker in workers:
                acknowledged += worker.rest()
    calls = await store.calls_of("r1")
    assert {each.name for each in calls} >= set(acknowledged)
    batches = {each.name.rpartition("-")[0] for each in calls}
    assert len(calls) == 3 * len(batches)
    (of_workflow,) = await store.spending("workflow")
    assert (
        of_workflow.spent
        == await store.spent("r1")
        == Spent(len(calls), 100 * len(calls), 20 * len(calls), len(calls) / 4)
    )


# -- days -------------------------------------------------------------------------------------------------------------


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC)

    def __call__(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host on whose wall the day has begun long before."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "make",
    [lambda path, clock: SQLiteStore(path, clock=clock), lambda path, clock: InMemoryStore(clock=clock)],
    ids=["sqlite", "memory"],
)
async def test_a_day_begins_at_midnight_utc(
    sqlite_path: Path, make: Callable[[Path, Clock], Store], far_east: None
) -> None:
    clock = Clock()
    async with make(sqlite_path, clock) as store:
        owner = await Scene(store).own()
        for position, step in enumerate(
            (timedelta(0), timedelta(microseconds=1), timedelta(days=1), timedelta(days=30))
        ):
            clock.now += step
            await store.record_calls([call(owner, position=position, model=f"m{position}")])
        days = await store.spending("day")
        assert [each.key for each in days] == ["2026-04-02", "2026-03-03", "2026-03-02", "2026-03-01"]
        assert [each.spent.calls for each in days] == [1, 1, 1, 1]
        assert [each.key for each in await store.spending("day", limit=1)] == ["2026-04-02"]
        for span, keys in (
            (1, ["m3"]),
            (31, ["m2", "m3"]),
            (32, ["m1", "m2", "m3"]),
            (33, ["m0", "m1", "m2", "m3"]),
        ):
            assert [each.key for each in await store.spending("model", days=span)] == keys
            (of_workflow,) = await store.spending("workflow", days=span)
            assert of_workflow.spent.calls == len(keys) == len(await store.spending("day", days=span))


# -- tails ------------------------------------------------------------------------------------------------------------


async def test_a_tail_is_heard_by_whoever_opens_the_file(
    store: SQLiteStore, scene: Scene, sqlite_path: Path
) -> None:
    owner = await scene.own()
    await store.write_tails({owner.lease.key: ("fetch", "writer", "Dear Ada")})
    async with SQLiteStore(sqlite_path) as watcher:
        assert await watcher.tail_of("r1") == await store.tail_of("r1") is not None


async def test_a_tail_is_not_synced_and_the_next_step_is(store: SQLiteStore, scene: Scene) -> None:
    owner = await scene.own()
    synced: list[int] = []

    def listen(connection: Connection) -> None:
        def committed() -> bool:
            synced.append(connection._driver.pragma("synchronous"))
            return False

        connection._driver.set_commit_hook(committed)

    await store._here()._writer.run(listen)
    await store.write_tails({owner.lease.key: ("fetch", "writer", "Dear")})
    await store.record_calls([call(owner)])
    with pytest.raises(StoreRefused):
        await store.write_tails({owner.lease.key: ("fetch", "writer", "a\0b")})
    await store.record_calls([call(owner, name="next")])
    normal, full = 1, 2
    assert synced == [normal, full, full]


async def test_tails_of_long_ago_are_gone_when_the_next_is_written(sqlite_path: Path) -> None:
    now = 1_000.0
    async with SQLiteStore(sqlite_path, clock=lambda: now) as store:
        scene = Scene(store)
        session = await scene.session(lease_ttl=10 * LONG)
        owners = [await scene.own(f"r{number}", session=session) for number in range(3)]
        for owner in owners[:2]:
            await store.write_tails({owner.lease.key: ("fetch", "writer", owner.run_id)})
            now += 2_000
        await store.write_tails({owners[2].lease.key: ("fetch", "writer", "r2")})
        assert await store.tail_of("r0") is None
        for run_id in ("r1", "r2"):
            tail = await store.tail_of(run_id)
            assert tail is not None
            assert tail.text == run_id
