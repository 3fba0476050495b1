"""Durable sleep and signals: a step lets go, and goes on when its time has come or something was sent to its run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sagewai import (
    ApprovalGate,
    DurableWorkflow,
    InMemoryStore,
    InvalidOptionError,
    InvalidTransition,
    OutsideRun,
    RunFailed,
    RunNotFound,
    SignalTimeout,
    WorkflowMonitor,
    WorkflowSuspended,
    sleep,
    sleep_sync,
    sleep_until,
    sleep_until_sync,
    wait_signal,
    wait_signal_sync,
)
from sagewai.core import commands
from sagewai.core.context import branch
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus, WaitStatus
from tests.engine.helpers import until_status, working

ADA = Actor("ada", source="cli", assurance="os")


def waiting(store: Store, body: Callable[[], Awaitable[Any]], **options: Any) -> DurableWorkflow:
    """A workflow of one step that waits, then one that hands on."""
    wf = DurableWorkflow("waits", store)

    @wf.step("wait", **options)
    async def wait() -> Any:
        return await body()

    @wf.step("after")
    async def after(content: Any) -> Any:
        return content

    return wf


# -- time -----------------------------------------------------------------------------------------------------------


async def test_a_sleeping_run_holds_no_worker_and_wakes_by_itself(store: Store) -> None:
    bodies: list[int] = []

    async def body() -> str:
        bodies.append(1)
        await sleep(0.4)
        return "rested"

    wf = waiting(store, body)
    handle = await wf.submit(run_id="r")
    async with working(store, wf):
        run = await until_status(store, "r", RunStatus.WAITING)
        assert (run.wait, run.session, run.worker, run.step, run.attempt) == ("timer", None, None, "wait", 1)
        assert run.due_at is not None
        assert await handle.result(timeout=20) == "rested"
    assert bodies == [1, 1]  # from its top again, once
    (wait,) = await store.waits_of("r")
    assert (wait.kind, wait.key, wait.status) == ("timer", "timer #1", WaitStatus.FIRED)
    assert wait.settled_at is not None
    assert wait.due_at is not None
    assert wait.settled_at >= wait.due_at


async def test_a_script_follows_its_run_through_timers(store: Store) -> None:
    async def body() -> str:
        await sleep(0.2)
        await sleep_until(datetime.now(UTC) + timedelta(seconds=0.2))
        return "rested"

    assert await asyncio.wait_for(waiting(store, body).run(run_id="r"), 20) == "rested"
    assert [wait.key for wait in await store.waits_of("r")] == ["timer #1", "timer #2"]


async def test_a_timer_keeps_its_first_time_however_often_the_body_asks(store: Store) -> None:
    async def body() -> str:
        await sleep_until(datetime.now(UTC) + timedelta(hours=1), key="until")
        return "rested"

    wf = waiting(store, body)
    await wf.submit(run_id="r")
    async with working(store, wf):
        first = (await until_status(store, "r", RunStatus.WAITING)).due_at
        await commands.pause(store, "r", actor=ADA)
        await commands.resume(store, "r", actor=ADA)
        assert (await until_status(store, "r", RunStatus.WAITING)).due_at == first
    assert len(await store.waits_of("r")) == 1


async def test_a_sleep_uses_no_attempt_and_no_timeout(store: Store) -> None:
    async def body() -> str:
        await sleep(0.6)
        return "rested"

    wf = waiting(store, body, timeout=0.5)
    assert await asyncio.wait_for(wf.run(run_id="r"), 20) == "rested"
    assert [item.outcome for item in await store.get_attempts("r") if item.step == "wait"] == [
        "suspended",
        "completed",
    ]


async def test_times_that_have_passed_settle_at_once(store: Store) -> None:
    async def body() -> str:
        await sleep_until(datetime(2001, 1, 1, tzinfo=timezone(timedelta(hours=5))))
        await sleep(0)
        return "rested"

    assert await asyncio.wait_for(waiting(store, body).run(), 10) == "rested"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: sleep(-1), "seconds"),
        (lambda: sleep(float("nan")), "seconds"),
        (lambda: sleep(1e12), "seconds"),
        (lambda: sleep(True), "seconds"),
        (lambda: sleep_until(datetime(2030, 1, 1)), "time zone"),  # noqa: DTZ001
        (lambda: sleep_until("tomorrow"), "datetime"),  # type: ignore[arg-type]
        (lambda: sleep_until(datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))), "UTC"),
        (lambda: sleep(1, key=""), "key"),
        (lambda: sleep(1, key="#1"), "#"),
        (lambda: wait_signal(""), "name"),
        (lambda: wait_signal("a\0b"), "NUL"),
        (lambda: wait_signal("x" * 201), "200"),
        (lambda: wait_signal("x", timeout=-1), "timeout"),
    ],
)
async def test_what_makes_no_sense_is_named(call: Callable[[], Awaitable[Any]], told: str) -> None:
    wf = waiting(InMemoryStore(), call)
    with pytest.raises(RunFailed, match=f"InvalidOptionError.*{told}"):
        await wf.run()


async def test_a_key_used_twice_is_an_error() -> None:
    async def body() -> None:
        await sleep(0, key="k")
        await sleep(0, key="k")

    with pytest.raises(RunFailed, match="'k' is used twice"):
        await asyncio.wait_for(waiting(InMemoryStore(), body).run(), 10)


async def test_outside_a_step_there_is_nothing_to_let_go_of() -> None:
    for call in (sleep(1), sleep_until(datetime.now(UTC)), wait_signal("x")):
        with pytest.raises(OutsideRun):
            await call
    for blocking in (
        lambda: sleep_sync(1),
        lambda: sleep_until_sync(datetime.now(UTC)),
        lambda: wait_signal_sync("x"),
    ):
        with pytest.raises(OutsideRun):
            blocking()


async def test_the_blocking_form_in_an_async_step_is_an_error_and_not_a_deadlock() -> None:
    async def body() -> None:
        sleep_sync(1)

    with pytest.raises(RunFailed, match="await sleep"):
        await waiting(InMemoryStore(), body).run()


# -- signals --------------------------------------------------------------------------------------------------------


async def test_a_run_waits_for_a_signal_and_the_text_says_how_to_send_it(store: Store) -> None:
    async def body() -> Any:
        return await wait_signal("invoice paid")

    wf = waiting(store, body)
    with pytest.raises(
        WorkflowSuspended,
        match=r"'r' waits for signal 'invoice paid' in step 'wait'; .*`sagewai runs signal r 'invoice paid'`",
    ):
        await wf.run(run_id="r")
    run = await store.get_run("r")
    assert (run.status, run.wait, run.due_at, run.session) == (RunStatus.WAITING, "signal", None, None)
    sent = await wf.signal("r", "invoice paid", {"cents": [4200]}, actor="bank")
    assert (sent.run_id, sent.name, sent.sender.name) == ("r", "invoice paid", "bank")
    assert await wf.run(run_id="r") == {"cents": [4200]}
    kinds = [event.kind for event in await store.get_events("r")]
    assert kinds.index(EventKind.SIGNALLED) > kinds.index(EventKind.WAITING)


async def test_a_signal_sent_before_the_wait_is_kept(store: Store) -> None:
    wf = waiting(store, lambda: wait_signal("go"))
    handle = await wf.submit(run_id="r")
    await handle.signal("go", "early")
    async with working(store, wf):
        assert await handle.result(timeout=20) == "early"


async def test_a_signal_wakes_a_waiting_run_and_a_worker_goes_on(store: Store) -> None:
    wf = waiting(store, lambda: wait_signal("go", timeout=3600))
    handle = await wf.submit(run_id="r")
    async with working(store, wf):
        await until_status(store, "r", RunStatus.WAITING)
        await handle.signal("other", "not this")
        await handle.signal("go")
        assert await handle.result(timeout=20) is None
    assert [(signal.name, signal.taken) for signal in await store.signals_of("r")] == [
        ("other", False),
        ("go", True),
    ]


async def test_a_signal_that_arrives_while_the_step_parks_is_not_lost(store: Store) -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def body() -> Any:
        try:
            return await wait_signal("go")
        finally:
            asked.set()
            await release.wait()

    wf = waiting(store, body)
    task = asyncio.create_task(wf.run(run_id="r"))
    await asked.wait()
    await wf.signal("r", "go", 7)
    release.set()
    assert await asyncio.wait_for(task, 20) == 7


async def test_each_signal_is_given_to_one_wait_oldest_first(store: Store) -> None:
    async def body() -> list[Any]:
        return [await wait_signal("item") for _ in range(3)]

    wf = waiting(store, body)
    handle = await wf.submit(run_id="r")
    for number in range(3):
        await handle.signal("item", number)
    async with working(store, wf):
        assert await handle.result(timeout=20) == [0, 1, 2]


async def test_a_timeout_raises_and_stays_raised_and_a_script_waits_for_it(store: Store) -> None:
    async def body() -> str:
        try:
            await wait_signal("go", timeout=0.2)
        except SignalTimeout as late:
            await sleep(0.1)  # the body runs once more: the answer is the same
            return str(late)
        return "in time"

    told = await asyncio.wait_for(waiting(store, body).run(run_id="r"), 20)
    assert told == "no signal 'go' came to run 'r' within 0.2 s"
    with pytest.raises(InvalidTransition):
        await commands.signal(store, "r", "go", actor=ADA)


async def test_a_timeout_nobody_catches_fails_the_run(store: Store) -> None:
    wf = waiting(store, lambda: wait_signal("go", timeout=0.1))
    with pytest.raises(RunFailed, match="SignalTimeout: no signal 'go'"):
        await asyncio.wait_for(wf.run(run_id="r"), 20)
    assert (await store.get_dead_letter("r")).error.code == "SignalTimeout"


async def test_a_timeout_of_nothing_takes_what_is_there(store: Store) -> None:
    async def body() -> list[Any]:
        found: list[Any] = []
        try:
            while True:
                found.append(await wait_signal("item", timeout=0))
        except SignalTimeout:
            return found

    wf = waiting(store, body)
    handle = await wf.submit(run_id="r")
    for number in range(2):
        await handle.signal("item", number)
    async with working(store, wf):
        assert await handle.result(timeout=20) == [0, 1]


async def test_signals_go_to_runs_that_are_there_and_not_over(store: Store) -> None:
    wf = waiting(store, lambda: wait_signal("go"))
    with pytest.raises(RunNotFound):
        await wf.signal("nobody", "go")
    handle = await wf.submit(run_id="r")
    with pytest.raises(InvalidOptionError, match="blank"):
        await handle.signal(" ")
    with pytest.raises(Exception, match="payload"):
        await handle.signal("go", {1, 2})
    await handle.cancel("no longer needed")
    with pytest.raises(InvalidTransition):
        await handle.signal("go")
    assert await store.signals_of("r") == []


# -- both, and people -------------------------------------------------------------------------------------------------


async def test_gates_timers_and_signals_asked_side_by_side_park_together(store: Store) -> None:
    bodies: list[int] = []
    wf = DurableWorkflow("waits", store)
    gate = ApprovalGate(wf)

    @wf.step("wait")
    async def wait() -> list[Any]:
        bodies.append(1)
        decision, _, payload = await asyncio.gather(
            gate.request_approval("publish?"), sleep(0.1, key="soak"), wait_signal("go")
        )
        return [decision.reviewer, payload]

    with pytest.raises(WorkflowSuspended, match="approval"):
        await wf.run(run_id="r")
    assert len(await store.approvals_of("r")) == 1
    assert {wait.key for wait in await store.waits_of("r")} == {"timer soak", "signal go #1"}
    assert bodies == [1]
    async with working(store, wf):
        await wf.signal("r", "go", 5)
        await gate.approve("r", "ada")
        assert await wf.handle("r").result(timeout=20) == ["ada", 5]


async def _bare_except() -> str:
    try:  # noqa: SIM105 - what a careless author writes
        await wait_signal("go")
    except BaseException:
        pass
    return "opened by accident"


async def _finally_return() -> str:
    try:
        await wait_signal("go")
    finally:
        return "opened by accident"  # noqa: B012


async def _task_group() -> str:
    async with asyncio.TaskGroup() as group:
        group.create_task(wait_signal("go"))
    return "opened by accident"


@pytest.mark.parametrize("body", [_bare_except, _finally_return, _task_group])
async def test_a_noted_wait_survives_whatever_the_body_does_with_it(body: Any, store: Store) -> None:
    wf = waiting(store, body)
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    assert await store.get_results("r") == {}


async def test_branches_keep_their_waits_apart(store: Store) -> None:
    async def wait_in(name: str) -> Any:
        with branch(name):
            return await wait_signal("go")

    async def body() -> list[Any]:
        return list(await asyncio.gather(wait_in("left"), wait_in("right")))

    wf = waiting(store, body)
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    for number in (1, 2):
        await wf.signal("r", "go", number)
    assert sorted(await wf.run(run_id="r")) == [1, 2]
    assert {wait.branch for wait in await store.waits_of("r")} == {"left", "right"}


async def test_sync_steps_wait_too(store: Store) -> None:
    wf = DurableWorkflow("waits", store)

    @wf.step("wait")
    def wait() -> Any:
        sleep_sync(0.05)
        sleep_until_sync(datetime.now(UTC))
        return wait_signal_sync("go", timeout=60)

    handle = await wf.submit(run_id="r")
    await handle.signal("go", "sent")
    async with working(store, wf):
        assert await handle.result(timeout=20) == "sent"


async def test_other_code_under_the_same_key_asks_for_something_new(store: Store) -> None:
    """The wait that an earlier version of the step asked for doesn't answer."""
    calls: list[Callable[[], Awaitable[Any]]] = [lambda: sleep(0.01, key="k")]

    async def body() -> Any:
        await calls[-1]()
        return await wait_signal("go")

    wf = waiting(store, body)
    with pytest.raises(WorkflowSuspended, match="'go'"):
        await asyncio.wait_for(wf.run(run_id="r"), 20)
    calls.append(lambda: wait_signal("other", key="k"))
    await commands.pause(store, "r", actor=ADA)
    await commands.resume(store, "r", actor=ADA)
    with pytest.raises(WorkflowSuspended, match="'other'"):
        await asyncio.wait_for(wf.run(run_id="r"), 20)


