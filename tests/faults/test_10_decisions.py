"""Fault 10: twenty clients decide at once; and decisions where there is nothing to decide, or nothing any more."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from sagewai.core import commands
from sagewai.core.stores.base import Store
from sagewai.core.stores.url import open_store
from sagewai.errors import (
    ApprovalAlreadyDecided,
    ApprovalAmbiguous,
    ApprovalClosed,
    ApprovalContentChanged,
    ApprovalNotFound,
    RunNotFound,
    SagewaiError,
)
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval
from sagewai.models.status import RunStatus, Verdict
from tests.contract.scene import Scene, ask
from tests.engine.helpers import until_status
from tests.faults.crew import Crew
from tests.faults.ending import judged
from tests.faults.invariants import Acknowledged
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.workload import ledger_workflow

CLIENTS = 20


@pytest.fixture
async def clients(store_url: str) -> AsyncIterator[Sequence[Store]]:
    """Each with connections of its own."""
    async with AsyncExitStack() as opened:
        yield [await opened.enter_async_context(open_store(store_url)) for _ in range(CLIENTS)]


async def test_of_twenty_one_wins_and_the_others_are_told_who(
    fault: Fault,
    long: bool,
    rng: random.Random,
    store: Store,
    clients: Sequence[Store],
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
) -> None:
    rounds = 300 if long else 15
    flow = ledger_workflow(store)
    crew.start(max_concurrent=20)
    handles = await flow.submit_many([{"pace": 0.0, "acts": {"step-2": "ask"}}] * rounds)
    single = 0
    for handle in handles:
        acknowledged.runs.append(handle.run_id)
        await until_status(store, handle.run_id, RunStatus.WAITING, timeout=60)
        [asked] = await store.approvals_of(handle.run_id)
        told = await asyncio.gather(
            *(
                decide(client, number, asked, rng.choice(list(Verdict)))
                for number, client in enumerate(clients)
            ),
            return_exceptions=True,
        )
        winners = [each for each in told if isinstance(each, Approval)]
        acknowledged.decisions += winners
        fault.check([f"{asked.run_id}: {len(winners)} won"] if len(winners) != 1 else [])
        fault.check(misled([each for each in told if not isinstance(each, Approval)], winners[0]))
        single += 1
    evidence = await judged(fault, store, ledger, acknowledged, lease=crew.lease)

    fault.figure(f"one winner {single}/{rounds}")
    ends = {each.run_id: each.decision.verdict for each in acknowledged.decisions if each.decision}
    for run_id, story in evidence.stories.items():
        wanted = RunStatus.COMPLETED if ends[run_id] is Verdict.APPROVE else RunStatus.REJECTED
        assert story.run.status is wanted
    assert set(ends.values()) == set(Verdict)


async def test_what_cant_be_decided_is_told_and_changes_nothing(fault: Fault, store: Store) -> None:
    """Decisions on runs that are finished, of another, not waiting, superseded, several, or that nobody knows."""
    scene, ann = Scene(store), Actor("ann", source="api", assurance="api")
    problems: list[str] = []
    tried = 0

    async def refused(expected: type[SagewaiError], run_id: str, **which: Any) -> None:
        nonlocal tried
        for decision in (commands.approve, commands.reject):
            tried += 1
            before = await picture(store, run_id)
            try:
                await decision(store, run_id, actor=ann, reason="because", **which)
            except expected as error:
                if run_id not in str(error):
                    problems.append(f"{decision.__name__} {run_id}: {error} doesn't name the run")
            except Exception as error:
                problems.append(f"{decision.__name__} {run_id}: {type(error).__name__}: {error}")
            else:
                problems.append(f"{decision.__name__} {run_id} {which} was taken")
            if await picture(store, run_id) != before:
                problems.append(f"{decision.__name__} {run_id} {which} was refused, and changed something")

    for status in RunStatus:
        if status is RunStatus.WAITING:
            continue
        run = await scene.run_in(status, f"is-{status}")
        asked = await store.approvals_of(run.run_id)
        if status is RunStatus.REJECTED:
            await refused(ApprovalAlreadyDecided, run.run_id)
        elif status is RunStatus.PAUSED:
            assert len(asked) == 1  # paused while it waited: a person may decide all the same
        else:
            await refused(ApprovalClosed if asked else ApprovalNotFound, run.run_id)
    waiting, other = await scene.own("waits"), await scene.own("other")
    await waiting.park()
    await other.park()
    [others] = await store.approvals_of("other")
    await refused(ApprovalNotFound, "waits", approval_id=others.id)
    await refused(ApprovalNotFound, "waits", approval_id=2**62)
    await refused(ApprovalNotFound, "waits", approval_id=-1)
    await refused(ApprovalContentChanged, "waits", digest="0" * 64)
    await refused(ApprovalContentChanged, "waits", digest=ask(prompt="Send another?").digest)
    two = await scene.own("two")
    await two.park(ask("one"), ask("two"))
    await refused(ApprovalAmbiguous, "two")
    old = await scene.own("old")
    await old.park()
    [superseded] = await store.approvals_of("old")
    await scene.decide("old")
    again = await scene.take("old")
    await again.park(ask(prompt="Send something else?"))
    await refused(ApprovalClosed, "old", approval_id=superseded.id)
    await refused(RunNotFound, "nobody")
    await refused(RunNotFound, "nobody", approval_id=others.id)

    fault.figure(f"told {tried - len(problems)}/{tried}")
    fault.check(problems)


async def decide(store: Store, number: int, asked: Approval, verdict: Verdict) -> Approval:
    actor = Actor(f"client-{number}", source="api", assurance="api")
    if verdict is Verdict.APPROVE:
        return await commands.approve(
            store, asked.run_id, actor=actor, approval_id=asked.id, digest=asked.digest
        )
    return await commands.reject(
        store, asked.run_id, actor=actor, reason="no", approval_id=asked.id, digest=asked.digest
    )


def misled(told: Sequence[object], winner: Approval) -> list[str]:
    """Losers that weren't told who decided, when and what."""
    decision = winner.decision
    assert decision is not None
    truth = (decision.verdict, decision.reviewer.name, decision.decided_at)
    return [
        f"{winner.run_id}: a loser was told {error!r}"
        for error in told
        if not isinstance(error, ApprovalAlreadyDecided)
        or (error.verdict, error.reviewer, error.decided_at) != truth
        or decision.reviewer.name not in str(error)
    ]


async def picture(store: Store, run_id: str) -> object:
    """All of a run that a decision could change."""
    try:
        run = await store.get_run(run_id)
    except RunNotFound:
        return None
    return run, await store.approvals_of(run_id), await store.get_events(run_id)
