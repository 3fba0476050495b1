"""Fault 4: a step blocks its event loop for three leases, or holds the GIL past the lease, beside an idle worker."""

from __future__ import annotations

import pytest

from sagewai import DurableWorkflow
from sagewai.core.stores.base import Store
from sagewai.models.history import EventKind
from sagewai.models.status import Outcome
from tests.engine.helpers import until
from tests.faults.bad_steps import HOLD, HOLD_FROM
from tests.faults.crew import Crew, Hand
from tests.faults.invariants import Acknowledged, broken, gather
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.waiting import all_over, settled
from tests.faults.workload import ledger_workflow

FLOW = "tests.faults.bad_steps:badly"


@pytest.fixture
def flow(store: Store) -> DurableWorkflow:
    return ledger_workflow(store)


async def blocked_beside_another(crew: Crew, store: Store, ledger: Ledger) -> Hand:
    """A worker in the step that blocks it for three leases, and another that lives to take its run over."""
    go = ledger.path.with_name("go")
    environment = {HOLD: str(3 * crew.lease), HOLD_FROM: str(go)}
    blocked = crew.start("blocked", flow=FLOW, environment=environment)
    await crew.seen(blocked, "step-3")
    await crew.session(crew.start("other", flow=FLOW, environment=environment), store)
    go.touch()
    return blocked


@pytest.mark.one_database_when_short
async def test_a_blocked_event_loop_costs_no_lease(
    fault: Fault, store: Store, crew: Crew, ledger: Ledger, acknowledged: Acknowledged, flow: DurableWorkflow
) -> None:
    handle = await flow.submit(acts={"step-3": "block the loop"})
    acknowledged.runs.append(handle.run_id)
    blocked = await blocked_beside_another(crew, store, ledger)
    fault.check(await settled(store, within=2 * crew.lease + 5))
    fault.check(await all_over(store, acknowledged.runs, within=3 * crew.lease + 5))
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    story = evidence.stories[handle.run_id]
    false = [event for event in story.events if event.kind is EventKind.TAKEN_OVER]
    fault.check([f"{event.detail['worker']} lost a run to a blocked loop" for event in false])
    assert {attempt.worker for attempt in story.attempts} == {"blocked"}
    assert "its event loop is blocked" in blocked.log()
    fault.figure(f"loop blocked: false reclaims {len(false)}")


@pytest.mark.one_database_when_short
async def test_a_held_gil_costs_the_lease_once_and_what_is_written_late_is_refused(
    fault: Fault, store: Store, crew: Crew, ledger: Ledger, acknowledged: Acknowledged, flow: DurableWorkflow
) -> None:
    handle = await flow.submit(acts={"step-3": "hold the gil"})
    acknowledged.runs.append(handle.run_id)
    blocked = await blocked_beside_another(crew, store, ledger)
    fault.check(await all_over(store, acknowledged.runs, within=2 * crew.lease + 5))

    async def woke() -> bool:
        return "is not the current one any more" in blocked.log()

    await until(woke, timeout=3 * crew.lease + 5)
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    story = evidence.stories[handle.run_id]
    taken = [event.detail["worker"] for event in story.events if event.kind is EventKind.TAKEN_OVER]
    assert taken == ["blocked"], "reclaimed once"
    recorded = {
        attempt.step: attempt.worker for attempt in story.attempts if attempt.outcome is Outcome.COMPLETED
    }
    assert recorded["step-3"] == "other"
    assert "GIL" in blocked.log(), "whoever reads the log learns the cause"
    fault.figure("GIL held: reclaimed once, late write refused")
