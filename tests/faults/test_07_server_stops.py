"""Fault 7: PostgreSQL stops as if the power went, or loses its postmaster, and is back up to two seconds later."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.url import open_store
from tests.faults.crew import Crew
from tests.faults.ending import RESUME, first_body, judged
from tests.faults.invariants import Acknowledged
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.traffic import Traffic
from tests.faults.workload import ledger_workflow
from tests.postgres.account import serving_account
from tests.postgres.binaries import find_binaries
from tests.postgres.local import LocalServer

DOWN, DOWN_SHORT = 2.0, 0.7
"""Seconds that the server is away at most."""


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server that this test may stop."""
    account = serving_account()
    server = LocalServer(find_binaries(account), account)
    yield server
    server.close()


@pytest.fixture
def store_url(server: LocalServer) -> Iterator[str]:
    with server.database() as name:
        yield server.url(name)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    async with open_store(store_url) as opened:
        yield opened


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
async def test_nothing_acknowledged_is_lost_and_work_goes_on(
    fault: Fault,
    long: bool,
    rng: random.Random,
    server: LocalServer,
    store: Store,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
) -> None:
    hands = [crew.start() for _ in range(2)]
    resumed: list[float] = []
    async with Traffic(store, ledger_workflow(store), acknowledged, rng, every=0.1) as traffic:
        for hand in hands:
            await crew.seen(hand)
        for number in range(5 if long else 2):
            await asyncio.sleep(rng.uniform(0.3, 0.8))  # wherever this finds it
            await asyncio.to_thread(server.kill if number % 2 else server.stop_immediately)
            fault.killed()
            await asyncio.sleep(rng.uniform(0.0, DOWN if long else DOWN_SHORT))
            await asyncio.to_thread(server.start)
            resumed.append(await first_body(ledger, since=time.monotonic()))
        await traffic.enough()
        await judged(fault, store, ledger, acknowledged, lease=crew.lease)

    fault.figure(
        f"resumed after {max(resumed):.2f} s at most, lost commits 0 of {len(acknowledged.runs)} runs "
        f"and {len(acknowledged.decisions)} decisions"
    )
    assert all(hand.code is None for hand in hands)
    assert max(resumed) < RESUME
    assert acknowledged.decisions
