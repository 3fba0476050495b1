"""Hints: a waiter is woken early when something became ready or came to rest; polling suffices when it isn't."""

from __future__ import annotations

import asyncio
import time

import pytest

from sagewai.core.stores.base import Store, Topic
from sagewai.core.transitions import Operation
from sagewai.models.status import Ask, Verdict
from sagewai.models.transition import Move
from tests.contract.scene import BOB, Scene

SOON = 5.0
"""Seconds within which a hint must arrive here, far below what the waiters would wait."""


async def quiet(store: Store, topic: Topic) -> None:
    """Hear what there was to hear; from now on this loop listens."""
    while await store.wait(topic, 0.05):
        pass


async def woken_by(store: Store, topic: Topic, happening: object) -> None:
    """The happening wakes a waiter long before its time-out."""
    await quiet(store, topic)
    waiter = asyncio.create_task(store.wait(topic, 60.0))
    await asyncio.sleep(0)
    started = time.monotonic()
    await happening  # type: ignore[misc]
    async with asyncio.timeout(SOON):
        assert await waiter
    assert time.monotonic() - started < SOON


async def test_a_wait_without_news_ends_at_its_timeout(store: Store) -> None:
    await quiet(store, "work")
    started = time.monotonic()
    assert await store.wait("work", 0.1) is False
    assert time.monotonic() - started >= 0.09


async def test_a_submitted_run_is_work(scene: Scene, store: Store) -> None:
    await woken_by(store, "work", scene.submit())


async def test_a_resumed_pool_and_a_stepped_run_are_work(scene: Scene, store: Store) -> None:
    await store.ask_pool("gpu", Ask.PAUSE, BOB)
    await woken_by(store, "work", scene.submit(pool="gpu"))  # who hears this listens
    await woken_by(store, "work", store.ask_pool("gpu", Ask.RESUME, BOB))
    await store.operate("r1", Operation.PAUSE, BOB)
    await woken_by(store, "work", store.operate("r1", Operation.STEP, BOB))


async def test_a_released_run_is_work(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await woken_by(store, "work", owner.make(Move.RELEASED))


async def test_an_approved_run_is_work(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park()
    await woken_by(store, "work", scene.decide())


async def test_a_run_taken_over_is_work(scene: Scene, store: Store) -> None:
    await scene.own()
    await woken_by(store, "work", scene.lose("r1"))


@pytest.mark.parametrize("operation", [Operation.RESUME, Operation.RETRY])
async def test_what_an_operator_made_ready_is_work(scene: Scene, store: Store, operation: Operation) -> None:
    owner = await scene.own()
    if operation is Operation.RESUME:
        await owner.make(Move.RELEASED)
        await store.operate("r1", Operation.PAUSE, BOB)
    else:
        await owner.make(Move.FAILED)
    await woken_by(store, "work", store.operate("r1", operation, BOB))


@pytest.mark.parametrize("move", [Move.COMPLETED, Move.PARK, Move.FAILED, Move.RETRY_LATER, Move.CANCELLED])
async def test_a_run_that_came_to_rest_is_done(scene: Scene, store: Store, move: Move) -> None:
    owner = await scene.own()
    await woken_by(store, "done", owner.make(move))


async def test_a_rejected_or_cancelled_run_is_done(scene: Scene, store: Store) -> None:
    owner = await scene.own("r1")
    await owner.park()
    await woken_by(store, "done", scene.decide("r1", Verdict.REJECT, reason="no"))
    await scene.submit("r2")
    await woken_by(store, "done", store.operate("r2", Operation.CANCEL, BOB))


async def test_what_happened_between_two_waits_is_heard_by_the_second(scene: Scene, store: Store) -> None:
    await quiet(store, "work")
    await scene.submit()

    async def heard() -> bool:
        return await store.wait("work", 1.0)

    await scene.until(heard, seconds=SOON)


async def test_all_waiters_of_a_topic_are_woken(scene: Scene, store: Store) -> None:
    await quiet(store, "work")
    waiters = [asyncio.create_task(store.wait("work", 60.0)) for _ in range(5)]
    await asyncio.sleep(0)
    await scene.submit()
    async with asyncio.timeout(SOON):
        assert all(await asyncio.gather(*waiters))


async def test_a_wait_can_be_cancelled(store: Store) -> None:
    await quiet(store, "work")
    waiter = asyncio.create_task(store.wait("work", 60.0))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert await store.wait("work", 0.01) is False
