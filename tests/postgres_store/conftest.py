"""A store on an empty database, and a connection beside it that sees what the server sees."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore
from tests.contract.scene import Scene


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[PostgresStore]:
    opened = PostgresStore(postgres_url)
    async with opened:
        yield opened


@pytest.fixture
def scene(store: PostgresStore) -> Scene:
    return Scene(store)


@pytest.fixture
async def admin(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()
