"""New code meets old runs: what doesn't fit is refused by name, stays resumable, and goes to the code it began with."""

from __future__ import annotations

import asyncio
import logging

import pytest

from sagewai import (
    DefinitionChanged,
    DurableWorkflow,
    RunFailed,
    WorkflowMonitor,
    WorkflowSuspended,
    wait_signal,
)
from sagewai.core.signature import prefix_route
from sagewai.core.stores.base import Store
from sagewai.models.history import EventKind
from sagewai.models.status import Outcome, RunStatus
from tests.engine.helpers import until, until_status, working


def flow(store: Store, *names: str, version: str = "", name: str = "flow") -> DurableWorkflow:
    """Each step hands on what it got and its own name; ``hold`` waits for a signal."""
    wf = DurableWorkflow(name, store, version=version)
    for step in names:

        async def body(previous: str = "", *, step: str = step) -> str:
            if step == "hold":
                await wait_signal("go")
            return f"{previous} {step}".strip()

        wf.step(step)(body)
    return wf


async def held(store: Store, wf: DurableWorkflow, run_id: str = "r") -> None:
    """A run of ``wf`` that has stopped at its step ``hold``, and is ready to go on there."""
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id=run_id)
    await wf.signal(run_id, "go")


@pytest.mark.parametrize(
    "changed",
    [("first",), ("first", "second"), ("first", "renamed", "hold"), ("second", "first", "hold"), ("hold",)],
    ids=["removed", "nothing left", "renamed", "reordered", "shorter"],
)
async def test_code_whose_steps_do_not_fit_is_refused_by_name_and_the_right_code_goes_on(
    store: Store, changed: tuple[str, ...]
) -> None:
    right = flow(store, "first", "second", "hold")
    await held(store, right)
    for _ in range(2):
        with pytest.raises(
            DefinitionChanged, match=r"'r' recorded .*: it waits for a worker with the code it began"
        ):
            await asyncio.wait_for(flow(store, *changed).run(run_id="r"), 10)
        run = await store.get_run("r")
        assert (run.status, run.step, run.steps_done, run.attempt) == (RunStatus.PENDING, "hold", 2, 1)
    refusal = [event for event in await store.get_events("r") if event.kind is EventKind.REFUSED][-1]
    assert "this code" in refusal.reason
    assert await right.run(run_id="r") == "first second hold"


async def test_the_difference_is_named(store: Store) -> None:
    await held(store, flow(store, "first", "hold"))
    with pytest.raises(
        DefinitionChanged, match=r"recorded 'first' as step 1 .*, where this code has 'begin'"
    ):
        await flow(store, "begin", "hold").run(run_id="r")


async def test_later_steps_may_differ(store: Store) -> None:
    await held(store, flow(store, "first", "hold", "last"))
    changed = flow(store, "first", "hold", "check", "publish")
    assert await changed.run(run_id="r") == "first hold check publish"


async def test_a_refused_run_goes_to_the_worker_with_its_first_steps_and_to_no_other(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    right = flow(store, "first", "hold", "last")
    await held(store, right)
    with caplog.at_level(logging.WARNING):
        async with working(store, flow(store, "begin", "hold", "last"), name="new"):

            async def refused() -> bool:
                kinds = [event.kind for event in await store.get_events("r")]
                return EventKind.REFUSED in kinds and (await store.get_run("r")).status is RunStatus.PENDING

            await until(refused)
            tokens = (await store.get_run("r")).token
            other = await flow(store, "begin", "hold", "last").submit(run_id="other")
            await until_status(store, "other", RunStatus.WAITING)  # it works on, and claims that run no more
            assert (await store.get_run("r")).token == tokens
            await other.cancel()
            async with working(store, flow(store, "first", "hold", "other end"), name="old"):
                assert await right.handle("r").result(timeout=20) == "first hold other end"
    assert sum("'first' as step 1" in record.message for record in caplog.records) == 1
    attempts = await store.get_attempts("r")
    assert [(item.outcome, item.worker) for item in attempts if item.worker in ("new", "old")] == [
        (Outcome.RELEASED, "new"),
        (Outcome.COMPLETED, "old"),
        (Outcome.COMPLETED, "old"),
    ]
    assert (await store.get_run("r")).takeovers == 0


async def test_versions_send_old_runs_to_old_workers(store: Store) -> None:
    old, new = (flow(store, "hold", version=version) for version in ("1", "2"))
    first, second = await old.submit(run_id="old"), await new.submit(run_id="new")
    for handle in (first, second):
        await handle.signal("go")
    async with working(store, new, name="second"):
        await second.result(timeout=20)
        assert (await first.status()).token == 0  # nobody claimed it
        async with working(store, old, name="first"):
            await first.result(timeout=20)
    assert {item.worker for item in await store.get_attempts("old")} == {"first"}


async def test_a_run_without_version_goes_to_any(store: Store) -> None:
    handle = await flow(store, "first").submit()
    async with working(store, flow(store, "first", version="7")):
        assert await handle.result(timeout=20) == "first"


async def test_a_run_of_another_version_is_not_executed_here(store: Store) -> None:
    old = flow(store, "hold", version="1")
    await held(store, old)
    with pytest.raises(DefinitionChanged, match=r"of version '1' of workflow 'flow', this code is '2'"):
        await flow(store, "hold", version="2").run(run_id="r")
    assert await old.run(run_id="r") == "hold"
    assert await flow(store, "hold", version="2").run(run_id="r") == "hold"  # its result is there for anybody


async def test_an_unversioned_run_refused_by_a_version_is_found_by_another_that_fits(store: Store) -> None:
    await held(store, flow(store, "first", "hold"))
    with pytest.raises(DefinitionChanged):
        await flow(store, "begin", "hold", version="2").run(run_id="r")
    fitting = flow(store, "first", "hold", version="1")
    async with working(store, fitting):
        assert await fitting.handle("r").result(timeout=20) == "first hold"


async def test_a_dead_letter_is_refused_and_retried_by_the_code_it_began_with(store: Store) -> None:
    def failing(*names: str) -> DurableWorkflow:
        wf = flow(store, *names[:-1])

        @wf.step(names[-1])
        async def last(previous: str) -> str:
            if not repaired:
                raise RuntimeError("not yet")
            return previous

        return wf

    repaired = False
    with pytest.raises(RunFailed):
        await failing("first", "second").run(run_id="r")
    repaired = True
    await WorkflowMonitor(store).retry_execution("r")
    with pytest.raises(DefinitionChanged):
        await failing("begin", "second").run(run_id="r")
    assert await failing("first", "second").run(run_id="r") == "first"


async def test_a_registry_name_other_than_the_workflows_own_finds_refused_runs_too(store: Store) -> None:
    inside = flow(store, "first", "hold", name="inside")
    outside = flow(store, "first", "hold", name="outside")
    await held(store, outside)
    with pytest.raises(DefinitionChanged):
        await flow(store, "begin", "hold", name="outside").run(run_id="r")
    async with working(store, {"outside": inside}):
        assert await outside.handle("r").result(timeout=20) == "first hold"


def test_code_offers_each_of_its_beginnings_that_leave_something_to_run() -> None:
    wf = DurableWorkflow("flow", version="2")
    for name in ("a", "b", "c"):
        wf.step(name)(lambda _="": None)
    routes = wf.plan.routes("flow")
    assert routes[:2] == ("", "2")
    begun = [prefix_route("flow", version, names) for version in ("", "2") for names in (["a"], ["a", "b"])]
    assert sorted(routes[2:]) == sorted(begun)
    assert prefix_route("flow", "", ["a b"]) != prefix_route("flow", "", ["a", "b"])
