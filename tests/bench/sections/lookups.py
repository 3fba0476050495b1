"""Claims and list pages in a store that has grown."""

from __future__ import annotations

from collections.abc import Iterable

from tests.bench.bench import Bench
from tests.bench.figures import OURS, Row
from tests.bench.work import Task

FEW, MANY = 100_000, 1_000_000
"""Runs that are pending; as many again have ended."""


def measure(bench: Bench) -> Iterable[Row]:
    if "postgres" not in bench.stores:
        return
    for runs in (FEW,) if bench.quick else (FEW, MANY):
        with bench.place("postgres") as place:
            (measured,) = bench.run(Task("stock", OURS, place, runs=runs))
        claims = "≤ 2" if runs == FEW else "≤ 3"
        size = f"{runs // 1000:,} k" if runs < MANY else "1 M"
        for kind, taken in measured["claims"].items():
            yield Row(f"claim of 50 at {size} pending, {kind}", "ms", claims, {OURS: taken})
        for kind, taken in measured["pages"].items():
            yield Row(f"list page at 2 × {size} runs, {kind}", "ms", "≤ 3", {OURS: taken})
