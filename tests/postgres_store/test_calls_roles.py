"""Recorded calls and roles: whoever executes runs adds to the record, and nobody but the owner changes it."""

from __future__ import annotations

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.errors import NotPermitted
from sagewai.models.call import Budget
from tests.contract.scene import Scene
from tests.contract.test_calls import call
from tests.postgres_store.people import People, acting

BY_HAND = (
    "update sagewai.calls set response = '1'",
    "delete from sagewai.calls",
    "delete from sagewai.spending",
    "update sagewai.budgets set usd = 1000",
    "delete from sagewai.budgets",
)


@pytest.mark.parametrize("kind", ["viewer", "approver", "operator"])
async def test_who_executes_no_runs_records_no_calls(store: PostgresStore, staff: People, kind: str) -> None:
    owner = await Scene(store).own()
    async with acting(staff, kind) as actor:
        with pytest.raises(NotPermitted):
            await actor.store.record_calls([call(owner)])
        with pytest.raises(NotPermitted):
            await actor.store.write_tails({owner.lease.key: ("fetch", "writer", "Dear")})
    assert await store.calls_of("r1") == []
    assert await store.spending("model") == []


@pytest.mark.parametrize("kind", ["viewer", "approver", "operator", "worker"])
async def test_nobody_changes_what_was_recorded_or_may_be_spent(
    store: PostgresStore, staff: People, kind: str
) -> None:
    owner = await Scene(store).own(budget=Budget(usd=2.0))
    await store.record_calls([call(owner, "1")])
    before = await store.calls_of("r1"), await store.spending("model"), await store.get_budget("r1")
    connection = await asyncpg.connect(staff.url(f"{staff.prefix}{kind[:3]}"))
    try:
        for statement in BY_HAND:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
    assert (await store.calls_of("r1"), await store.spending("model"), await store.get_budget("r1")) == before


async def test_a_viewer_hears_that_a_model_speaks_but_not_what_it_says(
    store: PostgresStore, staff: People
) -> None:
    owner = await Scene(store).own()
    await store.write_tails({owner.lease.key: ("fetch", "writer", "Dear Ada")})
    async with acting(staff, "viewer") as viewer:
        tail = await viewer.store.tail_of("r1")
        assert tail is not None
        assert (tail.step, tail.name, tail.text) == ("fetch", "writer", "[redacted]")
