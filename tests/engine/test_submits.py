"""Runs that are submitted at the same time are recorded together, and what is wrong with one is told to that one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from sagewai import DurableWorkflow, InMemoryStore, RunInputMismatch
from sagewai.errors import LabelError, StoreUnavailable
from sagewai.models.page import RunQuery
from sagewai.models.run import Inserted, RunSpec


class Counting(InMemoryStore):
    """The reference store, which counts what it is sent, and is away where a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.away = False
        self.begun = asyncio.Event()
        self.slow = asyncio.Event()
        self.slow.set()

    async def insert_runs(self, specs: Sequence[RunSpec], *, session: int | None = None) -> list[Inserted]:
        self.batches.append(len(specs))
        self.begun.set()
        await self.slow.wait()
        if self.away:
            raise StoreUnavailable("nobody answers")
        return await super().insert_runs(specs, session=session)


def doubling(store: InMemoryStore) -> DurableWorkflow:
    wf = DurableWorkflow("double", store)
    wf.step("twice")(lambda n: 2 * n)
    return wf


async def test_runs_that_are_executed_at_the_same_time_are_recorded_together() -> None:
    store = Counting()
    wf = doubling(store)
    assert await asyncio.gather(*(wf.run(n=n) for n in range(200))) == [2 * n for n in range(200)]
    assert sum(store.batches) == 200
    assert len(store.batches) <= 3


async def test_so_are_submitted_ones() -> None:
    store = Counting()
    wf = doubling(store)
    handles = await asyncio.gather(*(wf.submit(n=n) for n in range(200)))
    assert len({handle.run_id for handle in handles}) == 200
    assert len(store.batches) <= 3


async def test_one_alone_waits_for_nobody() -> None:
    store = Counting()
    assert await doubling(store).run(n=4) == 8
    assert store.batches == [1]


async def test_what_is_wrong_with_one_is_told_to_that_one_alone() -> None:
    store = Counting()
    wf = doubling(store)
    await wf.submit(run_id="taken", n=1)
    many = [wf.submit(run_id=f"run-{n}", n=n) for n in range(20)]
    told = await asyncio.gather(
        *many[:7],
        wf.submit(run_id="taken", n=2),
        *many[7:],
        wf.submit(run_id="mislabelled", n=1, labels={"a": float("nan")}),
        return_exceptions=True,
    )
    errors = [each for each in told if isinstance(each, BaseException)]
    assert [type(error) for error in errors] == [RunInputMismatch, LabelError]
    assert len(await store.list_runs(RunQuery())) == 21


async def test_the_same_run_twice_at_once_is_one_run() -> None:
    store = Counting()
    wf = doubling(store)
    assert await asyncio.gather(*(wf.run(run_id="once", n=5) for _ in range(10))) == [10] * 10
    assert len(await store.list_runs(RunQuery())) == 1


async def test_a_store_that_does_not_answer_refuses_all_of_them() -> None:
    store = Counting()
    store.away = True
    told = await asyncio.gather(*(doubling(store).submit(n=n) for n in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [StoreUnavailable] * 3
    store.away = False
    assert await doubling(store).run(n=1) == 2


async def test_who_stops_waiting_stops_at_once() -> None:
    store = Counting()
    store.slow.clear()
    waiting = asyncio.create_task(doubling(store).submit(n=1))
    await store.begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    store.slow.set()
