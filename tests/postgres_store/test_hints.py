"""Hints shorten a wait; where none can be heard, a wait just ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.models.transition import Move
from tests.contract.scene import Scene
from tests.postgres.server import PostgresServer
from tests.postgres_store.test_secrets import with_login


@pytest.fixture
def crowded_url(postgres_server: PostgresServer, database_url: str, store: PostgresStore) -> Iterator[str]:
    """For a role that gets one connection and no more, so that none is left to listen on."""
    name, database = "sagewai_test_crowded", database_url.rpartition("/")[2].partition("?")[0]
    postgres_server.execute(f"drop role if exists {name}")
    postgres_server.execute(f"create role {name} login password 'pw' connection limit 1")
    for right in ("usage on schema", "all on all tables in schema", "all on all sequences in schema"):
        postgres_server.execute(f"grant {right} sagewai to {name}", database)
    yield with_login(postgres_server.loopback_url(database), f"{name}:pw")
    postgres_server.execute(f"drop owned by {name}", database)
    postgres_server.execute(f"drop role {name}")


async def test_a_wait_that_cannot_listen_ends_by_its_timeout(crowded_url: str) -> None:
    crowded = PostgresStore(crowded_url, pool_size=1)
    async with crowded:
        await Scene(crowded).submit()
        assert not await crowded.wait("work", 0.3)
        await Scene(crowded).submit("r2")


async def test_a_batch_sends_one_notification_and_only_when_something_became_of_it(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    told: list[str] = []
    for channel in ("sagewai_work", "sagewai_done"):
        await admin.add_listener(channel, lambda *args: told.append(args[2]))

    async def heard() -> list[str]:
        await admin.execute("select 1")  # notifications come before the answer
        taken, told[:] = list(told), []
        return taken

    owners = [await scene.own(f"r{number}") for number in range(3)]
    await heard()
    await store.record([owner.transition(Move.STEP_DONE) for owner in owners])
    for owner in owners:
        owner.note(Move.STEP_DONE)
    assert await heard() == []
    await store.record([owner.transition(Move.RELEASED) for owner in owners])
    assert await heard() == ["sagewai_work"]
    owners = [await scene.take(owner.run_id) for owner in owners]
    assert await heard() == []
    await store.record([owner.transition(Move.COMPLETED) for owner in owners[:2]])
    assert await heard() == ["sagewai_done"]
    await owners[2].park()
    assert await heard() == ["sagewai_done"]


async def test_what_happens_before_the_first_wait_is_listening_is_not_missed(
    store: PostgresStore, scene: Scene
) -> None:
    waiting = asyncio.create_task(store.wait("work", 20))
    await asyncio.sleep(0)
    began = time.monotonic()
    await scene.submit()
    assert await waiting
    assert time.monotonic() - began < 5
