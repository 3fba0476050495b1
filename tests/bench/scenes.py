"""What a fresh process measures: runs kept under way, a full queue drained, the way from submitting to a step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from tests.bench.contender import Contender, contender
from tests.bench.meter import Meter, Reading, cost, resident
from tests.bench.work import Tally, Task, Tick

PATIENCE = 10.0
"""Seconds until work must have begun."""

BEAT = 0.05
"""Seconds between two ticks."""

LONGER = 3
"""How many times as long it may take until as many steps were seen as a round of whole runs has."""

IDLE = 0.02
"""Seconds of rest before each submission whose way is timed."""

Measured = dict[str, Any]


async def steps(task: Task) -> Measured:
    """Keep the lanes under way; measure once each has begun."""
    tally = Tally(task.work)
    able = await _opened(task, tally)
    async with _beside(able.keep(task.lanes)) as going:
        await _until(going, tally.reach(task.lanes + 1, PATIENCE))
        return await _window(task, tally, going)


async def fill(task: Task) -> Measured:
    await (await _opened(task, Tally(task.work))).fill(task.runs)
    return {}


async def drain(task: Task) -> Measured:
    """Work off what was filled in, from the first step on."""
    tally = Tally(task.work)
    able = await _opened(task, tally)
    async with _beside(able.work()) as going:
        await _until(going, tally.reach(1, PATIENCE))
        return await _window(task, tally, going)


async def latency(task: Task) -> Measured:
    """Milliseconds from the call that submits to the step's first line, one at a time, with an idle worker beside."""
    tally = Tally(task.work)
    able = await _opened(task, tally)
    ways: list[float] = []
    async with _beside(able.work()) as going:
        await asyncio.sleep(0.5)
        until = time.monotonic() + task.seconds
        while time.monotonic() < until and not going.done():
            await asyncio.sleep(IDLE)
            began, before = time.monotonic(), tally.begun
            await able.submit()
            if await tally.reach(before + 1, PATIENCE):
                ways.append((tally.last - began) * 1_000)
        _raise_if_over(going)
    return {"ways": ways[3:]}


SCENES = {"steps": steps, "fill": fill, "drain": drain, "latency": latency}


async def _opened(task: Task, tally: Tally) -> Contender:
    able = contender(task, tally)
    await able.open()
    return able


async def _window(task: Task, tally: Tally, going: asyncio.Task[None]) -> Measured:
    meter = Meter(task.place) if task.place.startswith("postgresql://") else None
    before: Reading | None = None
    if meter is not None:
        await meter.open()
        before = await meter.read()
    ticks: list[Tick] = [tally.tick()]
    until = time.monotonic() + task.seconds
    at_latest = until + (LONGER - 1) * task.seconds
    wanted = 0 if task.runs else tally.begun + task.lanes * task.work.steps
    while time.monotonic() < until or (tally.begun < wanted and time.monotonic() < at_latest):
        await _until(going, asyncio.sleep(BEAT))
        ticks.append(tally.tick())
    measured: Measured = {"ticks": ticks, "resident": resident()}
    if meter is not None and before is not None:
        measured["cost"] = asdict(cost(before, await meter.read()))
    return measured


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Some work that goes on meanwhile. It isn't ended: the process is."""
    yield asyncio.create_task(work)


async def _until(going: asyncio.Task[None], waiting: Coroutine[Any, Any, object]) -> None:
    """Wait, unless the work beside breaks off: raises what it broke off with."""
    waited = asyncio.create_task(waiting)
    await asyncio.wait({going, waited}, return_when=asyncio.FIRST_COMPLETED)
    if not waited.done():
        waited.cancel()
    _raise_if_over(going)


def _raise_if_over(going: asyncio.Task[None]) -> None:
    if going.done():
        going.result()
        raise RuntimeError("the work ended by itself")
