"""Retention in PostgreSQL: no row of a pruned run is left anywhere, whoever owns no table removes nothing, and what a
decider has locked is left for later. Dead letters are counted as they come and go."""

from __future__ import annotations

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.transitions import Operation
from sagewai.errors import NotPermitted
from sagewai.models.history import ErrorGroup
from sagewai.models.status import RunStatus
from tests.contract.scene import ALICE, Scene
from tests.contract.test_prune import lived
from tests.postgres_store.people import People, acting

OF_RUNS = """
select table_name from information_schema.columns join information_schema.tables using (table_schema, table_name)
 where table_schema = 'sagewai' and column_name in ('run', 'approval', 'job') and table_type = 'BASE TABLE'
"""


async def test_no_row_of_a_pruned_run_is_left(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    await lived(scene, "complete")
    await scene.run_in(RunStatus.FAILED, "failed")
    await scene.run_in(RunStatus.CANCELLED, "cancelled")
    assert await store.prune(0.0) == 3
    tables = [row["table_name"] for row in await admin.fetch(OF_RUNS)]
    assert {"attempts", "decisions", "calls", "spent", "bulk_items"} <= set(tables)
    left = {name: await admin.fetchval(f"select count(*) from sagewai.{name}") for name in tables}
    assert left == dict.fromkeys(tables, 0)
    assert await admin.fetchval("select count(*) from sagewai.runs") == 0


async def test_what_somebody_has_locked_is_left_for_later(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    for name in ("first", "second", "third"):
        await scene.run_in(RunStatus.CANCELLED, name)
    async with admin.transaction():
        await admin.fetch("select from sagewai.runs where run_id = 'first' for no key update")
        assert await store.prune(0.0, limit=2) == 2
        assert (await store.get_run("first")).status is RunStatus.CANCELLED
    assert await store.prune(0.0) == 1


async def test_only_the_owner_prunes(staff: People, store: PostgresStore, scene: Scene) -> None:
    await scene.run_in(RunStatus.CANCELLED, "old")
    for kind in ("operator", "worker"):
        async with acting(staff, kind) as somebody:
            with pytest.raises(NotPermitted):
                await somebody.store.prune(0.0)
    async with acting(staff, "owner") as owner:
        assert await owner.store.prune(0.0) == 1


async def test_dead_letters_are_counted_not_read(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    async def kept() -> list[tuple[str, int]]:
        rows = await admin.fetch("select error_type, n from sagewai.error_groups order by error_type")
        return [(row["error_type"], row["n"]) for row in rows]

    for name in ("a", "b"):
        await scene.run_in(RunStatus.FAILED, name)
    newest = (await store.get_dead_letter("b")).failed_at
    (unfolded,) = await store.group_dead_letters()
    assert unfolded == ErrorGroup("builtins.ValueError", 2, newest, ("orders",))
    await store.tick()
    assert await admin.fetchval("select count(*) from sagewai.error_deltas") == 0
    assert await kept() == [("builtins.ValueError", 2)]
    assert await store.group_dead_letters() == [unfolded]
    await store.operate("b", Operation.RETRY, ALICE)
    assert [group.count for group in await store.group_dead_letters()] == [1]
    await store.prune(0.0)
    await store.tick()
    assert await store.group_dead_letters() == []
    await store.tick()
    assert await kept() == []
