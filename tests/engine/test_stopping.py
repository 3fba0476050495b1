"""Ending at any moment: a worker stopped early, twice, from elsewhere or by a signal; a loop closed over held runs."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence

import pytest

from sagewai import DurableWorkflow, InMemoryStore, WorkflowWorker
from sagewai.core.stores.base import Store
from sagewai.core.worker.heartbeat import DEAF_LEASES
from sagewai.errors import InvalidOptionError, StoreUnavailable
from sagewai.models.run import RunHead, RunOutcome
from sagewai.models.session import Beat
from sagewai.models.status import RunStatus
from sagewai.models.transition import Transition
from tests.engine.helpers import until, until_status, working


class Unreachable(InMemoryStore):
    """The reference store behind a line that can be cut."""

    cut = False

    async def record(self, transitions: Sequence[Transition]) -> list[RunStatus | None]:
        if self.cut:
            raise StoreUnavailable("cut")
        return await super().record(transitions)

    async def heads(self, keys: Sequence[int]) -> dict[int, RunHead]:
        if self.cut:
            raise StoreUnavailable("cut")
        return await super().heads(keys)


def a_workflow(store: Store) -> DurableWorkflow:
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda: "ok")
    return wf


def a_worker(store: Store) -> WorkflowWorker:
    return WorkflowWorker(
        store=store, workflow_registry=a_workflow(store), poll_interval=0.1, heartbeat_interval=0.2
    )


async def test_a_worker_told_to_stop_before_it_is_ready_stops() -> None:
    worker = a_worker(InMemoryStore())
    started = asyncio.create_task(worker.start())
    await worker.stop()
    await asyncio.wait_for(started, 5)


async def test_a_worker_can_be_started_once_at_a_time_and_again_in_another_loop() -> None:
    store = InMemoryStore()
    worker = a_worker(store)

    async def a_life() -> None:
        started = asyncio.create_task(worker.start())
        await asyncio.sleep(0)
        with pytest.raises(InvalidOptionError, match="running already"):
            await worker.start()
        handle = await a_workflow(store).submit()
        assert await handle.result(timeout=5) == "ok"
        await worker.stop()
        await started

    await a_life()
    await asyncio.to_thread(lambda: asyncio.run(a_life()))


async def test_a_worker_can_be_stopped_from_another_thread() -> None:
    store = InMemoryStore()
    worker = a_worker(store)
    began = time.monotonic()
    started = asyncio.create_task(worker.start())
    await (await a_workflow(store).submit()).result(timeout=5)
    await asyncio.wait_for(asyncio.to_thread(lambda: asyncio.run(worker.stop())), 5)
    await started
    assert time.monotonic() - began < 5


async def test_a_worker_that_waits_for_work_ends_when_it_is_told_to_however_seldom_it_looks() -> None:
    store = InMemoryStore()
    async with asyncio.timeout(5), working(store, a_workflow(store), poll_interval=20) as worker:
        assert (
            await (await a_workflow(store).submit()).result() == "ok"
        )  # heard of at once, and it waits again
        await asyncio.gather(worker.stop(), worker.stop())


async def test_two_workers_of_one_loop_both_hear_a_signal_and_leave_the_handler_as_it_was() -> None:
    store = InMemoryStore()
    before = signal.getsignal(signal.SIGTERM)
    first, second = (asyncio.create_task(a_worker(store).start()) for _ in range(2))

    async def ready() -> bool:
        return len(await store.list_sessions(live_only=True)) == 2

    await until(ready)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(asyncio.gather(first, second), 5)
    assert signal.getsignal(signal.SIGTERM) is before


async def test_a_worker_that_ends_before_its_neighbour_takes_no_signal_from_it() -> None:
    store = InMemoryStore()
    before = signal.getsignal(signal.SIGTERM)
    early, late = a_worker(store), a_worker(store)
    first = asyncio.create_task(early.start())
    second = asyncio.create_task(late.start())

    async def ready() -> bool:
        return len(await store.list_sessions(live_only=True)) == 2

    await until(ready)
    await early.stop()
    await first
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(second, 5)
    assert signal.getsignal(signal.SIGTERM) is before


async def test_a_worker_stops_though_its_store_answers_no_more() -> None:
    store = Unreachable()
    wf = a_workflow(store)
    recording = asyncio.Event()

    @wf.step("two")
    async def two() -> None:
        store.cut = True
        recording.set()

    await wf.submit(run_id="r")
    worker = WorkflowWorker(
        store=store, workflow_registry=wf, heartbeat_interval=0.1, lease_ttl=0.5, drain_timeout=0.1
    )
    started = asyncio.create_task(worker.start())
    await recording.wait()
    await asyncio.wait_for(worker.stop(), 10)
    await started


async def test_a_caller_can_be_cancelled_though_the_store_answers_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sagewai.core.runner.HAND_BACK", 0.2)
    store = Unreachable()
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one() -> None:
        store.cut = True

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wf.run(run_id="r"), 0.3)
    store.cut = False
    await until_status(store, "r", RunStatus.COMPLETED, RunStatus.PENDING)


LOOP_ENDS = """
import asyncio, sys
from sagewai import DurableWorkflow, open_store

