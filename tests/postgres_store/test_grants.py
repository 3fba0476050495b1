"""Granting: planned without a change, applied again and again, by whoever owns the schema, and kept by migrations."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from sagewai.core.stores.migrations import Migration, migrations
from sagewai.core.stores.postgres import PostgresStore, schema
from sagewai.errors import InvalidOptionError, NotPermitted
from sagewai.models.page import RunQuery
from sagewai.models.right import ANYBODY, Right
from sagewai.models.status import RunStatus
from tests.contract.scene import Scene
from tests.postgres.server import PostgresServer
from tests.postgres_store.people import People, acting, people


@pytest.fixture
async def nobodys(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """To a database that nobody has made a schema in."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def test_roles_are_planned_without_a_change_and_applied_again_and_again(
    store: PostgresStore, staff: People, admin: asyncpg.Connection
) -> None:
    planned = await store.plan_roles("nobody_")
    assert "create role nobody_viewer nologin" in planned
    assert not await admin.fetchval("select exists (select from pg_roles where rolname like 'nobody%')")
    await store.apply_roles(staff.prefix)
    assert not [
        each for each in await store.plan_roles(staff.prefix) if each.startswith(("create", "alter schema"))
    ]
    await admin.execute(f"grant select on sagewai.inputs to {staff.prefix}viewer")
    await store.apply_roles(staff.prefix)
    async with acting(staff, "viewer") as viewer:
        assert Right.PAYLOADS not in (await viewer.store.get_identity()).rights


@pytest.mark.parametrize("prefix", ["", "1a", "A_", "a-b_", "a;drop table x;_", 'a"_', "a" * 49])
async def test_a_prefix_that_makes_no_plain_names_is_refused(store: PostgresStore, prefix: str) -> None:
    with pytest.raises(InvalidOptionError, match="begin names of roles"):
        await store.plan_roles(prefix)


async def test_whoever_may_not_make_roles_is_told(staff: People) -> None:
    async with acting(staff, "worker") as worker:
        with pytest.raises(NotPermitted):
            await worker.store.apply_roles("nobody_")


async def test_an_owner_who_is_no_superuser_applies_roles_and_stays_an_owner(
    postgres_server: PostgresServer, postgres_url: str, nobodys: asyncpg.Connection
) -> None:
    """Whoever made the schema needs the right to make roles, and no more."""
    with people(postgres_server, postgres_url) as everybody:
        boss = everybody.hire("boss")
        await nobodys.execute(f"alter role {boss} createrole")
        await nobodys.execute(f"grant create on database {everybody.database} to {boss}")
        async with everybody.store(boss) as owned:
            await owned.apply_roles(everybody.prefix)
            await owned.apply_roles(everybody.prefix)
            assert await owned.get_identity() == ANYBODY
            await Scene(owned).run_in(RunStatus.REJECTED)
            async with everybody.store(everybody.hire("app", "approver")) as approver:
                await Scene(owned).run_in(RunStatus.WAITING, "r2")
                await Scene(approver).decide("r2")
            assert [entry.kind for entry in await owned.list_audit()] == ["rejected", "approved"]


async def test_what_an_owner_migrates_belongs_to_all_owners(
    postgres_server: PostgresServer, postgres_url: str, nobodys: asyncpg.Connection
) -> None:
    """Whoever of them applies a migration: the functions with the owner's rights must reach what it makes."""
    first = migrations("postgres")[0]
    with people(postgres_server, postgres_url) as everybody:
        group, database = f"{everybody.prefix}owner", everybody.database
        await nobodys.execute(f"create role {group}")
        await nobodys.execute(f"grant create on database {database} to {group}")
        async with nobodys.transaction():
            await nobodys.execute(f"set local role {group}")
            await nobodys.execute(first.sql)
            await nobodys.execute(
                "insert into sagewai.migrations (number, name, checksum, min_code) values ($1, $2, $3, $4)",
                *(first.number, first.name, first.checksum, first.min_code),
            )
        async with everybody.store(everybody.hire("own", "owner")):
            owners = await nobodys.fetch(
                "select distinct pg_get_userbyid(relowner) as name from pg_class "
                "where relnamespace = 'sagewai'::regnamespace"
            )
        assert [row["name"] for row in owners] == [group]


async def test_a_migration_gives_roles_their_rights_to_what_it_brings(
    store: PostgresStore, staff: People, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Applied by a member of the owners, while workers of the old code go on."""
    known = migrations("postgres")
    sql = "drop view sagewai.signal_overview; create view sagewai.signal_overview as select * from sagewai.signals"
    later = Migration(known[-1].number + 1, "later", sql, checksum="", min_code=1)
    monkeypatch.setattr(schema, "migrations", lambda _: (*known, later))
    async with acting(staff, "owner") as owner:
        assert (await owner.store.info()).schema == later.number
    async with acting(staff, "viewer") as viewer:
        await viewer.store.list_runs(RunQuery())
    rows = "select has_table_privilege($1, 'sagewai.signal_overview', 'select')"
    assert await admin.fetchval(rows, f"{staff.prefix}viewer")
