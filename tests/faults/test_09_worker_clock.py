"""Fault 9: workers whose clocks are an hour fast, an hour slow, or jump between both: time is the database's."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from sagewai.core.stores.base import Store
from sagewai.models.history import EventKind
from sagewai.models.status import Outcome, RunStatus
from tests.faults import telling
from tests.faults.clock import HOUR, misplace
from tests.faults.crew import Crew
from tests.faults.ending import judged, taken_from
from tests.faults.invariants import Acknowledged
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.traffic import Traffic
from tests.faults.workload import LONG_RETRY

CLOCKS = {"fast": str(HOUR), "slow": str(-HOUR), "jumping": "jumping"}
WRONG = {"fast": {1}, "slow": {-1}, "jumping": {1, -1}}
"""How each is off, in hours."""
DELAY = 1.5
DEADLINE = 2.0


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
async def test_no_run_is_lost_woken_or_failed_by_a_workers_clock(
    fault: Fault,
    long: bool,
    rng: random.Random,
    store: Store,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
    tmp_path: Path,
) -> None:
    """Leases, timers after a failed attempt, delays of submits and deadlines are all judged as the database judges."""
    flow = telling.telling_workflow()
    flow.store = store
    for name, word in CLOCKS.items():
        folder = tmp_path / name
        folder.mkdir()
        crew.start(
            name,
            flow="tests.faults.telling:telling_workflow",
            environment={telling.PATH: str(folder / "times"), **misplace(folder, word)},
        )
    async with Traffic(store, flow, acknowledged, rng) as traffic:
        begun = time.monotonic()
        late, retried, doomed = [], [], []
        for _ in range(30 if long else 6):
            late.append((await flow.submit(delay=DELAY)).run_id)
            retried.append((await flow.submit(acts={"step-1": telling.ACT, "step-3": "fail once"})).run_id)
            doomed.append((await flow.submit(acts={"step-2": "dawdle"}, deadline=DEADLINE)).run_id)

        def lasted() -> bool:
            """Long enough, and for every clock to have been told as wrong as it gets: who starts late is waited for."""
            seconds = time.monotonic() - begun
            told = {name: directions(tmp_path / name / "times") for name in CLOCKS}
            return seconds > 60 or (seconds > (40 if long else 2 * crew.lease) and told == WRONG)

        while not lasted():
            acknowledged.runs.append((await flow.submit(acts={"step-1": telling.ACT})).run_id)
            await asyncio.sleep(0.1)
        acknowledged.runs += late + retried + doomed
        await traffic.enough()
        evidence = await judged(fault, store, ledger, acknowledged, lease=crew.lease)

    assert {name: directions(tmp_path / name / "times") for name in CLOCKS} == WRONG
    for run_id in late:
        story = evidence.stories[run_id]
        [woken] = [event.at for event in story.events if event.kind is EventKind.WOKEN]
        assert 0 <= (woken - story.run.created_at).total_seconds() - DELAY < 5
    for run_id in retried:
        attempts = [each for each in evidence.stories[run_id].attempts if each.step == "step-3"]
        assert [each.outcome for each in attempts] == [Outcome.FAILED, Outcome.COMPLETED]
        assert 0 <= (attempts[1].started_at - attempts[0].finished_at).total_seconds() - LONG_RETRY < 5
    for run_id in doomed:
        run = evidence.stories[run_id].run
        assert run.status is RunStatus.FAILED
        assert 0 <= (run.changed_at - run.created_at).total_seconds() - DEADLINE < 5
    fault.figure(f"false reclaims {len(taken_from(evidence))} in {len(acknowledged.runs)} runs")
    assert not taken_from(evidence)


def directions(path: Path) -> set[int]:
    """By how many hours the times that a process told were off."""
    return {round(error / HOUR) for error in telling.errors_of(path)} if path.exists() else set()
