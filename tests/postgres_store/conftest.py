"""A store on a database of its own, and a connection beside it that sees what the server sees."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.postgres.grants import KINDS
from tests.contract.scene import Scene
from tests.postgres.server import PostgresServer
from tests.postgres_store.people import People, people


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """A database of this test's own, with today's schema. Where the schema is what's tested, it's an empty one."""
    return migrated_url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    opened = PostgresStore(database_url)
    async with opened:
        yield opened


@pytest.fixture
def scene(store: PostgresStore) -> Scene:
    return Scene(store)


@pytest.fixture
async def admin(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def staff(
    store: PostgresStore, postgres_server: PostgresServer, database_url: str
) -> AsyncIterator[People]:
    """Roles in place, and a login of each kind under its first letters."""
    with people(postgres_server, database_url) as everybody:
        await store.apply_roles(everybody.prefix)
        for kind in KINDS:
            everybody.hire(kind[:3], kind)
        yield everybody
        await store.close()
