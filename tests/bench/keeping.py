"""Retention beside work: how many old runs a pruning removes a second while others flow, and what it costs them."""

from __future__ import annotations

import asyncio
import time
from itertools import count

from sagewai.core.stores.base import Store
from tests.bench import stock
from tests.bench.growth import MANY, Grown, Side

WANTED = 1_000.0
"""Runs a second."""

OLD = 20 * 86_400.0
"""Seconds: of a store that is filled with 30 days, the oldest third."""


async def keeping(store: Store, *, seconds: float = 8.0) -> list[Grown]:
    """Runs a second that flow (submitted, claimed, all steps checkpointed) alone, beside a pruning of as many as are
    WANTED, and beside one that does all it can; and what that removes."""
    side = Side(store, full=True)
    side.session = await stock.open_session(store, "flow")
    flow = _Flow(side, f"flow-{time.time_ns():x}")
    side.routes = await flow.begin()
    alone = await flow.go(seconds)
    found = []
    for how, pace in (("at 1,000 runs/s", WANTED), ("at full speed", None)):
        pruning = asyncio.create_task(_prune(store, seconds, pace))
        beside = await flow.go(seconds)
        pruned = await pruning
        found.append(Grown(f"runs that flow beside a pruning {how}", beside, alone, "runs/s", alone))
        found.append(Grown(f"runs that a pruning {how} removes", pruned, WANTED, "runs/s", 0.0))
    return found


class _Flow:
    def __init__(self, side: Side, name: str) -> None:
        self._side = side
        self._ids = (f"{name}-{number}" for number in count())

    async def begin(self) -> tuple[int, ...]:
        await self._submit(1)
        offered = {stock.WORKFLOWS[0]: ["", "1"]}
        return (await self._side.store.resolve_routes("flow", {}, offered)).ids

    async def go(self, seconds: float) -> float:
        since, done = time.perf_counter(), 0
        while time.perf_counter() - since < seconds:
            await self._submit(10 * MANY)
            for _ in range(10):
                await self._side.claimed(len(stock.STEPS))
                done += MANY
        return done / (time.perf_counter() - since)

    async def _submit(self, runs: int) -> None:
        await self._side.store.insert_runs([stock.spec(next(self._ids), pool="flow") for _ in range(runs)])


async def _prune(store: Store, seconds: float, pace: float | None) -> float:
    since, gone = time.perf_counter(), 0
    while time.perf_counter() - since < seconds:
        gone += await store.prune(OLD, limit=200)
        if pace is not None:
            await asyncio.sleep(max(0.0, since + gone / pace - time.perf_counter()))
    return gone / (time.perf_counter() - since)
