"""Workers: routing, leases, takeover, drain, and what an operator asks of them."""

from __future__ import annotations

import asyncio
import time

import pytest

from sagewai import (
    DefinitionError,
    DurableWorkflow,
    InferenceParams,
    InvalidOptionError,
    LabelError,
    WorkerCredentials,
    WorkerLoadBalancer,
    WorkflowWorker,
    get_worker_credentials,
)
from sagewai.core import commands
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.session import Session
from sagewai.models.status import Outcome, RunStatus, SessionStatus
from tests.engine.helpers import until, until_status, working

ADA = Actor("ada", source="cli", assurance="os")


def echo(store: Store, name: str = "flow") -> DurableWorkflow:
    wf = DurableWorkflow(name, store)
    wf.step("one")(lambda n: n)
    return wf


async def test_pools_are_equal_and_labels_contained(store: Store) -> None:
    wf = echo(store)
    plain = await wf.submit(n=1)
    gpu = await wf.submit(n=2, labels={"gpu": True})
    one = await wf.submit(n=3, labels={"gpu": 1})
    elsewhere = await wf.submit(n=4, pool="other")
    async with working(store, wf, labels={"gpu": True, "zone": "local"}):
        assert await plain.result(timeout=20) == 1
        assert await gpu.result(timeout=20) == 2
        await asyncio.sleep(0.3)
        assert (await one.status()).status is RunStatus.PENDING  # 1 is not True
        assert (await elsewhere.status()).status is RunStatus.PENDING
    async with working(store, wf, pool="other"):
        assert await elsewhere.result(timeout=20) == 4
        assert (await one.status()).status is RunStatus.PENDING


async def test_a_worker_takes_only_workflows_it_knows_and_new_routes_as_they_appear(store: Store) -> None:
    known, unknown = echo(store, "known"), echo(store, "unknown")
    async with working(store, known):
        strange = await unknown.submit(n=1)
        assert await (await known.submit(n=2)).result(timeout=20) == 2
        assert (await strange.status()).status is RunStatus.PENDING


