"""Forks and deadlines: a new run from a copy of earlier checkpoints; a run that must be over by a time."""

from __future__ import annotations

import asyncio
import time

import pytest

from sagewai import (
    DurableWorkflow,
    InMemoryStore,
    InvalidOptionError,
    RunExists,
    RunFailed,
    RunInputMismatch,
    RunNotFound,
    StepParameterError,
    WorkflowSuspended,
    sleep,
    wait_signal,
)
from sagewai.core import commands
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import Outcome, RunStatus
from tests.engine.helpers import until_status, working

ADA = Actor("ada", source="cli", assurance="os")


def arithmetic(store: Store, bodies: list[str]) -> DurableWorkflow:
    wf = DurableWorkflow("sum", store)

    @wf.step("double")
    async def double(n: int, add: int = 0) -> int:
        bodies.append("double")
        return 2 * n

    @wf.step("add")
    async def plus(doubled: int, add: int = 0) -> int:
        bodies.append("add")
        return doubled + add

    @wf.step("negate")
    async def negate(total: int) -> int:
        bodies.append("negate")
        return -total

    return wf


async def test_a_fork_begins_at_its_step_with_new_input_and_runs_nothing_again_before_it(
    store: Store,
) -> None:
    bodies: list[str] = []
    wf = arithmetic(store, bodies)
    assert await wf.run(run_id="r", n=10, add=1) == -21
    bodies.clear()
    handle = await wf.fork("r", from_step="add", input={"n": 10, "add": 5}, actor="ada", reason="what if")
    assert handle.run_id.startswith("sum-")
    run = await handle.status()
    assert (run.status, run.step, run.steps_done) == (RunStatus.PENDING, "add", 1)
    async with working(store, wf):
        assert await handle.result(timeout=20) == -25
    assert bodies == ["add", "negate"]
    assert await wf.run(run_id="r") == -21  # the source is as it was
    forked = [event for event in await store.get_events("r") if event.kind is EventKind.FORKED]
    assert [(event.actor, event.reason) for event in forked] == [("ada", "what if")]


async def test_a_fork_of_a_failed_run_goes_on_after_what_it_has_recorded(store: Store) -> None:
    wf = DurableWorkflow("flaky", store)
    broken = True

    @wf.step("first")
    async def first() -> str:
        return "kept"

    @wf.step("second")
    async def second(found: str) -> str:
        if broken:
            raise RuntimeError("no")
        return found

    with pytest.raises(RunFailed):
        await wf.run(run_id="r")
    broken = False
    handle = await wf.fork("r", new_run_id="again")
    assert handle.run_id == "again"
    assert (await wf.fork("r", new_run_id="again")).run_id == "again"  # the same fork
    assert await wf.run(run_id="again") == "kept"
    assert (await store.get_run("r")).status is RunStatus.FAILED


async def test_forks_that_make_no_sense_are_named(store: Store) -> None:
    wf = arithmetic(store, [])
    await wf.run(run_id="r", n=1)
    await wf.submit(run_id="s", n=1)
    with pytest.raises(RunNotFound):
        await wf.fork("nobody")
    with pytest.raises(RunExists, match="s"):
        await wf.fork("r", new_run_id="s")
    with pytest.raises(InvalidOptionError, match="divide"):
        await wf.fork("r", from_step="divide")
    with pytest.raises(InvalidOptionError, match="negate"):
        await wf.fork("s", from_step="negate")  # it hasn't come there
    with pytest.raises(StepParameterError, match="m"):
        await wf.fork("r", input={"n": 1, "m": 2})
    other = DurableWorkflow("other", store)
    other.step("one")(lambda: 1)
    with pytest.raises(RunInputMismatch, match="'sum'"):
        await other.fork("r")


