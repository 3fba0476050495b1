"""Fault 15: a run whose step aborts the process every time, beside nine innocent ones."""

from __future__ import annotations

import pytest

from sagewai.core.stores.base import POISON_LIMIT, Store
from sagewai.models.status import Outcome, RunStatus
from tests.engine.helpers import until
from tests.faults.crew import Crew
from tests.faults.invariants import Acknowledged, broken, gather
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.waiting import all_over, settled
from tests.faults.workload import ledger_workflow

FLOW = "tests.faults.bad_steps:badly"
ABORTED = -6
WORKERS = 2
INNOCENT = 9


@pytest.mark.one_database_when_short
async def test_poison_is_given_up_and_the_innocent_complete(
    fault: Fault, long: bool, store: Store, crew: Crew, ledger: Ledger, acknowledged: Acknowledged
) -> None:
    flow = ledger_workflow(store)
    acknowledged.runs.append(
        (await flow.submit(run_id="poison", acts={"step-3": "abort the process"})).run_id
    )
    for number in range(INNOCENT):  # long enough to be aboard when a worker dies
        acknowledged.runs.append((await flow.submit(run_id=f"innocent-{number}", pace=0.4)).run_id)
    machine = None if long else ""  # in the short form deaths are proven, no lease is waited for
    alive = [crew.start(flow=FLOW, machine=machine) for _ in range(WORKERS)]

    async def given_up() -> bool:
        """As a supervisor does: whoever dies is started again."""
        for place, hand in enumerate(alive):
            if hand.code is not None:
                assert hand.code == ABORTED, hand.log()
                fault.killed()
                alive[place] = crew.start(flow=FLOW, machine=machine)
        return (await store.get_run("poison")).status is RunStatus.FAILED

    await until(given_up, timeout=POISON_LIMIT * (crew.lease + 4))
    fault.check(await settled(store, within=2 * crew.lease + 5))
    fault.check(await all_over(store, acknowledged.runs, within=10))
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    poison = evidence.stories["poison"]
    bodies = [line for line in evidence.lines["poison"] if line.step == "step-3"]
    assert poison.run.takeovers == len(bodies) == fault.kills == POISON_LIMIT
    assert [each.outcome for each in poison.attempts if each.step == "step-3"] == [
        Outcome.LOST
    ] * POISON_LIMIT
    assert evidence.dead_letters["poison"].error.code == "PoisonedRun"
    innocent = [story for run_id, story in evidence.stories.items() if run_id != "poison"]
    completed = sum(story.run.status is RunStatus.COMPLETED for story in innocent)
    assert completed == INNOCENT
    struck = sum(any(each.outcome is Outcome.LOST for each in story.attempts) for story in innocent)
    assert struck > 0, "none was aboard when a worker died: nothing was shown"
    fault.figure(
        f"{poison.run.takeovers} takeovers, then a dead letter; {completed}/{INNOCENT} innocent completed"
    )
