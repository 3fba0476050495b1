"""Fault 1: kill -9 at every boundary a run passes, by failpoints, while another worker is there to go on."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys

import pytest

from sagewai.core.commands import approve
from sagewai.core.failpoints import VARIABLE as FAILPOINTS
from sagewai.core.stores.base import Store
from sagewai.models.status import Outcome, RunStatus
from tests.engine.helpers import until_status
from tests.faults.boundaries import DECIDING, REFUSING, SCENES, Stage, share
from tests.faults.crew import ROOT, Crew
from tests.faults.decider import REVIEWER
from tests.faults.evidence import Evidence
from tests.faults.invariants import Acknowledged, broken, gather
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.waiting import all_over, settled
from tests.faults.workload import STEPS, ledger_workflow

KILLED = -9
ROUNDS = 3
"""Of the long form."""


@pytest.fixture
def stage(store: Store, crew: Crew, acknowledged: Acknowledged) -> Stage:
    return Stage(store, crew, ledger_workflow(store), acknowledged)


@pytest.fixture
def places(request: pytest.FixtureRequest, pytestconfig: pytest.Config, long: bool) -> list[str]:
    """In the short form each place on one of the databases, in the long form all on both."""
    if long:
        return list(SCENES) * ROUNDS
    part = ["sqlite", "postgres"].index(request.node.callspec.params["store_url"])
    return share(SCENES, random.Random(pytestconfig.option.faults_seed), part=part, parts=2)


async def test_a_worker_killed_at_any_boundary_loses_nothing(
    fault: Fault, rng: random.Random, places: list[str], stage: Stage, ledger: Ledger
) -> None:
    scenes = {f"{number}-{place.replace(' ', '-')}": place for number, place in enumerate(places)}
    kills: dict[str, str] = {}
    slots = asyncio.Semaphore(8)  # more processes at once only starve each other

    async def play(label: str, place: str) -> None:
        scene = SCENES[place]
        async with slots:
            handle = await stage.flow.submit(run_id=label, labels={label: True}, acts=scene.acts)
            stage.acknowledged.runs.append(handle.run_id)
            nth = rng.randint(1, scene.times)
            victim = stage.crew.start(
                f"victim-{label}", labels={label: True}, failpoints=f"{place}=kill@{nth}", drain_timeout=0.1
            )
            if scene.lead is not None:
                await scene.lead(stage, handle.run_id, victim)
            assert await victim.ended(timeout=60) == KILLED, f"{place}@{nth}: {victim.log()}"
            kills[label] = f"{place}@{nth}"
            fault.killed()

    await asyncio.gather(*(play(label, place) for label, place in scenes.items()))
    for group in range(0, len(scenes), 32):  # a worker has 32 labels at most
        stage.crew.start(labels=dict.fromkeys(list(scenes)[group : group + 32], True), max_concurrent=32)
    for hand in list(stage.crew.hands.values())[len(scenes) :]:
        await stage.crew.session(hand, stage.store)

    fault.check(await settled(stage.store, within=2 * stage.crew.lease + 5))
    for label, place in scenes.items():
        if place.endswith("PARK"):
            await until_status(stage.store, label, RunStatus.WAITING, timeout=5)
            stage.acknowledged.decisions.append(
                await approve(stage.store, label, actor=REVIEWER, reason="yes")
            )
    fault.check(await all_over(stage.store, stage.acknowledged.runs, within=10))
    evidence = await gather(stage.store, ledger, stage.acknowledged)
    fault.check(broken(evidence))
    fault.check(
        [
            f"{kills[label]}: the run is {evidence.stories[label].run.status}"
            for label, place in scenes.items()
            if evidence.stories[label].run.status is not SCENES[place].end
        ]
    )
    extra = {label: duplicates(evidence, label) for label in scenes}
    fault.check(
        [f"{kills[label]}: {more} bodies more than needed" for label, more in extra.items() if more > 1]
    )
    fault.figure(f"{len(kills)} places, {sum(extra.values()) / len(kills):.2f} duplicate bodies per kill")


def duplicates(evidence: Evidence, run_id: str) -> int:
    """Bodies beyond those that ended by themselves: one for each recorded attempt that was neither lost nor let go."""
    ended = {
        (attempt.step, attempt.attempt, attempt.token)
        for attempt in evidence.stories[run_id].attempts
        if attempt.outcome not in (Outcome.LOST, Outcome.RELEASED, Outcome.CANCELLED)
    }
    bodies = {line[1:4] for line in evidence.lines[run_id]}
    return len({body for body in bodies if not body[0].endswith(":opened")} - ended)


@pytest.mark.parametrize("place", DECIDING)
@pytest.mark.one_database_when_short
async def test_a_reviewer_killed_around_the_decision_may_repeat_it(
    fault: Fault, place: str, store_url: str, stage: Stage, ledger: Ledger
) -> None:
    handle = await stage.flow.submit(acts={"step-3": "ask"})
    stage.acknowledged.runs.append(handle.run_id)
    stage.crew.start()
    await until_status(stage.store, handle.run_id, RunStatus.WAITING, timeout=30)
    died = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.faults.decider", handle.run_id],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SAGEWAI_STORE": store_url, FAILPOINTS: f"{place}=kill"},
        timeout=30,
    )
    assert died.returncode == KILLED
    fault.killed()
    repeated = await approve(stage.store, handle.run_id, actor=REVIEWER, reason="looks right")
    stage.acknowledged.decisions.append(repeated)
    fault.check(await all_over(stage.store, [handle.run_id], within=2 * stage.crew.lease + 5))
    evidence = await gather(stage.store, ledger, stage.acknowledged)
    fault.check(broken(evidence))
    assert evidence.stories[handle.run_id].run.status is RunStatus.COMPLETED


@pytest.mark.parametrize("place", REFUSING)
@pytest.mark.one_database_when_short
async def test_a_worker_killed_around_a_refusal_leaves_the_run_to_the_right_code(
    fault: Fault, place: str, stage: Stage, ledger: Ledger
) -> None:
    handle = await stage.flow.submit(acts={"step-2": "ask"})
    stage.acknowledged.runs.append(handle.run_id)
    before = stage.crew.start("before")
    await until_status(stage.store, handle.run_id, RunStatus.WAITING, timeout=30)
    before.signal(signal.SIGTERM)
    assert await before.ended() == 0
    victim = stage.crew.start(flow_options={"steps": ["another", *STEPS[1:]]}, failpoints=f"{place}=kill")
    stage.acknowledged.decisions.append(
        await approve(stage.store, handle.run_id, actor=REVIEWER, reason="yes")
    )
    assert await victim.ended(timeout=60) == KILLED, victim.log()
    fault.killed()
    await stage.crew.session(stage.crew.start("after"), stage.store)
    fault.check(await all_over(stage.store, [handle.run_id], within=2 * stage.crew.lease + 5))
    evidence = await gather(stage.store, ledger, stage.acknowledged)
    fault.check(broken(evidence))
    assert evidence.stories[handle.run_id].run.status is RunStatus.COMPLETED
