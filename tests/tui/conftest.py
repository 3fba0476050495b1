"""Stores that screens are tested on, filled through the contract."""

from __future__ import annotations

import pytest

from sagewai.core.stores.memory import InMemoryStore
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
