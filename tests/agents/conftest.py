"""A model endpoint for each test, under the names and keys that users configure."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.agents.endpoint import LoopbackModels, close_clients
from tests.engine.conftest import store, store_url

__all__ = ["models", "store", "store_url"]


@pytest.fixture
async def models() -> AsyncIterator[LoopbackModels]:
    """The endpoint, with this process's environment pointing all three providers at it."""
    with LoopbackModels() as endpoint, endpoint.as_environment():
        yield endpoint
        await close_clients()
