"""DBOS: every step is a call that it records; a queue hands recorded workflows to a process that listens to it."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

from tests.bench.work import Tally, Task

QUEUE = "bench"
POLLING = 0.01
"""Seconds between two looks at the queue: the shortest that pays; its default is 1."""


class Dbos:
    def __init__(self, task: Task, tally: Tally) -> None:
        self._task = task
        self._dbos: Any = import_module("dbos").DBOS
        url = task.place.replace("postgresql://", "postgresql+psycopg://")
        self._dbos(
            config={
                "name": "bench",
                "system_database_url": url,
                "log_level": "ERROR",
                "console_log_level": "ERROR",
                "application_version": "1",
                "executor_id": "local",
            }
        )

        @self._dbos.step()
        async def step() -> str:
            return await tally.body()

        @self._dbos.workflow()
        async def flow(number: int) -> str:
            last = ""
            for _ in range(task.work.steps):
                last = await step()
            return last

        self._flow: Any = flow

    async def open(self) -> None:
        self._dbos.listen_queues([QUEUE] if self._task.scene in ("drain", "latency") else ["nothing"])
        await asyncio.to_thread(self._dbos.launch)
        await self._dbos.register_queue_async(
            QUEUE, polling_interval_sec=POLLING, worker_concurrency=self._task.lanes
        )

    async def keep(self, lanes: int) -> None:
        async def lane() -> None:
            while True:
                await self._flow(1)

        async with asyncio.TaskGroup() as group:
            for _ in range(lanes):
                group.create_task(lane())

    async def fill(self, runs: int) -> None:
        async def some() -> None:
            for _ in range(runs // 10):
                await self.submit()

        await asyncio.gather(*(some() for _ in range(10)))

    async def work(self) -> None:
        await asyncio.Event().wait()  # listening began with the launch

    async def submit(self) -> None:
        await self._dbos.enqueue_workflow_async(QUEUE, self._flow, 1)


make = Dbos
