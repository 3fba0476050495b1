"""The machine's limit on PostgreSQL: the same bytes, one durable round trip for all that is under way, no promises."""

from __future__ import annotations

import asyncio
import itertools
import json

import asyncpg

from tests.bench.work import Tally, Task

HANDS = 2
"""Connections among which many lanes are shared: while the server writes for one the client encodes for the other."""

MAX_BYTES = 1_000_000

SCHEMA = """
create table if not exists raw_runs (
  id bigint primary key, rev int not null, seq int not null, status int2 not null, step text,
  changed_at timestamptz not null
) with (fillfactor = 45);
create index if not exists raw_ready on raw_runs (id) where status = 1;
create table if not exists raw_inputs (run bigint primary key, input text not null);
create table if not exists raw_attempts (
  run bigint, seq int, at timestamptz not null, step text not null, result text not null, primary key (run, seq)
);
create sequence if not exists raw_ids;
"""

BEGIN = """
with born as (
  insert into raw_runs select nextval('raw_ids'), 1, 0, $2, 'step-0', now() from generate_series(1, $1::int)
  returning id
), kept as (insert into raw_inputs select id, '{"number": 1}' from born)
select id from born
"""

STEP = """
with moved as (
  update raw_runs set rev = rev + 1, seq = $2 + 1, step = $3, changed_at = now(), status = $5
   where id = any ($1::int8[])
)
insert into raw_attempts select run, $2, now(), $3, result from unnest($1::int8[], $4::text[]) as item (run, result)
"""

CLAIM = """
update raw_runs set status = 2, rev = rev + 1
 where id in (select id from raw_runs where status = 1 order by id limit $1 for update skip locked) returning id
"""

RUNNING, OVER = 2, 3


class Raw:
    def __init__(self, task: Task, tally: Tally) -> None:
        self._task = task
        self._tally = tally
        self._result = json.dumps(task.work.result())

    async def open(self) -> None:
        self._hand = await self._connect()
        await self._hand.execute(SCHEMA)

    async def keep(self, lanes: int) -> None:
        hands = 1 if lanes == 1 else HANDS
        async with asyncio.TaskGroup() as group:
            for share in range(hands):
                group.create_task(self._advance(lanes // hands + (share < lanes % hands)))

    async def fill(self, runs: int) -> None:
        await self._hand.fetch(BEGIN, runs, 1)

    async def work(self) -> None:
        heard = asyncio.Event()
        await self._hand.add_listener("raw_work", lambda *_: heard.set())
        async with asyncio.TaskGroup() as group:
            for _ in range(HANDS):
                group.create_task(self._drain(heard))

    async def submit(self) -> None:
        if not hasattr(self, "_other"):
            self._other = await self._connect()
        async with self._other.transaction():
            await self._other.fetch(BEGIN, 1, 1)
            await self._other.execute("notify raw_work")

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(self._task.place)

    async def _advance(self, lanes: int) -> None:
        """So many runs, step by step, each step of all of them in as few statements as a megabyte allows."""
        hand = await self._connect()
        at_once = max(1, min(lanes, MAX_BYTES // self._task.work.size))
        steps = self._task.work.steps
        for _ in itertools.count():
            ids = [row["id"] for row in await hand.fetch(BEGIN, lanes, RUNNING)]
            for seq in range(steps):
                for start in range(0, lanes, at_once):
                    await self._record(hand, ids[start : start + at_once], seq, last=seq + 1 == steps)

    async def _record(self, hand: asyncpg.Connection, ids: list[int], seq: int, *, last: bool) -> None:
        self._tally.count(len(ids))
        await hand.execute(
            STEP, ids, seq, f"step-{seq}", [self._result] * len(ids), OVER if last else RUNNING
        )

    async def _drain(self, heard: asyncio.Event) -> None:
        hand = await self._connect()
        while True:
            heard.clear()
            ids = [row["id"] for row in await hand.fetch(CLAIM, self._task.lanes)]
            if ids:
                await self._record(hand, ids, 0, last=True)
            else:
                await heard.wait()


make = Raw
