"""A desk on each store that a demo could stand on, with a worker that serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.url import open_store
from tests.engine.helpers import working
from tui.demo import flows
from tui.demo.desk import Desk
from tui.demo.scratch import Scratch, make, remove


@pytest.fixture
def scratch() -> Iterator[Scratch]:
    made = make()
    yield made
    remove(made)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, scratch: Scratch) -> AsyncIterator[Store]:
    opened = open_store("memory://" if request.param == "memory" else scratch.store_url)
    yield opened
    await opened.close()


@pytest.fixture
async def desk(scratch: Scratch, store: Store) -> AsyncIterator[Desk]:
    async with working(store, flows.station):
        yield Desk(scratch, store)