async def test_higher_priority_goes_first(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    order: list[int] = []

    @wf.step("one")
    async def one(n: int) -> None:
        order.append(n)

    handles = [await wf.submit(n=n, priority=n) for n in (0, 5, -1)]
    async with working(store, wf, max_concurrent=1):
        await asyncio.gather(*(handle.result(timeout=20) for handle in handles))
    assert order == [5, 0, -1]


async def test_at_most_max_concurrent_run_at_a_time(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    running = 0
    most = 0

    @wf.step("one")
    async def one(n: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    handles = await wf.submit_many([{"n": n} for n in range(12)])
    async with working(store, wf, max_concurrent=3):
        await asyncio.gather(*(handle.result(timeout=20) for handle in handles))
    assert most == 3


async def test_credentials_reach_async_and_sync_steps_and_no_repr(store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    def model() -> str:
        credentials = get_worker_credentials()
        assert credentials is not None
        assert "s3cret" not in repr(credentials)
        return credentials.model_for("gpt-4o")

    @wf.step("one")
    async def one() -> str:
        return model()

    @wf.step("two")
    def two(first: str) -> list[str]:
        return [first, model()]

    handle = await wf.submit()
    credentials = WorkerCredentials(
        model_overrides={"default": "ollama/llama3.2"},
        inference_overrides=InferenceParams(api_base="http://localhost:11434", api_key="s3cret"),  # type: ignore[arg-type]
    )
    async with working(store, wf, credentials=credentials):
        assert await handle.result(timeout=20) == ["ollama/llama3.2"] * 2
    assert get_worker_credentials() is None


async def test_stopping_lets_held_steps_end(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    reached = asyncio.Event()

    @wf.step("one")
    async def one() -> str:
        reached.set()
        await asyncio.sleep(0.3)
        return "ended"

    handle = await wf.submit()
    async with working(store, wf) as worker:
        await reached.wait()
        await worker.stop()
    assert (await handle.status()).status is RunStatus.COMPLETED
    assert [item.status for item in await store.list_sessions()] == [SessionStatus.STOPPED]


async def test_what_does_not_end_within_the_drain_is_handed_back_as_no_takeover(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    reached = asyncio.Event()

    @wf.step("one")
    async def one() -> None:
        reached.set()
        await asyncio.sleep(30)

    handle = await wf.submit(run_id="r")
    async with working(store, wf, drain_timeout=0.1) as worker:
        await reached.wait()
        await worker.stop()
    run = await handle.status()
    assert (run.status, run.takeovers) == (RunStatus.PENDING, 0)
    assert [item.outcome for item in await store.get_attempts("r")] == [Outcome.RELEASED]


async def test_a_worker_that_lost_its_lease_writes_nothing_and_another_finishes(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    entered: list[int] = []
    first_may_end = asyncio.Event()

    @wf.step("one")
    async def one() -> int:
        entered.append(len(entered))
        me = entered[-1]
        if me == 0:
            await first_may_end.wait()
        return me

    handle = await wf.submit(run_id="r")
    # a heartbeat so slow that the lapse below is discovered by the write alone
    async with working(store, wf, heartbeat_interval=30.0, lease_ttl=90.0, name="zombie"):
        await until(lambda: _ready(entered))

        async def beaten() -> Session | None:
            (session,) = await store.list_sessions(live_only=True)
            return session if session.beat_at > session.started_at else None

        zombie = await until(beaten)  # its first beat would tell it of the lapse at once
        await store.lapse_sessions([zombie.id])
        async with working(store, wf, name="heir"):
            assert await handle.result(timeout=20) == 1
        first_may_end.set()
        await asyncio.sleep(0.2)
    attempts = await store.get_attempts("r")
    assert [(item.outcome, item.worker) for item in attempts] == [
        (Outcome.LOST, "zombie"),
        (Outcome.COMPLETED, "heir"),
    ]
    assert await wf.run(run_id="r") == 1


async def _ready(entered: list[int]) -> bool:
    return bool(entered)


async def test_a_worker_whose_session_lapsed_opens_a_new_one_and_works_on(store: Store) -> None:
    wf = echo(store)
    async with working(store, wf):

        async def alive() -> int:
            sessions = await store.list_sessions(live_only=True)
            return sessions[0].id if sessions else 0

        before = await until(alive)
        await store.lapse_sessions([before])
        assert await (await wf.submit(n=1)).result(timeout=20) == 1
        assert await until(alive) > before


async def test_cancelling_a_running_run_stops_its_step_at_the_next_heartbeat(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    reached = asyncio.Event()

    @wf.step("one")
    async def one() -> None:
        reached.set()
        await asyncio.sleep(60)

    handle = await wf.submit(run_id="r")
    async with working(store, wf):
        await reached.wait()
        began = time.monotonic()
        run = await commands.cancel(store, "r", actor=ADA, reason="wrong customer")
        assert (run.status, run.asked) == (RunStatus.RUNNING, "cancel")
        await until_status(store, "r", RunStatus.CANCELLED)
        assert time.monotonic() - began < 5
    with pytest.raises(Exception, match=r"cancelled by ada: wrong customer"):
        await handle.result(timeout=5)


async def test_pausing_a_running_run_takes_effect_before_its_next_step(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    reached, go = asyncio.Event(), asyncio.Event()
    seen: list[str] = []

    @wf.step("one")
    async def one() -> int:
        reached.set()
        await go.wait()
        return 1

    @wf.step("two")
    async def two(n: int) -> int:
        seen.append("two")
        return n + 1

    handle = await wf.submit(run_id="r")
    async with working(store, wf):
        await reached.wait()
        await commands.pause(store, "r", actor=ADA)
        go.set()
        run = await until_status(store, "r", RunStatus.PAUSED)
        assert (run.step, run.steps_done, seen) == ("two", 1, [])
        await commands.resume(store, "r", actor=ADA)
        assert await handle.result(timeout=20) == 2


async def test_a_worker_obeys_pause_resume_and_drain(store: Store) -> None:
    wf = echo(store)
    async with working(store, wf) as worker:

        async def mine() -> int:
            sessions = await store.list_sessions(live_only=True)
            return sessions[0].id if sessions else 0

        session = await until(mine)
        await commands.pause_worker(store, session, actor=ADA)

        async def paused() -> bool:
            return (await store.list_sessions())[0].status is SessionStatus.PAUSED

        await until(paused)
        handle = await wf.submit(n=1)
        await asyncio.sleep(0.3)
        assert (await handle.status()).status is RunStatus.PENDING
        await commands.resume_worker(store, session, actor=ADA)
        assert await handle.result(timeout=20) == 1
        await commands.drain_worker(store, session, actor=ADA)

        async def gone() -> bool:
            return not await store.list_sessions(live_only=True)

        await until(gone)
        assert worker.held == 0


async def test_an_assigned_run_is_seen_by_its_worker_first_and_by_all_in_the_end(store: Store) -> None:
    wf = echo(store)
    async with working(store, wf, name="idle"):

        async def workers() -> bool:
            return len(await store.list_sessions(live_only=True)) == 1

        await until(workers)
        balancer = WorkerLoadBalancer(store, prefer_for=0.5)
        selected = await balancer.select_worker("flow")
        assert selected is not None
        assert selected.name == "idle"
        assert await balancer.select_worker("flow", pool="nobody") is None
        assert await balancer.select_worker("unknown") is None
        handle = await wf.submit(run_id="r", n=1, delay=0.3)
        assert await handle.result(timeout=20) == 1
    kinds = [event.kind for event in await store.get_events("r")]
    assert kinds[0] is EventKind.SUBMITTED


@pytest.mark.parametrize("store_url", ["memory"], indirect=True)
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"poll_interval": 0}, InvalidOptionError),
        ({"heartbeat_interval": float("nan")}, InvalidOptionError),
        ({"heartbeat_interval": 5, "lease_ttl": 5}, InvalidOptionError),
        ({"max_concurrent": 0}, InvalidOptionError),
        ({"max_concurrent": 2.5}, InvalidOptionError),
        ({"pool": ""}, InvalidOptionError),
        ({"labels": {"a": None}}, LabelError),
        ({"labels": {"a": float("inf")}}, LabelError),
        ({"workflow_registry": {}}, DefinitionError),
        ({"workflow_registry": {"a": 3}}, DefinitionError),
    ],
)
async def test_options_out_of_range_are_refused(
    options: dict[str, object], error: type[Exception], store: Store
) -> None:
    with pytest.raises(error):
        WorkflowWorker(**{"store": store, "workflow_registry": echo(store), **options})  # type: ignore[arg-type]
