"""Fault 6: an administrator's `pg_terminate_backend`, five times a second, while runs flow."""

from __future__ import annotations

import asyncio
import random
import time

import asyncpg
import pytest

from sagewai.core.stores.base import Store
from tests.faults.crew import Crew
from tests.faults.ending import judged, taken_from
from tests.faults.invariants import Acknowledged
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.traffic import Traffic
from tests.faults.workload import ledger_workflow

OURS = """
select pid, state = 'active' as busy from pg_stat_activity
 where datname = current_database() and application_name = 'sagewai' and backend_type = 'client backend'
 order by pid
"""


async def a_victim(admin: asyncpg.Connection, rng: random.Random) -> int:
    """One that is in the middle of something, if one can be caught at it."""
    victims: list[int] = []
    for _ in range(20):
        found = await admin.fetch(OURS)
        victims = [row["pid"] for row in found if row["busy"]] or [row["pid"] for row in found]
        if any(row["busy"] for row in found):
            break
    return rng.choice(victims)


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
async def test_cut_connections_cost_retries_and_nothing_else(
    fault: Fault,
    long: bool,
    rng: random.Random,
    store: Store,
    store_url: str,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
) -> None:
    flow = ledger_workflow(store)
    hands = [crew.start() for _ in range(2)]
    admin = await asyncpg.connect(store_url)
    try:
        async with Traffic(store, flow, acknowledged, rng, every=0.03) as traffic:
            for hand in hands:
                await crew.seen(hand)
            terminated = 0
            until = time.monotonic() + (60 if long else 4)

            def retries() -> int:
                return traffic.unanswered + crew.logs().count("; next try in")

            while time.monotonic() < until or (not retries() and time.monotonic() < until + 30):
                await asyncio.sleep(0.2)
                victims = [row["pid"] for row in await admin.fetch(OURS)]
                terminated += await admin.fetchval(
                    "select pg_terminate_backend($1)::int", rng.choice(victims)
                )
            await traffic.enough()
            evidence = await judged(fault, store, ledger, acknowledged, lease=crew.lease)
    finally:
        await admin.close()

    fault.figure(f"{terminated} terminated, {retries()} retries, {len(acknowledged.runs)} runs")
    assert all(hand.code is None for hand in hands)
    assert retries() > 0
    assert not taken_from(evidence), "a cut connection isn't a lost lease"
