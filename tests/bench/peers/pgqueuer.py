"""pgqueuer: a queue of jobs, without steps or results; so only its drain and its latency are beside ours."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import asyncpg

from tests.bench.contender import Unavailable
from tests.bench.work import Tally, Task

CHUNK = 2_000


class Pgqueuer:
    def __init__(self, task: Task, tally: Tally) -> None:
        self._task = task
        self._tally = tally
        self._payload = b'{"number": 1}'
        self._library: Any = import_module("pgqueuer")
        self._driver: Any = import_module("pgqueuer.db").AsyncpgDriver
        self._queries: Any = import_module("pgqueuer.queries").Queries

    async def open(self) -> None:
        self._producer = self._queries(self._driver(await asyncpg.connect(self._task.place)))
        if not await self._producer.schema_is_installed():
            await self._producer.install()

    async def keep(self, lanes: int) -> None:
        raise Unavailable("pgqueuer has no steps")

    async def fill(self, runs: int) -> None:
        for start in range(0, runs, CHUNK):
            count = min(CHUNK, runs - start)
            await self._producer.enqueue(["flow"] * count, [self._payload] * count, [0] * count)

    async def work(self) -> None:
        worker = self._library.PgQueuer(self._driver(await asyncpg.connect(self._task.place)))

        async def flow(_: object) -> None:
            await self._tally.body()

        worker.entrypoint("flow")(flow)
        await worker.run(batch_size=max(1, self._task.lanes))

    async def submit(self) -> None:
        await self._producer.enqueue("flow", self._payload)


make = Pgqueuer
