"""The store under examination, empty and of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sagewai.core.stores.base import Store
from tests.contract.scene import Scene

KINDS = ("memory", "sqlite", "postgres")


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Each store in turn. What one test leaves behind, no other sees."""
    opened = open_kind(request.param, request)
    async with opened:
        yield opened


@pytest.fixture
def scene(store: Store) -> Scene:
    return Scene(store)


def open_kind(kind: str, request: pytest.FixtureRequest) -> Store:
    if kind == "memory":
        from sagewai.core.stores.memory import InMemoryStore

        return InMemoryStore()
    if kind == "sqlite":
        from sagewai.core.stores.sqlite import SQLiteStore

        path: Path = request.getfixturevalue("sqlite_path")
        return SQLiteStore(path)
    from sagewai.core.stores.postgres import PostgresStore

    url: str = request.getfixturevalue("postgres_url")
    return PostgresStore(database_url=url)
