"""The console on a store of a million runs: how soon it is there and answers, what it holds, writes and asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tests.bench import console
from tests.bench.bench import Bench
from tests.bench.figures import OURS, Row, percentile

HOUR = 1_800
"""Looks of an hour."""


def measure(bench: Bench) -> Iterable[Row]:
    if "postgres" not in bench.stores:
        return
    runs = 100_000 if bench.quick else 1_000_000
    size = f"{runs // 1000:,} k" if bench.quick else "1 M"
    with bench.place("postgres") as url:
        asyncio.run(console.fill(url, runs))
        begun = console.beginnings(url, 3 if bench.quick else 7)
        yield Row("console: first frame", "s", "≤ 0.4", {OURS: begun.frames})
        yield Row("console: processor time until then", "s", "", {OURS: begun.processor})
        yield Row(f"console: list ready at {size} runs", "s", "≤ 0.6", {OURS: begun.lists})
        paints = console.paints(url, 150 if bench.quick else 600)
        yield Row("console: key to paint, p50", "ms", "", {OURS: [percentile(paints, 0.5)]})
        yield Row("console: key to paint, p99", "ms", "≤ 50", {OURS: [percentile(paints, 0.99)]})
        changed = asyncio.run(console.changed_bytes(url, 5))
        yield Row("console: bytes per changed row", "B", "≤ 1,000", {OURS: changed})
        for screen, load in console.loads(url, bench.server, 8 if bench.quick else 20).items():
            yield Row(f"console: statements per look, {screen}", "", "≤ 5", {OURS: load.looks})
            yield Row(f"console: slowest of them, {screen}", "ms", "≤ 5", {OURS: [load.slowest]})
            bench.note(f"{screen}: slowest is {load.which[:70]}")
        idle = console.idle_bytes(url, 3 if bench.quick else 10)
        yield Row("console: bytes per look, nothing changed", "B", "0", {OURS: idle})
        looks = HOUR // 10 if bench.quick else HOUR
        first, last = console.an_hour(url, looks, 0.02)
        yield Row("console: memory at first", "MB", "", {OURS: [first]})
        yield Row(f"console: memory after {looks:,} looks", "MB", "≤ 90", {OURS: [last]})
