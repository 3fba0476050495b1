"""Fault 17: deploys that don't fit the runs they find: they refuse them by name, and the right code goes on."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from sagewai.core.commands import approve
from sagewai.core.stores.base import Store
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus
from tests.contract.scene import ALICE
from tests.engine.helpers import until, until_status
from tests.faults.crew import Crew
from tests.faults.invariants import Acknowledged, broken, gather
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.waiting import all_over, settled
from tests.faults.workload import STEPS, ledger_workflow

REFUSING: Mapping[str, tuple[list[str], str]] = {
    "renamed": (["step-1", "step-two", *STEPS[2:]], "'step-two'"),
    "inserted": (["step-1", "step-1b", *STEPS[1:]], "'step-1b'"),
    "removed": (["step-1", *STEPS[2:]], "'step-3'"),
    "swapped": (["step-2", "step-1", *STEPS[2:]], "'step-2'"),
    "older": (["step-1", "step-2"], "recorded all 2 steps"),
}
"""The steps of code that must not go on with a run that waits in its third step, and what its refusal must name."""

UNKNOWING: Mapping[str, dict[str, Any]] = {
    "other": {"name": "bills"},
    "older": {"version": "1"},
    "unversioned": {},
}
"""Code that must not even claim a run of version 2 of the workflow ``ledger``."""


@pytest.mark.one_database_when_short
async def test_code_that_does_not_fit_refuses_loudly_and_loses_nothing(
    fault: Fault, store: Store, crew: Crew, ledger: Ledger, acknowledged: Acknowledged
) -> None:
    flow = ledger_workflow(store)
    for name in REFUSING:
        handle = await flow.submit(run_id=name, labels={name: True}, acts={"step-3": "ask"})
        acknowledged.runs.append(handle.run_id)
    labels = dict.fromkeys(REFUSING, True)
    before = crew.start("before", labels=labels)
    for name in REFUSING:
        await until_status(store, name, RunStatus.WAITING, timeout=30)
    before.signal(signal.SIGTERM)
    assert await before.ended() == 0

    wrong = {
        name: crew.start(f"with-{name}", labels={name: True}, flow_options={"steps": steps})
        for name, (steps, _) in REFUSING.items()
    }
    for name in REFUSING:
        acknowledged.decisions.append(await approve(store, name, actor=ALICE))

    async def refused(name: str) -> list[Any]:
        return [event for event in await store.get_events(name) if event.kind is EventKind.REFUSED]

    for name, (_, told) in REFUSING.items():
        (event,) = await until(partial(refused, name), timeout=30)
        assert told in event.reason
        assert told in wrong[name].log()
    codes = {name: {"steps": steps} for name, (steps, _) in REFUSING.items()}
    acknowledged.runs += await run_their_own(store, crew, codes)
    for name in REFUSING:
        assert len(await refused(name)) == 1, "a run that was refused is left alone"
        assert (await store.get_run(name)).status is RunStatus.PENDING

    await crew.session(crew.start("after", labels=labels), store)
    fault.check(await settled(store, within=2 * crew.lease + 5))
    fault.check(await all_over(store, acknowledged.runs, within=10))
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    completed = sum(evidence.stories[name].run.status is RunStatus.COMPLETED for name in REFUSING)
    assert completed == len(REFUSING)
    fault.figure(f"{completed}/{len(REFUSING)} refused by name and completed by the right code")


@pytest.mark.one_database_when_short
async def test_a_run_waits_for_code_that_knows_it(
    fault: Fault, store: Store, crew: Crew, ledger: Ledger, acknowledged: Acknowledged
) -> None:
    flow = ledger_workflow(store, version="2")
    for name in UNKNOWING:
        acknowledged.runs.append((await flow.submit(run_id=name, labels={name: True})).run_id)
    for name, code in UNKNOWING.items():
        crew.start(f"with-{name}", labels={name: True}, flow_options=code)
    acknowledged.runs += await run_their_own(store, crew, UNKNOWING)
    for name in UNKNOWING:
        run = await store.get_run(name)
        assert (run.status, run.token) == (RunStatus.PENDING, 0), "nobody has touched it"
    after = crew.start("after", labels=dict.fromkeys(UNKNOWING, True), flow_options={"version": "2"})
    await crew.session(after, store)
    fault.check(await all_over(store, acknowledged.runs, within=2 * crew.lease + 5))
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    assert {evidence.stories[name].run.status for name in UNKNOWING} == {RunStatus.COMPLETED}
    fault.figure(f"{len(UNKNOWING)} left alone by code that doesn't know them")


async def run_their_own(store: Store, crew: Crew, codes: Mapping[str, Any]) -> list[str]:
    """See each worker, by its label, complete a run of its own code: it has passed by what it didn't take."""
    runs = []
    for label, code in codes.items():
        handle = await ledger_workflow(store, **code).submit(
            run_id=f"own-{label}", labels={label: True}, pace=0.0
        )
        runs.append(handle.run_id)
    for run_id in runs:
        await until_status(store, run_id, RunStatus.COMPLETED, timeout=30)
    return runs
