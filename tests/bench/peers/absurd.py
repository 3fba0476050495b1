"""absurd: a task claims itself from a queue and records steps. Its SQL isn't in its package: a file of it is named."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg

from tests.bench.contender import Unavailable
from tests.bench.work import Tally, Task

QUEUE = "bench"
WORKERS = 8
"""In one process, each with a connection of its own: one alone sends everything through one."""

POLLING = 0.002
"""Seconds between two looks at an empty queue; its default is 0.25."""


class Absurd:
    def __init__(self, task: Task, tally: Tally) -> None:
        if not task.absurd_sql:
            raise Unavailable("absurd: name its absurd.sql by --absurd-sql")
        self._task = task
        self._ended = asyncio.Queue[None]()

        async def flow(_: object, context: Any) -> str:
            step: Callable[[], Awaitable[str]] = tally.body
            for place in range(task.work.steps):
                await context.step(f"step-{place}", step)
            self._ended.put_nowait(None)
            return ""

        def client() -> Any:
            made = import_module("absurd_sdk").AsyncAbsurd(task.place, queue_name=QUEUE)
            made.register_task(name="flow")(flow)
            return made

        self._feeder = client()
        workers = (
            1 if task.scene == "latency" else min(task.lanes, WORKERS)
        )  # idle ones only poll against each other
        self._workers = [client() for _ in range(workers)]

    async def open(self) -> None:
        connection = await asyncpg.connect(self._task.place)
        if not await connection.fetchval("select to_regnamespace('absurd') is not null"):
            await connection.execute(Path(self._task.absurd_sql).read_text("utf-8"))
            await self._feeder.create_queue(QUEUE)
        await connection.close()

    async def keep(self, lanes: int) -> None:
        """Workers with so many places, and as many tasks again queued before it: one more for each that ends."""
        await self.fill(2 * lanes)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.work())
            group.create_task(self._feed())

    async def fill(self, runs: int) -> None:
        for _ in range(runs):
            await self.submit()

    async def work(self) -> None:
        each = -(-self._task.lanes // len(self._workers))
        async with asyncio.TaskGroup() as group:
            for number, worker in enumerate(self._workers):
                group.create_task(
                    worker.start_worker(worker_id=f"w{number}", concurrency=each, poll_interval=POLLING)
                )

    async def submit(self) -> None:
        await self._feeder.spawn("flow", {"number": 1})

    async def _feed(self) -> None:
        while True:
            await self._ended.get()
            await self.submit()


make = Absurd
