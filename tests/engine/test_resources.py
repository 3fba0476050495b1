"""What a worker watches besides runs: its store's disk, its own event loop, and that nothing it opened stays behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from sagewai import DurableWorkflow, InMemoryStore, WorkflowWorker
from sagewai.core.stores.base import Claimed, Store
from sagewai.core.worker.disk import STOP_AT, WARN_AT, Room, room
from sagewai.errors import StoreUnavailable
from sagewai.models.session import SessionSpec
from sagewai.models.status import Outcome, RunStatus, SessionStatus
from tests.engine.helpers import until, until_status, working


class Disk(InMemoryStore):
    """The reference store on a disk whose free share is at the test's will."""

    free: float | None = 0.5
    broken = False
    claims = 0

    async def claim(self, session: int, routes: Sequence[int], limit: int) -> Claimed:
        self.claims += 1
        return await super().claim(session, routes, limit)

    async def free_space(self) -> float | None:  # type: ignore[override]
        if self.broken:
            raise StoreUnavailable("no answer")
        return self.free


def echo(store: Store) -> DurableWorkflow:
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda n=1: n)
    return wf


def said(caplog: pytest.LogCaptureFixture, words: str) -> Callable[[], Awaitable[bool]]:
    async def heard() -> bool:
        return any(words in record.getMessage() for record in caplog.records)

    return heard


# -- disk -----------------------------------------------------------------------------------------------------------


async def test_a_worker_claims_nothing_on_a_full_disk_says_so_and_goes_on_by_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Disk()
    store.free = 0.04
    wf = echo(store)
    handle = await wf.submit()
    async with working(store, wf, name="w", poll_interval=0.02, heartbeat_interval=0.05, lease_ttl=1.0):
        await until(said(caplog, "worker w claims nothing: the store's disk has 4.0 % left"))

        async def shown() -> bool:
            return [item.status for item in await store.list_sessions()] == [SessionStatus.PAUSED]

        await until(shown)
        assert (await handle.status()).token == 0
        store.broken = True  # what can't be known changes nothing
        await until(said(caplog, "worker w can't look at its disk"))
        assert ((await handle.status()).token, store.claims) == (0, 0)
        store.broken, store.free = False, 0.06
        assert await handle.result(timeout=10) == 1
        store.free = 0.5
        await until(said(caplog, "worker w goes on"))
    warned = [record.getMessage() for record in caplog.records if "% left" in record.getMessage()]
    assert [text.partition(":")[0] for text in warned] == [
        "worker w claims nothing",
        "worker w and claims again",
        "worker w goes on",
    ]


async def test_what_is_held_is_finished_on_a_full_disk() -> None:
    store = Disk()
    wf = DurableWorkflow("flow", store)
    reached = asyncio.Event()

    @wf.step("one")
    async def one() -> str:
        reached.set()
        await until(crowded)
        return "recorded"

    async def crowded() -> bool:
        return [item.status for item in await store.list_sessions()] == [SessionStatus.PAUSED]

    handle = await wf.submit()
    async with working(store, wf, poll_interval=0.02, heartbeat_interval=0.05, lease_ttl=1.0):
        await reached.wait()
        store.free = 0.0
        assert await handle.result(timeout=10) == "recorded"


def test_how_a_free_share_is_judged() -> None:
    assert [room(share) for share in (None, 1.0, WARN_AT + 0.001)] == [Room.ENOUGH] * 3
    assert [room(share) for share in (WARN_AT, STOP_AT + 0.001)] == [Room.LITTLE] * 2
    assert [room(share) for share in (STOP_AT, 0.0)] == [Room.NONE] * 2


async def test_every_store_knows_its_disk_or_that_it_does_not(store: Store) -> None:
    free = await store.free_space()
    assert free is None or 0.0 <= free <= 1.0


# -- the loop -------------------------------------------------------------------------------------------------------


async def test_a_loop_that_was_blocked_is_told_of_once_when_it_runs_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = InMemoryStore()
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one() -> None:
        time.sleep(2.4)  # noqa: ASYNC251 - in the worker's own loop

    handle = await wf.submit()
    async with working(store, wf, heartbeat_interval=0.1, lease_ttl=5.0):
        await handle.result(timeout=15)
        await until(said(caplog, "was blocked for"))
    told = [record.getMessage() for record in caplog.records if record.name == "sagewai.heartbeat"]
    assert sum("is blocked, for" in text for text in told) == 1
    assert sum("was blocked for" in text for text in told) == 1


# -- the end --------------------------------------------------------------------------------------------------------


class Slow(InMemoryStore):
    """The reference store, which takes its time to open a session."""

    async def open_session(self, spec: SessionSpec) -> int:
        session = await super().open_session(spec)
        await asyncio.sleep(0.1)
        return session


@pytest.mark.parametrize("iterations", [0, 1, 2, 5, 50])
async def test_a_loop_that_ends_while_a_session_opens_leaves_nothing_to_lapse(iterations: int) -> None:
    store = Slow()

    async def brief() -> None:
        running = asyncio.create_task(echo(store).run())
        for _ in range(iterations):
            await asyncio.sleep(0)
        assert not running.done()

    await asyncio.to_thread(lambda: asyncio.run(brief()))
    assert [item.status for item in await store.list_sessions()] in ([], [SessionStatus.STOPPED])
    if iterations > 2:
        assert len(await store.list_sessions()) == 1


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_loops_that_end_at_any_moment_leave_no_live_session(store: Store, store_url: str) -> None:
    from sagewai import open_store

    def life(seconds: float) -> None:
        async def brief() -> None:
            asyncio.create_task(echo(open_store(store_url)).run())  # noqa: RUF006
            await asyncio.sleep(seconds)

        asyncio.run(brief())

    for step in range(8):
        await asyncio.to_thread(life, 0.006 * step)
    assert await store.list_sessions(live_only=True) == []


async def test_one_caller_who_gives_up_while_the_session_opens_takes_it_from_nobody() -> None:
    store = Slow()
    hasty = asyncio.create_task(echo(store).run(run_id="hasty"))
    patient = asyncio.create_task(echo(store).run(run_id="patient"))
    await asyncio.sleep(0.02)
    hasty.cancel()
    assert await asyncio.wait_for(patient, 10) == 1
    assert len(await store.list_sessions()) == 1


class Shy(InMemoryStore):
    """The reference store, which refuses the first session."""

    asked = 0

    async def open_session(self, spec: SessionSpec) -> int:
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailable("not yet")
        return await super().open_session(spec)


async def test_a_session_that_could_not_be_opened_is_opened_by_the_next_who_asks() -> None:
    store = Shy()
    with pytest.raises(StoreUnavailable, match="not yet"):
        await echo(store).run()
    assert await echo(store).run(n=2) == 2


async def test_a_second_signal_does_not_wait_for_steps(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    reached = asyncio.Event()

    @wf.step("one")
    async def one() -> None:
        reached.set()
        await asyncio.sleep(60)

    await wf.submit(run_id="r")
    worker = WorkflowWorker(
        store=store, workflow_registry=wf, poll_interval=0.1, heartbeat_interval=0.2, drain_timeout=60
    )
    started = asyncio.create_task(worker.start())
    await reached.wait()
    began = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)

    async def draining() -> bool:
        return [item.status for item in await store.list_sessions()] == [SessionStatus.DRAINING]

    await until(draining)
    assert not started.done()  # one signal lets the step end
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(started, 15)
    assert time.monotonic() - began < 15
    run = await until_status(store, "r", RunStatus.PENDING)
    assert run.takeovers == 0
    assert [item.outcome for item in await store.get_attempts("r")] == [Outcome.RELEASED]
