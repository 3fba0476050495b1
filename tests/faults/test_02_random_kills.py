"""Fault 2: four workers, one of which is killed with -9 every 0.2 to 0.5 s, wherever chance has it."""

from __future__ import annotations

import asyncio
import random

import pytest

from sagewai.core.stores.base import Store
from sagewai.models.status import TERMINAL
from tests.faults.crew import Crew
from tests.faults.evidence import all_runs
from tests.faults.invariants import Acknowledged, broken, gather
from tests.faults.ledger import Ledger
from tests.faults.recovery import recovery
from tests.faults.report import Fault, percentile
from tests.faults.waiting import all_over, settled
from tests.faults.workload import ledger_workflow

WORKERS = 4
AT_ONCE = 15
"""Runs under way at any time: no more than one worker can hold, so that none waits for a place. More of them would be
hit twice before they record anything; of such suspects a worker takes one at a time, and the others rightly wait."""

PACE = 0.12
"""Seconds that a step takes."""


@pytest.mark.one_database_when_short
async def test_every_run_goes_on_within_a_lease_and_two_seconds(
    fault: Fault,
    long: bool,
    rng: random.Random,
    store: Store,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
) -> None:
    flow = ledger_workflow(store)
    left = 500 if long else 60
    alive = [crew.start(max_concurrent=AT_ONCE) for _ in range(WORKERS)]
    for hand in alive:
        await crew.session(hand, store)
    while True:
        under_way = sum(run.status not in TERMINAL for run in await all_runs(store))
        more = min(left, AT_ONCE - under_way)
        if not under_way + more:
            break
        for handle in await flow.submit_many([{"pace": PACE}] * more):
            acknowledged.runs.append(handle.run_id)
        left -= more
        await asyncio.sleep(rng.uniform(0.2, 0.5))
        sessions = await store.list_sessions(live_only=True)
        holding = {each.name for each in sessions if each.running}
        busy = [at for at, hand in enumerate(alive) if hand.name in holding]
        if not busy:  # a death that takes nothing along shows nothing
            continue
        victim = rng.choice(busy)
        alive[victim].kill()
        fault.killed()
        alive[victim] = crew.start(max_concurrent=AT_ONCE)
        await crew.session(alive[victim], store)  # there are four workers, whatever a start takes here

    fault.check(await settled(store, within=2 * crew.lease + 5))
    fault.check(await all_over(store, acknowledged.runs, within=2 * crew.lease + 5))
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    found = recovery(evidence, crew.hands)
    assert found.times
    for seconds in found.times:
        fault.recovered(seconds)
    p99 = percentile(sorted(found.times), 0.99)
    fault.figure(f"{len(found.times)} recoveries, p99 {p99:.2f} s, false reclaims {found.false}")
    assert p99 <= crew.lease + 2, f"a run waited {p99:.2f} s for its next body"
