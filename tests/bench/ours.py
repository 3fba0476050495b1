"""The product, by its public interface alone."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sagewai import DurableWorkflow, WorkflowWorker, open_store
from tests.bench.work import Tally, Task

CHUNK = 2_000


def workflow(task: Task, tally: Tally) -> DurableWorkflow:
    flow = DurableWorkflow("bench", open_store(task.place))

    async def first(number: int) -> str:
        return await tally.body()

    async def later(before: str) -> str:
        return await tally.body()

    for place in range(task.work.steps):
        flow.step(f"step-{place}")(later if place else first)
    return flow


class Ours:
    def __init__(self, task: Task, tally: Tally) -> None:
        self._flow = workflow(task, tally)
        self._lanes = task.lanes

    async def open(self) -> None:
        assert self._flow.store is not None
        await self._flow.store.initialize()

    async def keep(self, lanes: int) -> None:
        async def lane() -> None:
            while True:
                await self._flow.run(number=1)

        async with asyncio.TaskGroup() as group:
            for _ in range(lanes):
                group.create_task(lane())

    async def fill(self, runs: int) -> None:
        for start in range(0, runs, CHUNK):
            await self._flow.submit_many([{"number": 1}] * min(CHUNK, runs - start))

    async def work(self) -> None:
        assert self._flow.store is not None
        worker = WorkflowWorker(
            store=self._flow.store, workflow_registry=[self._flow], max_concurrent=self._lanes
        )
        with suppress(asyncio.CancelledError):
            await worker.start()

    async def submit(self) -> None:
        await self._flow.submit(number=1)


make = Ours
