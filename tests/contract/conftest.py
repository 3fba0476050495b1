"""The store under examination, empty for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.sqlite import SQLiteStore
from tests.contract.scene import Scene
from tests.postgres.again import EMPTY_EVERY_TABLE
from tests.postgres.server import PostgresServer


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Each store in turn. What one test leaves behind, no other sees."""
    opened: Store = request.getfixturevalue(f"{request.param}_store")
    async with opened:
        yield opened


@pytest.fixture
def scene(store: Store) -> Scene:
    return Scene(store)


@pytest.fixture
def memory_store() -> Store:
    return InMemoryStore()


@pytest.fixture
def sqlite_store(sqlite_path: Path) -> Store:
    return SQLiteStore(sqlite_path)


@pytest.fixture(scope="session")
def examined_database(postgres_server: PostgresServer) -> Iterator[str]:
    """One database for the whole suite: to make one for each test would take most of its time."""
    with postgres_server.database() as name:
        yield name


@pytest.fixture
def postgres_store(postgres_server: PostgresServer, examined_database: str) -> Store:
    postgres_server.execute(EMPTY_EVERY_TABLE, examined_database)
    return PostgresStore(database_url=postgres_server.url(examined_database))
