"""Fault 5: steps that swallow cancellation, never end, raise CancelledError, call sys.exit; their runs settle all the
same, in seconds, and the run beside them doesn't notice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import pytest

from sagewai.core.commands import cancel
from sagewai.core.stores.base import Store
from sagewai.models.status import Outcome, RunStatus
from tests.contract.scene import BOB
from tests.engine.helpers import until
from tests.faults.crew import Crew
from tests.faults.invariants import Acknowledged, broken, gather
from tests.faults.ledger import Ledger, Line
from tests.faults.report import Fault
from tests.faults.waiting import all_over
from tests.faults.workload import RETRIES, SHORT_RETRY, ledger_workflow

FLOW = "tests.faults.bad_steps:badly"
TIMED = "timed"
"""The pool whose worker gives each attempt TIMEOUT seconds."""

TIMEOUT = 0.3

SLACK = 5.0
"""Seconds beyond what leases, time-outs and back-offs add up to, as P7 has it."""

FAILING = ("raise cancelled", "exit the process", "interrupt itself")
ENDLESS = ("dawdle", "swallow cancellation", "hang in a thread")


@pytest.mark.one_database_when_short
async def test_bad_steps_are_settled_in_seconds(
    fault: Fault, store: Store, crew: Crew, ledger: Ledger, acknowledged: Acknowledged
) -> None:
    flow = ledger_workflow(store)
    innocent = (await flow.submit(run_id="innocent", pace=0.1)).run_id
    failing = [(await flow.submit(run_id=named(act), acts={"step-2": act})).run_id for act in FAILING]
    slow = [
        (await flow.submit(run_id=named(act, "timed"), acts={"step-2": act}, pool=TIMED)).run_id
        for act in ENDLESS
    ]
    stuck = [
        (await flow.submit(run_id=named(act, "cancelled"), acts={"step-2": act})).run_id for act in ENDLESS
    ]
    acknowledged.runs += [innocent, *failing, *slow, *stuck]

    worker = crew.start("worker", flow=FLOW, max_concurrent=20)
    timing = crew.start("timing", flow=FLOW, max_concurrent=20, pool=TIMED, flow_options={"timeout": TIMEOUT})
    began = await began_at(ledger, acknowledged.runs)
    for run_id in stuck:
        await crew.seen(worker, "step-2", run=run_id)
        began[run_id] = time.monotonic()
        await cancel(store, run_id, actor=BOB, reason="it hangs")

    tries = RETRIES + 1
    allowed = {
        innocent: SLACK,
        **dict.fromkeys(failing, tries * SHORT_RETRY + SLACK),
        **dict.fromkeys(slow, tries * (TIMEOUT + crew.lease + SHORT_RETRY) + SLACK),
        **dict.fromkeys(stuck, 2 * crew.lease + SLACK),
    }
    took = await settling(store, began, allowed, fault)
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    found = {run_id: evidence.stories[run_id] for run_id in acknowledged.runs}
    assert found[innocent].run.status is RunStatus.COMPLETED
    for run_id in failing:
        assert found[run_id].run.status is RunStatus.FAILED
        assert [each.outcome for each in found[run_id].attempts[1:]] == [Outcome.FAILED] * tries
    for run_id in slow:
        assert found[run_id].run.status is RunStatus.FAILED
        assert [each.outcome for each in found[run_id].attempts[1:]] == [Outcome.TIMED_OUT] * tries
    for run_id in stuck:
        assert found[run_id].run.status is RunStatus.CANCELLED
    assert {story.run.takeovers for story in found.values()} == {0}
    assert worker.code is None
    assert timing.code is None
    slowest = max(took, key=lambda run_id: took[run_id])
    fault.figure(f"{len(took)} runs settled, the slowest ({slowest}) in {took[slowest]:.1f} s")


def named(act: str, how: str = "") -> str:
    """A run's id that says what its second step does."""
    return f"{act} {how}".strip().replace(" ", "-")


async def began_at(ledger: Ledger, runs: list[str]) -> dict[str, float]:
    """When the first body of each ran."""

    async def all_of_them() -> dict[str, list[Line]]:
        found = ledger.by_run()
        return found if len(found) == len(runs) else {}

    found = await until(all_of_them)
    return {run_id: found[run_id][0].at for run_id in runs}


async def settling(
    store: Store, began: Mapping[str, float], allowed: Mapping[str, float], fault: Fault
) -> dict[str, float]:
    """How long each run took to end, none of them longer than allowed."""

    async def one(run_id: str) -> tuple[str, float]:
        within = allowed[run_id] - (time.monotonic() - began[run_id])
        fault.check(await all_over(store, [run_id], within=within))
        return run_id, time.monotonic() - began[run_id]

    return dict(await asyncio.gather(*(one(run_id) for run_id in allowed)))
