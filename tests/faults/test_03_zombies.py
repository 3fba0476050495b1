"""Fault 3: a worker is frozen until another has taken its run over, then woken: nothing it still writes is taken."""

from __future__ import annotations

import asyncio
import random

import apsw
import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.models.history import EventKind
from sagewai.models.status import Outcome, RunStatus
from tests.engine.helpers import until, until_status
from tests.faults.crew import Crew, Hand
from tests.faults.evidence import Evidence
from tests.faults.invariants import Acknowledged, broken, gather
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.waiting import all_over, settled
from tests.faults.workload import ledger_workflow

PLACES = ("before commit", "before STEP_DONE")
"""A zombie that wakes here sends what it had at hand before it can learn of anything."""

REFUSED = "is not the current one any more"


@pytest.mark.one_database_when_short
async def test_a_woken_zombie_writes_nothing(
    fault: Fault,
    long: bool,
    rng: random.Random,
    store: Store,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
) -> None:
    flow = ledger_workflow(store)
    zombies: dict[str, Hand] = {}
    for number in range(100):
        if len(zombies) == (20 if long else 4):
            break
        run = f"run-{number}"
        failpoint = f"{rng.choice(PLACES)}=freeze@{rng.randint(1, 4)}"
        acknowledged.runs.append((await flow.submit(run_id=run, labels={run: True}, pace=0.1)).run_id)
        zombie = crew.start(f"zombie-{number}", labels={run: True}, failpoints=failpoint)
        await zombie.frozen()
        if await can_write(store):
            zombies[run] = zombie
        else:
            zombie.kill()

    crew.start("owner", labels=dict.fromkeys(acknowledged.runs, True), max_concurrent=100)
    early = set(rng.sample(sorted(zombies), len(zombies) // 2))

    async def haunt(run: str) -> None:
        """Wake it in the middle of its run's second life, or after that."""

        async def owned() -> bool:
            return (await store.get_run(run)).worker == "owner" or run not in early

        await until(owned, timeout=30)
        if run not in early:
            await until_status(store, run, RunStatus.COMPLETED, timeout=30)
        zombies[run].thaw()

        async def told() -> bool:
            return REFUSED in zombies[run].log()

        await until(told, timeout=30)
        assert zombies[run].code is None, "it goes on, under a new session"

    await asyncio.gather(*map(haunt, zombies))
    fault.check(await settled(store, within=2 * crew.lease + 5))
    fault.check(await all_over(store, acknowledged.runs, within=10))
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    late = [problem for run, zombie in zombies.items() for problem in late_writes(evidence, run, zombie)]
    fault.check(late)
    fault.figure(f"stale writes refused {len(zombies) - len(late)}/{len(zombies)}")


async def can_write(store: Store) -> bool:
    """Whether others can. Who is frozen while its heartbeat writes to SQLite holds everybody up until it goes on: that
    is what a lock on a file is, and no zombie of this fault."""
    if not isinstance(store, SQLiteStore):
        return True
    connection = apsw.Connection(str(store.path))
    connection.set_busy_timeout(300)
    try:
        connection.execute("begin immediate")
    except apsw.BusyError:
        return False
    finally:
        connection.close()
    return True


def late_writes(evidence: Evidence, run: str, zombie: Hand) -> list[str]:
    """What a zombie has recorded in spite of the takeover: under the token it lost, or under one that another claimed.

    Once awake it claims again: where twenty that wake at once starve their successor too, the run may come back to it.
    """
    story = evidence.stories[run]
    first = next(event for event in story.events if event.kind is EventKind.TAKEN_OVER)
    assert first.detail["worker"] == zombie.name
    lost_token = int(str(first.detail["token"])) - 1
    owners = {
        int(str(event.detail["token"])): event.detail["worker"]
        for event in story.events
        if event.kind is EventKind.CLAIMED
    }
    mine = [attempt for attempt in story.attempts if attempt.worker == zombie.name]
    lost = [attempt for attempt in mine if attempt.outcome is Outcome.LOST and attempt.token == lost_token]
    late = [
        f"{attempt.step} of run {run} was recorded late by {zombie.name}"
        for attempt in mine
        if owners.get(attempt.token) != zombie.name
        or (attempt.token == lost_token and attempt not in lost and attempt.finished_at > first.at)
    ]
    return late if len(lost) == 1 else [*late, f"run {run} has {len(lost)} lost attempts of {zombie.name}"]
