"""The machine's limit on SQLite: the same bytes, one synced commit for all that is under way, no promises."""

from __future__ import annotations

import asyncio
import json
import threading

import apsw

from tests.bench.contender import Unavailable
from tests.bench.work import Tally, Task

SCHEMA = """
create table runs (id integer primary key, rev int, seq int, status int, step text, changed_at real);
create table inputs (run integer primary key, input text);
create table attempts (run int, seq int, at real, step text, result text, primary key (run, seq)) without rowid;
"""


class RawSqlite:
    def __init__(self, task: Task, tally: Tally) -> None:
        self._task = task
        self._tally = tally
        self._result = json.dumps(task.work.result())
        self._over = threading.Event()

    async def open(self) -> None:
        self._file = apsw.Connection(self._task.place.removeprefix("sqlite:///"))
        self._file.execute("pragma journal_mode = wal; pragma synchronous = full;" + SCHEMA).fetchall()

    async def keep(self, lanes: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.to_thread(self._advance, lanes, loop)
        finally:
            self._over.set()

    async def fill(self, runs: int) -> None:
        raise Unavailable("raw-sqlite has no queue")

    async def work(self) -> None:
        raise Unavailable("raw-sqlite has no worker")

    async def submit(self) -> None:
        raise Unavailable("raw-sqlite has no queue")

    def _advance(self, lanes: int, loop: asyncio.AbstractEventLoop) -> None:
        first = 0
        while not self._over.is_set():
            ids = range(first, first + lanes)
            first += lanes
            with self._file:
                self._file.executemany(
                    "insert into runs values (?, 1, 0, 2, 'step-0', 0)", ((i,) for i in ids)
                )
                self._file.executemany(
                    "insert into inputs values (?, '{\"number\": 1}')", ((i,) for i in ids)
                )
            for seq in range(self._task.work.steps):
                if self._over.is_set():
                    return
                loop.call_soon_threadsafe(self._tally.count, lanes)
                self._record(ids, seq)

    def _record(self, ids: range, seq: int) -> None:
        with self._file:
            self._file.executemany(
                "update runs set rev = rev + 1, seq = seq + 1, step = ?, changed_at = ? where id = ?",
                ((f"step-{seq}", 1.0, i) for i in ids),
            )
            self._file.executemany(
                "insert into attempts values (?, ?, ?, ?, ?)",
                ((i, seq, 1.0, f"step-{seq}", self._result) for i in ids),
            )


make = RawSqlite
