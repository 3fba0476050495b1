"""A made history reads as a lived one, and every operation that is measured in it can be carried out."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.models.page import DeadLetterQuery, RunQuery
from sagewai.models.status import Outcome, RunStatus
from tests.bench import growth, keeping, stock

LITTLE = stock.Stock(ended=800, pending=800, running=80)


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, sqlite_path: Path) -> Store:
    if request.param == "sqlite":
        return SQLiteStore(sqlite_path)
    return PostgresStore(request.getfixturevalue("migrated_url"))


async def test_a_made_history_is_read_and_worked_on_as_any_other(empty: Store) -> None:
    async with empty as store:
        await stock.fill(store, LITTLE)
        counts = await store.counts()
        found = {status: sum(pool.get(status, 0) for pool in counts.by_pool.values()) for status in RunStatus}
        assert found[RunStatus.COMPLETED] + found[RunStatus.FAILED] == LITTLE.ended
        assert found[RunStatus.PENDING] == LITTLE.pending + len(stock.WORKFLOWS) * len(stock.POOLS)
        assert found[RunStatus.RUNNING] == LITTLE.running
        assert sum(group.count for group in await store.group_dead_letters()) == found[RunStatus.FAILED] > 0

        (dead, *_) = (await store.list_dead_letters(DeadLetterQuery())).items
        attempts = await store.get_attempts(dead.run_id)
        assert [attempt.outcome for attempt in attempts] == [*[Outcome.COMPLETED] * 2, Outcome.FAILED]
        page = await store.list_runs(RunQuery(status=frozenset({RunStatus.COMPLETED})))
        assert page.items[0].steps_done == len(await store.get_results(page.items[0].run_id)) == 3

        side = growth.Side(store, full=False)
        await side.begin()
        for before, act in growth.operations().values():
            await before(side)
            await act(side)


async def test_runs_flow_beside_a_pruning(sqlite_path: Path) -> None:
    async with SQLiteStore(sqlite_path) as store:
        await stock.fill(store, stock.Stock(ended=3_000, pending=0, running=0))
        found = await keeping.keeping(store, seconds=0.05)
    assert [row.unit for row in found] == ["runs/s"] * 4
    assert all(row.ours > 0 for row in found)
