"""The story's checks are not satisfied by just any run."""

from __future__ import annotations

from sagewai import WorkflowMonitor
from sagewai.core.stores.base import Store
from tui.demo import checks
from tui.demo.checks import Told
from tui.demo.desk import Desk


async def test_an_ordinary_run_passes_for_none_of_the_storys_runs(desk: Desk, store: Store) -> None:
    target = desk.next_list("quarter-1")
    desk.deliver(target)
    handle = await desk.order_list(target)
    await handle.result(timeout=10)
    monitor = WorkflowMonitor(store=store)
    run = Told(
        await monitor.get_execution(handle.run_id), await monitor.get_execution_timeline(handle.run_id)
    )

    killed = dict(checks.killed_and_resumed(run, actor="demo", bodies_of_read=2))
    assert {claim for claim, holds in killed.items() if holds} == {"the killed run completed"}
    assert [holds for _, holds in checks.rejected(run, actor="demo", reason="no")] == [False, False, True]
    assert [holds for _, holds in checks.retried_letter(run, actor="demo")] == [True, False, False, True]
    assert [holds for _, holds in checks.flaky(run)] == [False]
