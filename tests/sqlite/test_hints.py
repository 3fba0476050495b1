"""Waiting: woken by what happened, in whatever loop or store object, and by nothing else."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from sagewai.core.stores.base import Topic
from sagewai.core.stores.sqlite import SQLiteStore, hints
from sagewai.models.transition import Move
from tests.contract.scene import Scene


async def test_progress_and_claims_wake_nobody(store: SQLiteStore, scene: Scene) -> None:
    owner = await scene.own()
    assert await store.wait("work", 1) is True
    await owner.make(Move.STEP_DONE)
    await owner.make(Move.RETRY)
    await scene.session()
    assert await store.wait("work", 0.1) is False
    assert await store.wait("done", 0.1) is False
    await owner.make(Move.PARK)
    assert await store.wait("done", 1) is True


async def test_what_is_heard_of_is_heard_once(store: SQLiteStore, scene: Scene) -> None:
    """Told by the writer and seen in the file, it is still one hint."""
    await scene.submit()
    assert await store.wait("work", 1) is True
    assert await store.wait("work", 0.2) is False


async def test_all_who_wait_hear(store: SQLiteStore, scene: Scene) -> None:
    waiting = [asyncio.create_task(store.wait("work", 30)) for _ in range(50)]
    await asyncio.sleep(0)
    began = time.monotonic()
    await scene.submit()
    assert await asyncio.gather(*waiting) == [True] * 50
    assert time.monotonic() - began < 20


async def test_who_waits_in_the_process_that_writes_is_told_without_looking(
    store: SQLiteStore, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what one statement recorded, too."""
    monkeypatch.setattr(hints, "LOOK_EVERY", 600)
    owner = await scene.own()
    assert await store.wait("work", 1) is True

    async def has_looked() -> bool:
        return store._here().hints._looking is not None

    async def finish() -> None:
        await owner.finish()

    async def submit() -> None:
        await scene.submit("r2")

    topics: tuple[Topic, ...] = ("done", "work")
    for topic, deed in zip(topics, (finish, submit), strict=True):
        waiting = asyncio.create_task(store.wait(topic, 10))
        await scene.until(has_looked)
        await deed()
        assert await waiting is True


async def test_another_store_object_on_the_file_hears(store: SQLiteStore, sqlite_path: Path) -> None:
    async with SQLiteStore(sqlite_path) as other:
        waiting = asyncio.create_task(other.wait("work", 30))
        await asyncio.sleep(0)
        await Scene(store).submit()
        assert await waiting is True


async def test_a_waiter_in_another_loop_hears(store: SQLiteStore, scene: Scene) -> None:
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def listen() -> bool:
        await store.counts()  # its lanes are open
        loop.call_soon_threadsafe(ready.set)
        heard = await store.wait("work", 30)
        await store.close()
        return heard

    listening = asyncio.create_task(asyncio.to_thread(asyncio.run, listen()))
    await ready.wait()
    await scene.submit()
    assert await listening is True


async def test_nothing_looks_at_the_file_once_nobody_waits(store: SQLiteStore) -> None:
    heard = store._here().hints
    assert await store.wait("done", 0.05) is False
    assert heard._looking is None
    waiting = asyncio.create_task(store.wait("done", 30))
    await asyncio.sleep(0.05)
    assert heard._looking is not None
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert heard._looking is None
