"""Each engine test runs on every store, unless it says which one it needs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.url import open_store


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory://"
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    url: str = request.getfixturevalue("migrated_url")
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    opened = open_store(store_url)
    await opened.initialize()
    yield opened
    await opened.close()