async def test_the_monitor_says_what_a_step_waits_for(store: Store) -> None:
    async def body() -> Any:
        await sleep(0)
        return await wait_signal("go")

    wf = waiting(store, body, retries=1)
    with pytest.raises(WorkflowSuspended):
        await asyncio.wait_for(wf.run(run_id="r"), 20)
    monitor = WorkflowMonitor(store)
    detail = await monitor.get_execution("r")
    assert [(step.state, step.wait) for step in detail.steps] == [("waiting", "signal"), ("pending", None)]
    assert [(wait.kind, wait.status) for wait in detail.waits] == [("timer", "fired"), ("signal", "pending")]
    await wf.signal("r", "go", 1)
    (signal,) = (await monitor.get_execution("r")).signals
    assert (signal.name, signal.payload) == ("go", "1")
    timeline = await monitor.get_execution_timeline("r")
    assert [entry.detail.get("for") for entry in timeline if entry.kind == "waiting"][-1] == "signal"
    assert [entry.detail.get("name") for entry in timeline if entry.kind == "signalled"] == ["go"]
    assert [
        (entry.reason, entry.step, entry.until is None) for entry in timeline if entry.kind == "wait"
    ] == [
        ("timer #1, fired", "wait", False),
        ("signal go #1, fired", "wait", False),
    ]


async def test_a_step_that_sleeps_in_its_second_attempt_waits_and_does_not_retry(store: Store) -> None:
    async def body() -> None:
        if len(await store.get_attempts("r")) == 0:
            raise RuntimeError("once")
        await sleep(3600)

    wf = waiting(store, body, retries=3, retry_delay=0)
    await wf.submit(run_id="r")
    async with working(store, wf):
        await until_status(store, "r", RunStatus.WAITING)
    steps = (await WorkflowMonitor(store).get_execution("r")).steps
    assert (steps[0].state, steps[0].wait) == ("waiting", "timer")
