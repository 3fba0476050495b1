"""Loops and threads: one store object serves several event loops, each with what it opened itself."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from sagewai.core.stores.base import Store
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import Scene, spec

T = TypeVar("T")


async def elsewhere(store: Store, job: Callable[[], Awaitable[T]]) -> T:
    """Run a job in a thread and event loop of its own, which then closes what it opened."""

    async def whole() -> T:
        try:
            return await job()
        finally:
            await store.close()

    return await asyncio.to_thread(lambda: asyncio.run(whole()))


async def test_a_heartbeat_in_another_thread_sees_what_this_one_holds(scene: Scene, store: Store) -> None:
    session = await scene.session()
    owner = await scene.own(session=session)
    beat = await elsewhere(store, lambda: store.heartbeat(session))
    assert [held.run_id for held in beat.held] == ["r1"]
    assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING


async def test_what_one_loop_writes_another_reads(scene: Scene, store: Store) -> None:
    await elsewhere(store, lambda: store.insert_runs([spec("r1")]))
    assert await scene.status() is RunStatus.PENDING
    lease = (await elsewhere(store, scene.take)).lease
    assert lease.token == 1
    assert await scene.status() is RunStatus.RUNNING


async def test_claimers_in_many_threads_take_each_run_once(scene: Scene, store: Store) -> None:
    await store.insert_runs([spec(f"r{number:02}") for number in range(40)])
    sessions = [await scene.session(f"w{number}") for number in range(4)]
    routes = await scene.routes()

    async def drain(session: int) -> list[str]:
        taken: list[str] = []
        while runs := (await store.claim(session, routes, 3)).runs:
            taken += [run.run_id for run in runs]
        return taken

    shares = await asyncio.gather(
        *(elsewhere(store, lambda session=session: drain(session)) for session in sessions)  # type: ignore[misc]
    )
    taken = [run_id for share in shares for run_id in share]
    assert sorted(taken) == [f"r{number:02}" for number in range(40)]


async def test_a_waiter_in_another_loop_is_woken(scene: Scene, store: Store) -> None:
    listening = threading.Event()

    async def listen() -> bool:
        while await store.wait("work", 0.05):
            pass
        asyncio.get_running_loop().call_later(0.05, listening.set)
        async with asyncio.timeout(20.0):
            return await store.wait("work", 60.0)

    heard = asyncio.create_task(elsewhere(store, listen))
    await asyncio.to_thread(listening.wait, 20.0)
    await asyncio.sleep(0.1)  # the other loop sleeps by now, with nothing to wake it but the hint
    await scene.submit()
    async with asyncio.timeout(5.0):
        assert await heard


@pytest.mark.filterwarnings("ignore:.*:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_loop_that_ended_leaves_the_store_usable(scene: Scene, store: Store) -> None:
    """A loop that never closed the store, as when a script's asyncio.run was interrupted."""
    await asyncio.to_thread(lambda: asyncio.run(store.wait("work", 0.01)))
    await asyncio.to_thread(lambda: asyncio.run(store.now()))
    gc.collect()  # connections that nobody closed complain now, while that is expected
    await scene.submit()
    assert await scene.status() is RunStatus.PENDING


async def test_a_closed_store_opens_again_when_it_is_used(scene: Scene, store: Store) -> None:
    await scene.submit()
    await store.close()
    await store.close()
    assert await scene.status() is RunStatus.PENDING


async def test_a_store_can_be_initialised_again(scene: Scene, store: Store) -> None:
    await scene.submit()
    await store.initialize()
    info = await store.info()
    assert info.schema == info.expected
    assert await scene.status() is RunStatus.PENDING


async def test_the_stores_clock_goes_forward_and_knows_its_zone(store: Store) -> None:
    first = await store.now()
    second = await store.now()
    assert second >= first
    offset = first.utcoffset()
    assert offset is not None
    assert offset.total_seconds() == 0
