"""The schema: made by whoever comes first, verified by everybody else, refused only where it must be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import asyncpg
import pytest

from sagewai.core.stores.migrations import migrations
from sagewai.core.stores.postgres import PostgresStore
from sagewai.errors import SchemaError
from sagewai.models.page import RunQuery
from tests.postgres.server import PostgresServer
from tests.postgres_store.test_secrets import with_login

LATEST = migrations("postgres")[-1].number


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """Nothing is in it yet, not even a schema."""
    return postgres_url


async def test_any_first_call_finds_or_makes_the_schema(postgres_url: str) -> None:
    for _ in range(2):
        store = PostgresStore(postgres_url)
        assert (await store.list_runs(RunQuery())).items == ()
        await store.close()


async def test_looking_at_a_store_does_not_make_its_schema(
    postgres_url: str, admin: asyncpg.Connection
) -> None:
    store = PostgresStore(postgres_url)
    info = await store.info()
    await store.close()
    assert (info.kind, info.schema, info.expected) == ("postgres", 0, LATEST)
    assert info.server.startswith("PostgreSQL 1")
    assert not await admin.fetchval("select exists (select from pg_namespace where nspname = 'sagewai')")


async def test_many_processes_may_initialize_at_once(postgres_url: str, admin: asyncpg.Connection) -> None:
    async def initialize() -> int:
        async with PostgresStore(postgres_url) as store:
            return (await store.info()).schema

    def apart() -> int:
        return asyncio.run(initialize())

    schemas = await asyncio.gather(*(asyncio.to_thread(apart) for _ in range(6)))
    assert schemas == [LATEST] * 6
    assert await admin.fetchval("select count(*) from sagewai.migrations") == LATEST


async def test_a_schema_that_needs_newer_code_is_refused(
    store: PostgresStore, postgres_url: str, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "insert into sagewai.migrations (number, name, checksum, min_code) values ($1, 'later', '', $1)",
        LATEST + 1,
    )
    for opened in (PostgresStore(postgres_url), PostgresStore(postgres_url)):
        with pytest.raises(SchemaError, match="install a newer version"):
            await opened.initialize()
        with pytest.raises(SchemaError, match="install a newer version"):
            await opened.now()
        await opened.close()


async def test_a_newer_schema_that_this_code_can_work_with_is_taken(
    store: PostgresStore, postgres_url: str, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "insert into sagewai.migrations (number, name, checksum, min_code) values ($1, 'later', '', $2)",
        LATEST + 1,
        LATEST,
    )
    async with PostgresStore(postgres_url) as opened:
        assert (await opened.info()).schema == LATEST + 1


async def test_an_altered_migration_is_refused(
    store: PostgresStore, postgres_url: str, admin: asyncpg.Connection
) -> None:
    await admin.execute("update sagewai.migrations set checksum = 'other' where number = 1")
    opened = PostgresStore(postgres_url)
    with pytest.raises(SchemaError, match="other content"):
        await opened.initialize()
    await opened.close()


async def test_an_outdated_schema_is_migrated_by_initialize_alone(
    store: PostgresStore, postgres_url: str, admin: asyncpg.Connection
) -> None:
    """As it is for code that knows one file more than the database has seen."""
    await admin.execute("update sagewai.migrations set number = 0, min_code = 0 where number = $1", LATEST)
    opened = PostgresStore(postgres_url)
    with pytest.raises(SchemaError, match=r"initialize\(\)"):
        await opened.now()
    await opened.close()


@pytest.fixture
def role(postgres_server: PostgresServer, postgres_url: str) -> Iterator[Callable[[str], str]]:
    """URLs for a role without any right but to connect; its statements are granted by the test."""
    name, database = "sagewai_test_worker", postgres_url.rpartition("/")[2].partition("?")[0]
    postgres_server.execute(f"drop role if exists {name}")
    postgres_server.execute(f"create role {name} login password 'pw'")
    yield lambda grants: (
        [postgres_server.execute(grant.format(role=name), database) for grant in grants.split(";") if grant],
        with_login(postgres_server.loopback_url(database), f"{name}:pw"),
    )[1]
    postgres_server.execute(f"drop owned by {name}", database)
    postgres_server.execute(f"drop role {name}")


async def test_a_role_that_may_not_create_is_told_who_can(role: Callable[[str], str]) -> None:
    store = PostgresStore(role(""))
    with pytest.raises(SchemaError, match="sagewai_test_worker"):
        await store.initialize()
    await store.close()


async def test_a_role_that_may_not_create_verifies_instead(
    store: PostgresStore, role: Callable[[str], str]
) -> None:
    url = role(
        "grant usage on schema sagewai to {role};grant select on all tables in schema sagewai to {role}"
    )
    async with PostgresStore(url) as reader:
        assert (await reader.list_runs(RunQuery())).items == ()
        assert (await reader.info()).schema == LATEST
