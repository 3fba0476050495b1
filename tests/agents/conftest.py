"""A model endpoint for each test, under the names and keys that users configure."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest

from tests.agents.endpoint import LoopbackModels
from tests.engine.conftest import store, store_url

__all__ = ["models", "store", "store_url"]


@pytest.fixture
async def models() -> AsyncIterator[LoopbackModels]:
    """The endpoint, with this process's environment pointing all three providers at it."""
    with LoopbackModels() as endpoint, endpoint.as_environment():
        yield endpoint
        litellm = sys.modules.get("litellm")
        if litellm is not None:  # its clients belong to the test's event loop, which ends now
            await litellm.close_litellm_async_clients()
            # A process full of tests makes more clients than litellm keeps, and what it drops it leaves unclosed.
            litellm.in_memory_llm_clients_cache.max_size_in_memory = 100_000
