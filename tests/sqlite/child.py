"""Processes of their own beside a test: each says ``ready``, waits for a line, does one thing and says what came of it.

``python -m tests.sqlite.child VERB PATH``
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from contextlib import suppress
from pathlib import Path

from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.transitions import Operation
from sagewai.errors import ApprovalAlreadyDecided
from sagewai.models.actor import Actor
from sagewai.models.approval import DecisionRequest
from sagewai.models.page import RunQuery
from sagewai.models.run import LeasedRun
from sagewai.models.status import Verdict
from sagewai.models.transition import Move
from tests.contract.scene import ALICE, Owner, Scene, spec
from tests.contract.test_calls import call


def say(text: object) -> None:
    print(text, flush=True)


async def go() -> None:
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)


async def initialize(path: Path) -> None:
    """Open a file that others open at the same moment."""
    await go()
    async with SQLiteStore(path) as store:
        say((await store.info()).schema)


async def claim(path: Path) -> None:
    """Claim run after run until none is left; say which."""
    async with SQLiteStore(path) as store:
        scene = Scene(store)
        session = await scene.session()
        routes = await scene.routes()
        await go()
        mine: list[str] = []
        while runs := (await store.claim(session, routes, 1)).runs:
            mine += (run.run_id for run in runs)
        say(" ".join(mine))


async def work(path: Path) -> None:
    """Submit runs and record their steps until killed; say each run that was acknowledged as completed."""
    async with SQLiteStore(path) as store:
        scene = Scene(store)
        session = await scene.session()
        await go()
        number = 0
        while True:
            number += 1
            owner = await scene.own(f"run-{os.getpid()}-{number}", session=session)
            await owner.make(Move.STEP_DONE, result='"' + "x" * 3_000 + '"')
            await owner.finish()
            say(owner.run_id)


async def submit(path: Path) -> None:
    """Submit one run."""
    async with SQLiteStore(path) as store:
        await go()
        await store.insert_runs([spec("from-a-child")])


async def forget(path: Path) -> None:
    """Use the store and end without closing it."""
    store = SQLiteStore(path)
    await store.insert_runs([spec("left")])
    await store.get_run("left")
    await store.wait("work", 0.01)


async def reprioritise(path: Path) -> None:
    """Change a run's priority twenty times, as an operator."""
    async with SQLiteStore(path) as store:
        await go()
        for priority in range(20):
            await store.operate("r1", Operation.SET_PRIORITY, ALICE, priority=priority)


async def decide(path: Path) -> None:
    """Approve run after run, each as another reviewer; say which approvals this settled and which were too late."""
    reviewer = Actor(f"reviewer-{os.getpid()}")
    async with SQLiteStore(path) as store:
        waiting = [run.run_id for run in await store.list_runs(RunQuery())]
        await go()
        won = []
        for run_id in sorted(waiting):
            with suppress(ApprovalAlreadyDecided):
                decided = await store.decide(DecisionRequest(run_id, Verdict.APPROVE, reviewer))
                won += [run_id] if decided.decision and decided.decision.reviewer == reviewer else []
        say(" ".join(won))


async def sweep(path: Path) -> None:
    """Sweep until nothing is due; say how many approvals escalated here."""
    async with SQLiteStore(path) as store:
        await go()
        escalated = 0
        for _ in range(30):
            escalated += (await store.tick(limit=3)).escalated
        say(escalated)


async def signal(path: Path) -> None:
    """Send ten signals to one run."""
    async with SQLiteStore(path) as store:
        await go()
        for number in range(10):
            await store.signal("r1", "paid", str(number), ALICE)


async def agree(path: Path) -> None:
    """Record fifty calls of the run that is held, each with an answer of its own; say which answers count."""
    mine = str(os.getpid())
    async with SQLiteStore(path) as store:
        owner = await holder(store)
        await go()
        said: list[str | None] = []
        for position in random.sample(range(50), 50):
            (answer,) = await store.record_calls([call(owner, mine, position=position)])
            said.append(f"{position}:{answer}")
        say(" ".join(map(str, sorted(map(str, said)))))


async def pay(path: Path) -> None:
    """Record calls, three at a time, until killed; say the first of each that was acknowledged."""
    async with SQLiteStore(path) as store:
        owner = await holder(store)
        await go()
        number = 0
        while True:
            number += 1
            names = [f"{os.getpid()}-{number}-{letter}" for letter in "abc"]
            await store.record_calls([call(owner, '"' + "x" * 3_000 + '"', name=name) for name in names])
            say(names[0])


async def holder(store: SQLiteStore) -> Owner:
    """Whoever holds ``r1``, as another thread of that worker knows it."""
    run = await store.get_run("r1")
    assert run.session is not None
    (held,) = (await store.heartbeat(run.session)).held
    key = held.key
    head = (await store.heads([key]))[key]
    return Owner(
        store, LeasedRun(key, "r1", "orders", head.token, head.rev, 0, 1, 0, 0, "{}", {}, "default", {}, {})
    )


VERBS = {
    each.__name__: each
    for each in (initialize, claim, work, submit, forget, reprioritise, decide, sweep, signal, agree, pay)
}

if __name__ == "__main__":
    asyncio.run(VERBS[sys.argv[1]](Path(sys.argv[2])))
