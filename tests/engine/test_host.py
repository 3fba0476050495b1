"""What a session's heartbeat sees to: lost claim replies, blocked and dead event loops, processes proven dead."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sagewai import DurableWorkflow, InMemoryStore
from sagewai.core.stores.base import Claimed, Store
from sagewai.core.worker.heartbeat import DEAF_LEASES
from sagewai.core.worker.process import proven_dead, this_process
from sagewai.errors import StoreUnavailable
from sagewai.models.session import SessionSpec
from sagewai.models.status import Outcome, RunStatus, SessionStatus
from tests.engine.helpers import until_status, working


class LosesClaimReplies(InMemoryStore):
    """The reference store, whose first claim is made but never answered."""

    lost = 0

    async def claim(self, session: int, routes: Sequence[int], limit: int) -> Claimed:
        claimed = await super().claim(session, routes, limit)
        if claimed.runs and not self.lost:
            self.lost = len(claimed.runs)
            raise StoreUnavailable("cut after the claim")
        return claimed


async def test_runs_of_a_lost_claim_reply_are_handed_back_and_executed() -> None:
    store = LosesClaimReplies()
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda n: n)
    handles = await wf.submit_many([{"n": n} for n in range(3)])
    async with working(store, wf, heartbeat_interval=0.1):
        assert await asyncio.gather(*(handle.result(timeout=10) for handle in handles)) == [0, 1, 2]
    assert store.lost == 3
    for handle in handles:
        outcomes = [item.outcome for item in await store.get_attempts(handle.run_id)]
        assert outcomes == [Outcome.RELEASED, Outcome.COMPLETED]
        assert (await handle.status()).takeovers == 0


async def test_a_blocked_event_loop_loses_no_lease(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one() -> str:
        time.sleep(1.5)  # noqa: ASYNC251 - three leases, in the worker's own loop
        return "ok"

    handle = await wf.submit(run_id="r")
    async with working(store, wf, heartbeat_interval=0.1, lease_ttl=0.5):
        await until_status(store, "r", RunStatus.COMPLETED)
    assert await handle.result(timeout=5) == "ok"
    assert [item.outcome for item in await store.get_attempts("r")] == [Outcome.COMPLETED]
    assert any("blocked" in record.message for record in caplog.records if record.levelno >= logging.WARNING)


async def test_a_loop_that_never_ticks_again_holds_its_runs_for_ten_leases_at_most(store: Store) -> None:
    """The owner's loop is stuck in another thread; the heartbeat gives up and the run is taken over."""
    wf = DurableWorkflow("flow", store)
    stuck, entered = threading.Event(), threading.Event()
    calls: list[int] = []

    @wf.step("one")
    async def one() -> int:
        calls.append(len(calls))
        if len(calls) == 1:
            entered.set()
            stuck.wait(60)
        return len(calls)

    def other() -> None:
        async def work() -> None:
            async with working(store, wf, heartbeat_interval=0.05, lease_ttl=0.3):
                await asyncio.to_thread(entered.wait)

        asyncio.run(work())

    handle = await wf.submit(run_id="r")
    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    await asyncio.to_thread(entered.wait, 20)
    began = time.monotonic()
    try:
        async with working(store, wf):
            assert await handle.result(timeout=20) == 2
        assert time.monotonic() - began >= DEAF_LEASES * 0.3 * 0.8
        assert next(item.outcome for item in await store.get_attempts("r")) is Outcome.LOST
    finally:
        stuck.set()


async def test_a_dead_process_of_this_host_is_taken_over_at_once(store: Store) -> None:
    """Its lease would last for hours, but boot, pid namespace, pid and start time prove that it is gone."""
    child = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    from sagewai.core.worker import process

    there = replace(this_process(), pid=child.pid, started=process._started(child.pid))
    assert not proven_dead(there)
    session = await store.open_session(SessionSpec("theirs", "script", there, lease_ttl=10_000.0))
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda n: n)
    await store.insert_runs([wf._spec(store, "r", {"n": 1})], session=session)
    child.kill()
    child.wait()
    child.stdout.close()
    assert proven_dead(there)
    assert await asyncio.wait_for(wf.run(run_id="r"), 10) == 1
    assert [item.outcome for item in await store.get_attempts("r")] == [Outcome.LOST, Outcome.COMPLETED]


def test_only_certainty_proves_death() -> None:
    here = this_process()
    assert not proven_dead(here)
    assert proven_dead(replace(here, started="1"))  # the pid was given to another process
    for unknown in (
        {"host": "elsewhere"},
        {"boot_id": "other"},
        {"boot_id": ""},
        {"pid_namespace": ""},
        {"started": ""},
    ):
        assert not proven_dead(replace(here, pid=2**22 - 1, **unknown))


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_a_script_leaves_no_live_session_and_no_thread_behind(store_url: str, store: Store) -> None:
    script = (
        "import asyncio, sys\n"
        "from sagewai import DurableWorkflow, open_store\n"
        f"wf = DurableWorkflow('flow', open_store({store_url!r}))\n"
        "wf.step('one')(lambda n: n)\n"
        "print(asyncio.run(wf.run(n=3)))\n"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("3\n", "", 0)
    assert [item.status for item in await store.list_sessions()] == [SessionStatus.STOPPED]


async def test_a_store_that_comes_late_is_waited_for() -> None:
    """A worker keeps trying while claims fail, and works as soon as they don't."""

    class Down(InMemoryStore):
        down = True

        async def claim(self, session: int, routes: Sequence[int], limit: int) -> Claimed:
            if self.down:
                raise StoreUnavailable("down")
            return await super().claim(session, routes, limit)

    late = Down()
    wf = DurableWorkflow("flow", late)
    wf.step("one")(lambda n: n)
    handle = await wf.submit(n=1)
    async with working(late, wf):
        await asyncio.sleep(0.3)
        late.down = False
        assert await handle.result(timeout=10) == 1
