"""Stores that screens are tested on, filled through the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.url import open_store
from tests.tui.stage import Clock, Stage


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stage(clock: Clock) -> Stage:
    """An empty store with a live worker."""
    stage = Stage(InMemoryStore(clock=clock))
    await stage.worker("content-pipeline", "invoice", lease=1e6)
    return stage


@pytest.fixture
async def night(clock: Clock) -> Stage:
    """A store as an operator finds it at three in the morning."""
    stage = Stage(InMemoryStore(clock=clock))
    await stage.night(clock)
    return stage


@pytest.fixture
async def sqlite(sqlite_path: Path) -> AsyncIterator[Stage]:
    """A real file with a live worker."""
    async with open_store(f"sqlite:///{sqlite_path}") as store:
        stage = Stage(store)
        await stage.worker("content-pipeline", "invoice", lease=1e6)
        yield stage


@pytest.fixture(params=["sqlite", "postgres"])
async def real(request: pytest.FixtureRequest, sqlite_path: Path) -> AsyncIterator[Stage]:
    """A real database of either kind."""
    on_postgres = request.param == "postgres"
    url = request.getfixturevalue("migrated_url") if on_postgres else f"sqlite:///{sqlite_path}"
    async with open_store(url) as store:
        stage = Stage(store)
        await stage.worker("content-pipeline", "invoice", lease=1e6)
        yield stage
