"""Fault 16: SIGTERM, once and twice: in a step, at the suspension, around the commit."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from sagewai.core.commands import approve
from sagewai.core.stores.base import Store
from sagewai.models.status import Outcome, RunStatus
from tests.contract.scene import ALICE
from tests.faults.crew import Crew, Hand
from tests.faults.evidence import all_runs
from tests.faults.invariants import Acknowledged, broken, gather
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.waiting import all_over, settled
from tests.faults.workload import ledger_workflow

BRIEF, LENGTHY = 0.5, 30.0
"""Drain time-outs in seconds: one that must be waited for, and one that nobody lives to see."""

SLACK = 10.0
"""Seconds that the end of ten processes at once may take besides, on a busy machine; far from LENGTHY."""

IN_A_STEP = "in a step"
PLACES = (IN_A_STEP, "before PARK", "after PARK", "before commit", "after commit")


@pytest.mark.one_database_when_short
async def test_sigterm_leaves_nothing_running(
    fault: Fault, store: Store, crew: Crew, ledger: Ledger, acknowledged: Acknowledged
) -> None:
    """At each place once and twice, side by side: the worker stops itself there and wakes with the signals pending."""
    flow = ledger_workflow(store)
    took: dict[str, float] = {}

    async def drain(place: str, times: int) -> None:
        name = f"{place} {times}".replace(" ", "-")
        acts = {"step-2": "ask"} if place.endswith("PARK") else {"step-2": "dawdle once"}
        if place.endswith("commit"):
            acts = {}
        handle = await flow.submit(run_id=name, labels={name: True}, acts=acts)
        acknowledged.runs.append(handle.run_id)
        failpoint = "" if place == IN_A_STEP else f"{place}=freeze"
        drain_timeout = BRIEF if place == IN_A_STEP and times == 1 else LENGTHY
        hand = crew.start(name, labels={name: True}, failpoints=failpoint, drain_timeout=drain_timeout)
        if failpoint:
            await hand.frozen()
        else:
            await crew.seen(hand, "step-2")
        took[name] = await terminated(hand, times, frozen=bool(failpoint))
        assert took[name] <= BRIEF + SLACK, f"{name} took {took[name]:.1f} s to end"

    await asyncio.gather(*(drain(place, times) for place in PLACES for times in (1, 2)))
    running = [run.run_id for run in await all_runs(store) if run.status is RunStatus.RUNNING]
    fault.check([f"{run_id} was left running" for run_id in running])
    assert await store.list_sessions(live_only=True) == []

    await crew.session(crew.start("rest", labels=dict.fromkeys(acknowledged.runs, True)), store)
    fault.check(await settled(store, within=2 * crew.lease + 5))
    for run in await all_runs(store):
        if run.status is RunStatus.WAITING:
            acknowledged.decisions.append(await approve(store, run.run_id, actor=ALICE))
    fault.check(await all_over(store, acknowledged.runs, within=10))
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    for story in evidence.stories.values():
        assert story.run.status is RunStatus.COMPLETED
        assert Outcome.LOST not in {attempt.outcome for attempt in story.attempts}
    slowest = max(took.values())
    fault.figure(f"{len(took)} drains, the slowest in {slowest:.1f} s, left running {len(running)}")


async def terminated(hand: Hand, times: int, *, frozen: bool) -> float:
    """Seconds from the signal to the end of the process, which must be a clean one."""
    began = time.monotonic()
    hand.signal(signal.SIGTERM)
    if frozen and times > 1:
        hand.signal(signal.SIGINT)  # means the same; two SIGTERMs that are pending at once are one
    elif times > 1:
        await asyncio.sleep(0.2)
        hand.signal(signal.SIGTERM)
    hand.thaw()
    assert await hand.ended(timeout=LENGTHY + 10) == 0, hand.log()
    return time.monotonic() - began