async def test_a_fork_waits_for_signals_of_its_own(store: Store) -> None:
    wf = DurableWorkflow("waits", store)

    @wf.step("wait")
    async def wait() -> object:
        return await wait_signal("go")

    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await wf.signal("r", "go", 1)
    assert await wf.run(run_id="r") == 1
    await wf.fork("r", from_step="wait", new_run_id="f")
    with pytest.raises(WorkflowSuspended, match="signal 'go'"):
        await wf.run(run_id="f")


# -- deadlines ------------------------------------------------------------------------------------------------------


async def test_a_run_that_waits_fails_at_its_deadline(store: Store) -> None:
    wf = DurableWorkflow("slow", store, deadline=3600)

    @wf.step("wait")
    async def wait() -> None:
        await wait_signal("go")

    handle = await wf.submit(run_id="r", deadline=0.5)
    usual = await wf.submit(run_id="usual")
    async with working(store, wf):
        run = await until_status(store, "r", RunStatus.WAITING)
        assert run.deadline_at is not None
        with pytest.raises(RunFailed, match="RunDeadlineExceeded") as failed:
            await handle.result(timeout=20)
    assert failed.value.error_type.endswith("RunDeadlineExceeded")
    assert (await store.get_dead_letter("r")).run_id == "r"
    run = await usual.status()
    assert run.deadline_at is not None
    assert 3590 < (run.deadline_at - run.created_at).total_seconds() < 3610


async def test_a_running_step_is_stopped_at_the_deadline_and_records_nothing(store: Store) -> None:
    wf = DurableWorkflow("slow", store, deadline=0.5)
    stopped = asyncio.Event()

    @wf.step("work")
    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    await wf.submit(run_id="r")
    began = time.monotonic()
    async with working(store, wf):
        await until_status(store, "r", RunStatus.FAILED)
        await asyncio.wait_for(stopped.wait(), 10)
    assert time.monotonic() - began < 15
    assert [item.outcome for item in await store.get_attempts("r")] == [Outcome.TIMED_OUT]


async def test_a_run_that_is_over_in_time_stays_over(store: Store) -> None:
    wf = DurableWorkflow("quick", store, deadline=0.3)
    wf.step("one")(lambda: "done")
    assert await wf.run(run_id="r") == "done"
    await asyncio.sleep(0.4)
    await store.tick()
    assert (await store.get_run("r")).status is RunStatus.COMPLETED


async def test_a_script_is_told_of_the_deadline(store: Store) -> None:
    wf = DurableWorkflow("sleeper", store, deadline=0.3)

    @wf.step("sleep")
    async def rest() -> None:
        await sleep(3600)

    with pytest.raises(RunFailed, match="RunDeadlineExceeded"):
        await asyncio.wait_for(wf.run(run_id="r"), 20)


async def test_deadlines_out_of_range_are_refused() -> None:
    store = InMemoryStore()
    for wrong in (0, -1, float("nan"), 1e12, True):
        with pytest.raises(InvalidOptionError, match="deadline"):
            DurableWorkflow("flow", store, deadline=wrong)
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda: 1)
    with pytest.raises(InvalidOptionError, match="before it begins"):
        await wf.submit(delay=10, deadline=5)
    with pytest.raises(InvalidOptionError, match="deadline"):
        await wf.submit_many([{}], deadline=-1)
    (handle,) = await wf.submit_many([{}], deadline=60)
    assert (await handle.status()).deadline_at is not None


async def test_retrying_a_run_whose_deadline_passed_lets_it_go_on(store: Store) -> None:
    wf = DurableWorkflow("slow", store, deadline=0.2)

    @wf.step("wait")
    async def wait() -> object:
        return await wait_signal("go")

    handle = await wf.submit(run_id="r")
    async with working(store, wf):
        await until_status(store, "r", RunStatus.FAILED)
        await commands.retry(store, "r", actor=ADA)
        await until_status(store, "r", RunStatus.WAITING)
        await handle.signal("go", "late")
        assert await handle.result(timeout=20) == "late"
