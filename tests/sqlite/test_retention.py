"""Retention in a file: no row of a pruned run is left anywhere, nor a tag that no run has any more."""

from __future__ import annotations

from sagewai.core.stores.sqlite import SQLiteStore, prune
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.status import RunStatus
from tests.contract.scene import Scene
from tests.contract.test_prune import lived
from tests.sqlite.test_plans import plans_of

OF_RUNS = (
    "select m.name from sqlite_master m, pragma_table_info(m.name) c "
    "where m.type = 'table' and c.name in ('run', 'approval', 'job')"
)


async def test_no_row_of_a_pruned_run_is_left(store: SQLiteStore, scene: Scene) -> None:
    await lived(scene, "complete")
    await scene.run_in(RunStatus.FAILED, "failed")
    await scene.run_in(RunStatus.CANCELLED, "cancelled", tags={"kept": "no"})
    assert await store.prune(0.0) == 3

    def left(tx: Transaction) -> dict[str, int]:
        tables = [name for (name,) in tx.rows(OF_RUNS)]
        return {name: tx.value(f"select count(*) from {name}") for name in [*tables, "runs", "tags"]}

    rows = await store._read(left)
    assert {"attempts", "earlier_decisions", "approval_contexts", "spent", "bulk_items", "tags"} <= set(rows)
    assert rows == dict.fromkeys(rows, 0)


async def test_pruning_looks_up_what_it_removes(store: SQLiteStore, scene: Scene) -> None:
    await scene.run_in(RunStatus.CANCELLED, "old")
    plans = await plans_of(store, lambda tx: (tx.rows(prune.OLD, 8, tx.now, 10), tx.rows(prune.OLD_BULK, 0)))
    assert [plan for _, plan in plans] == [
        ["SEARCH runs USING COVERING INDEX runs_status_changed (status=? AND changed_at<?)"],
        ["SEARCH bulk_jobs USING COVERING INDEX bulk_jobs_ended (ended_at<?)"],
    ]
