"""What a store with a million runs takes for a claim, at any match rate, and for a page of a list, at any depth."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

from sagewai import WorkflowMonitor, open_store
from sagewai.core.stores.base import Store
from tests.bench import stock
from tests.bench.work import Task

CLAIM = 50
CLAIMS = 12
"""Of each kind."""

PAGES = 15
"""Of each kind, after as many that aren't timed."""

DEEP = 60
"""Pages of 200 before the deep one."""


async def lookups(task: Task) -> dict[str, Any]:
    """Milliseconds of each look-up, by what was looked up, among ``task.runs`` pending and as many ended ones."""
    store = open_store(task.place)
    await store.initialize()
    await stock.fill(store, stock.Stock(ended=task.runs, pending=task.runs, running=0))
    return {"claims": await _claims(store), "pages": await _pages(WorkflowMonitor(store))}


async def _claims(store: Store) -> dict[str, list[float]]:
    numbers = count()
    last = [stock.spec(f"last-{next(numbers)}", pool="last") for _ in range((CLAIMS + 1) * CLAIM)]
    await store.insert_runs(last)
    flows = {name: ["1"] for name in stock.WORKFLOWS}
    one = {stock.WORKFLOWS[0]: ["1"]}
    kinds: Mapping[str, tuple[str, Mapping[str, list[str]]]] = {
        "25 %": (stock.POOLS[0], flows),
        "1 %": (stock.POOLS[1], one),
        "behind all others": ("last", one),
    }
    taken: dict[str, list[float]] = {}
    for kind, (pool, workflows) in kinds.items():
        routes = await store.resolve_routes(pool, {}, workflows)
        session = await stock.open_session(store, pool)

        async def claim(session: int = session, ids: tuple[int, ...] = routes.ids) -> None:
            claimed = await store.claim(session, ids, CLAIM)
            assert len(claimed.runs) == CLAIM

        await claim()
        taken[kind] = [await _milliseconds(claim) for _ in range(CLAIMS)]
    return taken


async def _pages(monitor: WorkflowMonitor) -> dict[str, list[float]]:
    async def cursor_after(pages: int) -> str | None:
        cursor = None
        for _ in range(pages):
            cursor = (await monitor.list_executions(limit=200, cursor=cursor)).next_cursor
        return cursor

    deep = await cursor_after(DEEP)
    kinds: dict[str, Callable[[], Awaitable[object]]] = {
        "all": lambda: monitor.list_executions(),
        "deep": lambda: monitor.list_executions(cursor=deep),
        "by status": lambda: monitor.list_executions("failed"),
        "by workflow": lambda: monitor.list_executions(workflow=stock.WORKFLOWS[3]),
        "by pool": lambda: monitor.list_executions(pool=stock.POOLS[2]),
        "by tag": lambda: monitor.list_executions(tag="customer=c17"),
        "by id": lambda: monitor.list_executions(prefix=f"{stock.WORKFLOWS[5]}-a"),
        "changed": lambda: monitor.list_executions(["completed", "failed"], order="changed"),
    }
    taken: dict[str, list[float]] = {}
    for kind, look in kinds.items():
        for _ in range(PAGES):
            await look()
        taken[kind] = [await _milliseconds(look) for _ in range(PAGES)]
    return taken


async def _milliseconds(look: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await look()
    return (time.perf_counter() - began) * 1_000
