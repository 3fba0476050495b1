"""Fault 11: a pool of two connections, and eight steps that want both of them all the time."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise

import pytest

from sagewai.core.stores.base import Store
from sagewai.models.status import TERMINAL
from tests.faults import hungry
from tests.faults.crew import Crew
from tests.faults.ending import judged, taken_from
from tests.faults.evidence import all_runs
from tests.faults.invariants import Acknowledged
from tests.faults.ledger import Ledger
from tests.faults.report import Fault

STEPS = 8


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
async def test_hungry_steps_dont_starve_the_heartbeat(
    fault: Fault,
    long: bool,
    store: Store,
    store_url: str,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
) -> None:
    flow = hungry.hungry_workflow()
    flow.store = store
    worker = crew.start(
        flow="tests.faults.hungry:hungry_workflow",
        url=f"{store_url}{'&' if '?' in store_url else '?'}pool_size=2",
        max_concurrent=STEPS,
    )
    session = await crew.session(worker, store)
    acts = {"step-2": hungry.ACT}
    handles = await flow.submit_many([{"pace": 0.0, "acts": acts}] * (STEPS * (10 if long else 1)))
    acknowledged.runs += [handle.run_id for handle in handles]
    beats: list[datetime] = []
    while any(run.status not in TERMINAL for run in await all_runs(store)):
        shown = next(each for each in await store.list_sessions() if each.id == session.id)
        assert shown.live, "the worker's lease lapsed"
        if shown.beat_at not in beats[-1:]:
            beats.append(shown.beat_at)
        await asyncio.sleep(0.02)
    evidence = await judged(fault, store, ledger, acknowledged, lease=crew.lease)

    gap = max((later - earlier).total_seconds() for earlier, later in pairwise(beats))
    at_once = most_at_once(ledger)
    fault.figure(f"{at_once} hungry steps, heartbeat gap {gap:.2f} s of a lease of {crew.lease} s")
    assert at_once == STEPS
    assert gap < crew.lease
    assert not taken_from(evidence)


def most_at_once(ledger: Ledger) -> int:
    """How many steps were hungry at the same moment."""
    began = [line.at for line in ledger.of(step="step-2")]
    return max(sum(start <= moment < start + hungry.MEAL for start in began) for moment in began)
