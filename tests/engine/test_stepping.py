"""Operators hold runs and pools: a run goes step by step under a worker, and nothing of a paused pool goes at all."""

from __future__ import annotations

import asyncio

import pytest

from sagewai import ApprovalGate, DurableWorkflow, InvalidOptionError, InvalidTransition, WorkerNotFound
from sagewai.core import commands
from sagewai.core.balancer import WorkerLoadBalancer
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.status import RunStatus
from tests.engine.helpers import until, until_status, working

OPS = Actor("ops", source="cli", assurance="os")


async def test_a_run_is_stepped_through_its_retries_and_its_gate(store: Store) -> None:
    wf = DurableWorkflow("held", store)
    gate = ApprovalGate(workflow=wf)
    seen: list[str] = []

    @wf.step("fetch", retries=1, retry_delay=0.01)
    async def fetch() -> str:
        seen.append("fetch")
        if len(seen) == 1:
            raise OSError("not yet")
        return "found"

    @wf.step("ask")
    async def ask(found: str) -> str:
        seen.append("ask")
        return (await gate.request_approval("Go on?", context=found)).reviewer

    @wf.step("file")
    async def file(reviewer: str) -> str:
        seen.append("file")
        return reviewer

    await wf.submit(run_id="r")
    await commands.pause(store, "r", actor=OPS)

    async def stepped(*so_far: str, worker: int | None = None) -> None:
        await commands.step(store, "r", actor=OPS, worker=worker)
        await until_status(store, "r", RunStatus.PAUSED)
        assert seen == list(so_far)

    async with working(store, [wf], max_concurrent=4):
        await stepped("fetch")
        assert (await store.get_run("r")).attempt == 2
        await stepped("fetch", "fetch")
        (mine,) = await until(lambda: store.list_sessions(live_only=True))
        await stepped("fetch", "fetch", "ask", worker=mine.id)
        await commands.approve(store, "r", actor=OPS)
        await stepped("fetch", "fetch", "ask", "ask")
        with pytest.raises(WorkerNotFound, match="999"):
            await commands.step(store, "r", actor=OPS, worker=999)
        assert (await store.get_run("r")).status is RunStatus.PAUSED
        await commands.resume(store, "r", actor=OPS)
        assert await asyncio.wait_for(wf.handle("r").result(), 20) == "ops"
        with pytest.raises(InvalidTransition, match="it is completed"):
            await commands.step(store, "r", actor=OPS, worker=mine.id)
    assert seen == ["fetch", "fetch", "ask", "ask", "file"]


async def test_a_paused_pool_waits_though_its_workers_are_there(store: Store) -> None:
    wf = DurableWorkflow("quick", store)

    @wf.step("only")
    async def only(n: int) -> int:
        return n

    async with working(store, [wf], pool="gpu"):
        await until(lambda: store.list_sessions(live_only=True))
        assert await commands.pause_pool(store, "gpu", actor=OPS) == 1
        await wf.submit(run_id="waits", n=1, pool="gpu")
        warning = await commands.unserved(store, "waits")
        assert warning is not None
        assert "pool 'gpu' is paused" in warning
        await wf.submit(run_id="named", n=2, pool="gpu")
        assert await wf.run(run_id="named", n=2) == 2
        assert (await store.get_run("waits")).status is RunStatus.PENDING
        await commands.resume_pool(store, "gpu", actor=OPS)
        assert await asyncio.wait_for(wf.handle("waits").result(), 20) == 1
        await commands.drain_pool(store, "gpu", actor=OPS)

        async def gone() -> bool:
            sessions = await store.list_sessions(live_only=True)
            return not [session for session in sessions if session.kind == "worker"]

        await until(gone)
    with pytest.raises(InvalidOptionError, match="pool"):
        await commands.pause_pool(store, " ", actor=OPS)


async def test_a_worker_with_other_code_serves_nothing_of_this_version(store: Store) -> None:
    old, new = DurableWorkflow("dated", store, version="1"), DurableWorkflow("dated", store, version="2")
    for wf in (old, new):

        @wf.step("only")
        async def only() -> int:
            return 1

    async with working(store, [old]):
        (session,) = await until(lambda: store.list_sessions(live_only=True))
        assert dict(session.versions) == {"dated": "1"}
        await new.submit(run_id="r")
        warning = await commands.unserved(store, "r")
        assert warning is not None
        assert "has workflow 'dated' of version '2'" in warning
        balancer = WorkerLoadBalancer(store)
        assert await balancer.assign("r") is None
        assert await balancer.select_worker("dated", version="2") is None
        for version in ("", "1"):
            chosen = await balancer.select_worker("dated", version=version)
            assert chosen is not None
