"""Workers carry out bulk jobs beside their own work, with each sweep."""

from __future__ import annotations

from pathlib import Path

from sagewai import DurableWorkflow
from sagewai.core.commands import SWEPT_ITEMS, start_bulk
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.worker.bulk import BulkHand
from sagewai.models.bulk import BulkStatus
from sagewai.models.status import RunStatus
from tests.contract.scene import ALICE, spec
from tests.engine.helpers import until, until_status, working


async def test_a_worker_carries_out_a_job_that_nobody_else_does(sqlite_path: Path) -> None:
    """And a timer that is due in the meantime isn't late."""
    async with SQLiteStore(sqlite_path) as store:
        wf = DurableWorkflow("hello", store)

        @wf.step("greet")
        async def greet(name: str) -> str:
            return f"Hello {name}"

        runs = [f"r{number:03}" for number in range(3 * SWEPT_ITEMS + 1)]
        await store.insert_runs([spec(run_id) for run_id in runs])
        job = await start_bulk(store, "cancel", runs, actor=ALICE, reason="no more")
        await wf.submit(run_id="later", name="Ada", delay=0.01)

        async def is_over() -> bool:
            return (await store.get_bulk(job.id)).status is not BulkStatus.RUNNING

        async with working(store, [wf]):
            await until(is_over, timeout=3)
            await until_status(store, "later", RunStatus.COMPLETED, timeout=3)
        over = await store.get_bulk(job.id)
        assert (over.status, over.done) == (BulkStatus.DONE, len(runs))
        assert (await store.get_outcome(runs[-1])).by == ALICE.name


async def test_a_sweep_carries_out_a_bounded_batch_and_says_whether_another_is_due() -> None:
    store = InMemoryStore()
    runs = [f"r{number:03}" for number in range(2 * SWEPT_ITEMS + 1)]
    job = await start_bulk(store, "cancel", runs, actor=ALICE)
    hand = BulkHand(store)
    left = []
    while await hand.advance():
        left.append((await store.get_bulk(job.id)).left)
    assert left == [SWEPT_ITEMS + 1, 1]
    assert (await store.get_bulk(job.id)).refused == len(runs)
