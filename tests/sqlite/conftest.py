"""A SQLite store of its own for each test, and the scene around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sagewai.core.stores.sqlite import SQLiteStore
from tests.contract.scene import Scene


@pytest.fixture
async def store(sqlite_path: Path) -> AsyncIterator[SQLiteStore]:
    async with SQLiteStore(sqlite_path) as opened:
        yield opened


@pytest.fixture
def scene(store: SQLiteStore) -> Scene:
    return Scene(store)
