"""Fault 8: the network between workers and PostgreSQL: silence, half of it, delay, and replies that never arrive."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.postgres.statements import (
    DECIDE,
    INSERT_RUNS,
    RECORD_MOVES,
    RECORD_PROGRESS,
    RECORD_STEP,
)
from sagewai.core.stores.url import open_store
from sagewai.models.status import Outcome
from tests.engine.helpers import until
from tests.faults.crew import Crew
from tests.faults.ending import judged, taken_from
from tests.faults.evidence import all_runs
from tests.faults.invariants import Acknowledged
from tests.faults.ledger import Ledger
from tests.faults.proxy import Proxy, line_through
from tests.faults.report import Fault
from tests.faults.traffic import Traffic
from tests.faults.workload import STEPS, ledger_workflow
from tests.postgres.server import PostgresServer

pytestmark = pytest.mark.parametrize("store_url", ["postgres"], indirect=True)

REFUSED = re.compile(r"run '[^']+': token \d+ is not the current one any more")
HELD = 4
"""Runs that a worker holds at most."""


@pytest.fixture
def far(postgres_server: PostgresServer, migrated_url: str) -> Iterator[tuple[Proxy, str]]:
    """A line to the test's database, and the URL that leads through it."""
    name = migrated_url.rpartition("/")[2].partition("?")[0]
    with line_through(postgres_server.loopback_url(name)) as line:
        yield line


@pytest.mark.parametrize("way", ["black hole", "one-way cut"])
async def test_a_worker_cut_off_for_longer_than_a_lease_loses_its_runs_and_writes_nothing_late(
    fault: Fault,
    long: bool,
    rng: random.Random,
    store: Store,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
    far: tuple[Proxy, str],
    way: str,
) -> None:
    proxy, url = far
    breaks = [proxy.go_silent] if way == "black hole" else [proxy.go_deaf, proxy.go_mute]
    rng.shuffle(breaks)
    flow = ledger_workflow(store)
    away = crew.start("away", url=url, max_concurrent=HELD)
    refused, lost = 0, set[str]()
    for number in range(5 if long else 1):
        handles = await flow.submit_many([{"pace": 0.3}] * HELD)
        mine = [handle.run_id for handle in handles]
        acknowledged.runs += mine
        lost |= set(mine)
        await until(lambda mine=mine: all_begun(ledger, mine, "away"), timeout=30)  # type: ignore[misc]
        breaks[number % len(breaks)]()
        near = crew.start(max_concurrent=HELD)
        await until(lambda mine=mine, near=near: all_begun(ledger, mine, near.name), timeout=30)  # type: ignore[misc]
        proxy.heal()
        await until(lambda wanted=refused + HELD: late(away.log, wanted), timeout=30)  # type: ignore[misc]
        refused = len(REFUSED.findall(away.log()))
        fault.check([f"{away.name} ended with {away.code}"] if away.code is not None else [])
        await until(lambda mine=mine: over(store, mine), timeout=30)  # type: ignore[misc]
        near.kill()
        back = await flow.submit(run_id=f"back-{number}")  # and it works again, under a session of its own
        acknowledged.runs.append(back.run_id)
        await crew.seen(away, run=back.run_id)

    evidence = await judged(fault, store, ledger, acknowledged, lease=crew.lease)
    fault.figure(f"{way}: late writes refused {refused}/{len(taken_from(evidence, 'away'))}")
    assert set(taken_from(evidence)) == lost
    assert "failed for good" not in away.log(), "it took a lost lease for something else"


async def test_a_commit_whose_reply_is_lost_is_looked_up_and_not_made_again(
    fault: Fault,
    long: bool,
    rng: random.Random,
    store: Store,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
    far: tuple[Proxy, str],
) -> None:
    """Every third of the worker's commits, of submits and of decisions is made and not acknowledged."""
    proxy, url = far
    wanted = 150 if long else 20
    proxy.lose_replies_to([RECORD_STEP, RECORD_PROGRESS, RECORD_MOVES, INSERT_RUNS, DECIDE], every=3)
    crew.start(url=url)
    async with (
        open_store(url) as unlucky,
        Traffic(unlucky, ledger_workflow(unlucky), acknowledged, rng) as traffic,
    ):

        async def enough() -> bool:
            return proxy.lost_replies >= wanted

        await until(enough, timeout=120)
        await traffic.enough()
        evidence = await judged(fault, store, ledger, acknowledged, lease=crew.lease)

    asked = sum(bool(story.approvals) for story in evidence.stories.values())
    bodies = sum(len(lines) for lines in evidence.lines.values())
    needed = (
        len(STEPS) * len(evidence.stories) + 2 * asked
    )  # a gate's body runs twice, and says when it is past it
    unresolved = bodies - needed
    fault.figure(f"unknown commits resolved {proxy.lost_replies - unresolved}/{proxy.lost_replies}")
    assert unresolved == 0, f"{bodies} bodies where {needed} were needed"
    assert set(evidence.stories) == set(acknowledged.runs)
    assert not taken_from(evidence)
    for story in evidence.stories.values():
        assert all(each.outcome in (Outcome.COMPLETED, Outcome.SUSPENDED) for each in story.attempts)


async def test_two_tenths_of_a_second_of_latency_cost_time_and_no_run(
    fault: Fault,
    long: bool,
    store: Store,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
    far: tuple[Proxy, str],
) -> None:
    proxy, url = far
    proxy.delay(0.2)
    flow = ledger_workflow(store)
    handles = await flow.submit_many([{}] * (200 if long else 20))
    acknowledged.runs += [handle.run_id for handle in handles]
    for _ in range(2):
        crew.start(url=url)
    evidence = await judged(fault, store, ledger, acknowledged, lease=crew.lease, end=120)
    fault.figure(f"200 ms: false reclaims {len(taken_from(evidence))}")
    assert not taken_from(evidence)


async def all_begun(ledger: Ledger, runs: list[str], worker: str) -> bool:
    return {line.run for line in ledger.of(worker=worker)} >= set(runs)


async def late(log: Callable[[], str], wanted: int) -> bool:
    return len(REFUSED.findall(log())) >= wanted


async def over(store: Store, runs: list[str]) -> bool:
    return all(run.status.value == "completed" for run in await all_runs(store) if run.run_id in runs)
