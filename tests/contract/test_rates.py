"""Rates: how many runs came into each status, minute by minute, kept as it happens and for a day."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.transitions import Operation
from sagewai.models.run import ForkSpec
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import summed
from tests.contract.scene import ALICE, LONG, Scene, spec

DAY = 86_400.0


async def test_each_arrival_counts_once_and_staying_counts_nothing(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await store.insert_runs([spec("a"), spec("b"), spec("later", delay=LONG)])
    await store.insert_runs([spec("held")], session=session)
    owner = await scene.take("a", session=session)
    await owner.make(Move.STEP_DONE)
    await owner.make(Move.RETRY)
    await owner.make(Move.RELEASED)
    await store.operate("a", Operation.SET_PRIORITY, ALICE, priority=3)
    await store.operate("b", Operation.PAUSE, ALICE)
    await store.operate("b", Operation.STEP, ALICE)
    await (await scene.take("b", session=session)).make(Move.FAILED)
    await store.operate("b", Operation.DISCARD, ALICE)
    await store.fork_run(ForkSpec("held", "fork", ALICE))
    expected = {"pending": 5, "running": 3, "waiting": 1, "paused": 1, "failed": 1}
    assert summed(await store.rates()) == expected
    await store.tick()
    await store.tick()
    assert summed(await store.rates()) == expected


async def test_a_move_of_many_counts_each_where_it_came(scene: Scene, store: Store) -> None:
    owners = [await scene.own(name) for name in ("done", "parked", "back", "on")]
    moves = (Move.COMPLETED, Move.PARK, Move.RELEASED, Move.STEP_DONE)
    before = summed(await store.rates())
    await store.record([owner.transition(move) for owner, move in zip(owners, moves, strict=True)])
    after = summed(await store.rates())
    came = {status: n - before.get(status, 0) for status, n in after.items() if n != before.get(status, 0)}
    assert came == {"completed": 1, "waiting": 1, "pending": 1}


async def test_minutes_begin_where_the_stores_clock_has_them(scene: Scene, store: Store) -> None:
    before = await store.now()
    await scene.submit()
    minutes = await store.rates(2)
    assert [dict(minute.entered) for minute in minutes] == [{RunStatus.PENDING: 1}]
    (minute,) = minutes
    assert (minute.at.second, minute.at.microsecond) == (0, 0)
    assert minute.at.utcoffset() == timedelta(0)
    assert before - timedelta(minutes=1) < minute.at <= await store.now()
    assert await store.rates(0) == []


async def test_a_store_where_nothing_happened_has_no_minutes(store: Store) -> None:
    assert await store.rates() == []


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_rates_are_kept_for_a_day(kind: str, sqlite_path: Path) -> None:
    """Where the clock can be set; PostgreSQL's table is looked at in its own tests."""
    start = now = 1_000_000_020.0  # a full minute
    clocked = InMemoryStore if kind == "memory" else partial(SQLiteStore, sqlite_path)
    async with clocked(clock=lambda: now) as store:
        for number, moment in enumerate((0.0, 61.0, 62.0, 3_600.0, DAY)):
            now = start + moment
            await Scene(store).submit(f"r{number}")
        kept = [
            (minute.at.timestamp() - start, *minute.entered.values()) for minute in await store.rates(9_999)
        ]
        assert kept == [(60.0, 2), (3_600.0, 1), (DAY, 1)]
        assert [minute.at.timestamp() - start for minute in await store.rates(1_380)] == [DAY]
        now = start + DAY - 120.0  # somebody set the clock back
        await Scene(store).submit("before")
        assert all(n > 0 for minute in await store.rates(9_999) for n in minute.entered.values())
