"""What a store with 1 M ended, 100 k pending and 10 k running runs asks for each operation, beside a small one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from sagewai import open_store
from tests.bench import growth, keeping, stock
from tests.bench.bench import Bench
from tests.bench.figures import OURS, Row


def measure(bench: Bench) -> Iterable[Row]:
    full = stock.Stock(ended=100_000, pending=50_000, running=5_000) if bench.quick else growth.FULL
    for kind in bench.stores:
        if kind == "memory":
            continue
        with bench.place(kind) as large, bench.place(kind) as small:
            for grown in asyncio.run(_grown(large, small, full)):
                wanted = f"{'≤' if grown.unit == 'ms' else '≥'} {grown.limit:,.2f}"
                yield Row(
                    f"{grown.name}, {kind} at {full.ended:,} runs", grown.unit, wanted, {OURS: [grown.ours]}
                )


async def _grown(large: str, small: str, full: stock.Stock) -> list[growth.Grown]:
    async with open_store(large) as one, open_store(small) as other:
        await stock.fill(one, full)
        await stock.fill(other, growth.SMALL)
        return [*await growth.growth(one, other), *await keeping.keeping(one)]
