"""The ledger workflow with steps that keep the store's connections busy: they ask it again and again, and slowly."""

from __future__ import annotations

import asyncio
import time

from sagewai import DurableWorkflow
from sagewai.core.defaults import store_in_use
from sagewai.core.stores.postgres import PostgresStore
from sagewai.models.page import RunQuery
from tests.faults.workload import ACTS, ledger_workflow

ACT = "be hungry"
MEAL = 3.0
"""Seconds that a hungry step eats."""

CALLS = 4
"""Calls that a hungry step has under way at a time."""


async def be_hungry(_: DurableWorkflow) -> None:
    until = time.monotonic() + MEAL
    await asyncio.gather(*(_eat(until) for _ in range(CALLS)))


async def _eat(until: float) -> None:
    store = store_in_use()
    assert isinstance(store, PostgresStore)
    while time.monotonic() < until:
        async with store._database.connection() as connection:  # a statement that takes its time
            await connection.execute("select pg_sleep(0.15)")
        await store.list_runs(RunQuery(limit=200))


def hungry_workflow() -> DurableWorkflow:
    return ledger_workflow(repertoire={**ACTS, ACT: be_hungry})