store = open_store(sys.argv[1])
wf = DurableWorkflow("flow", store)

@wf.step("one", retries=3, retry_delay=2)
async def one(n: int) -> int:
    if n % 3 == 0:
        raise RuntimeError("again")
    await asyncio.sleep(0.01 * (n % 7))
    return n

@wf.step("two")
async def two(n: int) -> None:
    await asyncio.sleep(60 if n % 2 else 0.02)

async def main() -> None:
    await wf.run(n=4)  # from here on there is a session
    for n in range(40):
        asyncio.create_task(wf.run(n=n))
    await asyncio.sleep(float(sys.argv[2]))

asyncio.run(main())
print("over")
"""


@pytest.mark.parametrize("after", ["0.05", "0.15"])
async def test_a_loop_ends_at_once_whatever_its_runs_are_doing(
    store_url: str, store: Store, after: str
) -> None:
    command = [sys.executable, "-c", LOOP_ENDS, store_url, after]
    process = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=20)
    assert process.stdout == "over\n"
    assert "never retrieved" not in process.stderr
    assert "never awaited" not in process.stderr
    assert await store.list_sessions(live_only=True) == []


@pytest.mark.parametrize("store_url", ["memory"], indirect=True)
async def test_a_worker_that_was_frozen_for_long_works_again(store: Store) -> None:
    """The process stood still: when it goes on, the heartbeat gives up before the loop has ticked."""
    wf = a_workflow(store)
    released = threading.Event()

    @wf.step("two")
    async def two(_: str, hold: bool = False) -> str:
        if hold:
            released.wait(10)  # in the loop itself
        return "done"

    held = await wf.submit(run_id="held", hold=True)
    async with working(store, wf, heartbeat_interval=0.05, lease_ttl=0.1):
        timer = threading.Timer(0.1 * DEAF_LEASES + 1.0, released.set)
        timer.start()
        await held.result(timeout=15)
        assert await (await wf.submit()).result(timeout=10) == "done"


class DeafBeats(InMemoryStore):
    """The reference store, whose first heartbeat meets a bug."""

    beats = 0

    async def heartbeat(self, session: int, *, status: object = "active") -> Beat:
        self.beats += 1
        if self.beats == 1:
            raise KeyError("a bug")
        return await super().heartbeat(session, status=status)  # type: ignore[arg-type]


async def test_a_heartbeat_survives_what_it_did_not_expect() -> None:
    store = DeafBeats()
    async with working(store, a_workflow(store), heartbeat_interval=0.05, lease_ttl=0.5):

        async def beaten() -> bool:
            return store.beats > 5

        await until(beaten)
        assert await (await a_workflow(store).submit()).result(timeout=5) == "ok"


def test_a_loop_that_ended_is_not_kept_by_the_store() -> None:
    wf = a_workflow(InMemoryStore())
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def once() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await wf.run()

    for _ in range(3):
        asyncio.run(once())
    deadline = time.monotonic() + 5.0
    while any(loop() for loop in loops) and time.monotonic() < deadline:
        gc.collect()
        time.sleep(
            0.01
        )  # a heartbeat's thread has a few instructions left after its loop was told that it ended
    assert [loop() for loop in loops] == [None, None, None]


class Flickering(InMemoryStore):
    """The reference store, which doesn't answer every other look at a run."""

    looks = 0

    async def get_outcome(self, run_id: str) -> RunOutcome:
        self.looks += 1
        if self.looks % 2 == 0:
            raise StoreUnavailable("cut")
        return await super().get_outcome(run_id)


async def test_who_waits_for_a_result_waits_through_outages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sagewai.core.runner.POLL", 0.01)
    store = Flickering()
    handle = await a_workflow(store).submit()
    waiting = asyncio.create_task(handle.result(timeout=10))

    async def looked() -> bool:
        return store.looks > 5

    await until(looked)
    async with working(store, a_workflow(store)):
        assert await waiting == "ok"


async def test_a_store_that_never_answered_is_an_error_at_once() -> None:
    store = Flickering()
    handle = await a_workflow(store).submit()
    store.looks = 1
    with pytest.raises(StoreUnavailable):
        await handle.result(timeout=10)


class Slow(InMemoryStore):
    """The reference store, which takes its time to record."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answer = asyncio.Event(), asyncio.Event()
        self.revs: list[int] = []

    async def record(self, transitions: Sequence[Transition]) -> list[RunStatus | None]:
        self.revs += [move.rev for move in transitions]
        self.asked.set()
        await self.answer.wait()
        return await super().record(transitions)


async def test_cancelling_again_and_again_never_hands_over_a_second_transition() -> None:
    store = Slow()
    running = asyncio.create_task(a_workflow(store).run(run_id="r"))
    await store.asked.wait()
    execution = next(task for task in asyncio.all_tasks() if task.get_name() == "run r")
    for _ in range(3):
        execution.cancel()
        await asyncio.sleep(0)
    store.answer.set()
    assert await running == "ok"
    assert len(store.revs) == 1
