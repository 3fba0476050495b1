"""What a long history costs: every operation in a store with a million runs, beside the same in a small one."""

from __future__ import annotations

from collections.abc import Iterable

from tests.bench.bench import Bench
from tests.bench.figures import OURS, Row
from tests.bench.work import Task

ENDED, ENDED_QUICK = 1_000_000, 100_000


def measure(bench: Bench) -> Iterable[Row]:
    ended = ENDED_QUICK if bench.quick else ENDED
    for store in bench.stores:
        if store == "memory":
            continue
        with bench.place(store) as place, bench.place(store) as beside:
            (measured,) = bench.run(Task("growth", OURS, place, runs=ended, beside=beside))
        for figure in measured["grown"]:
            name = f"{store}, {ended:,} ended: {figure['name']} (small: {figure['small']:.3g})"
            yield Row(name, figure["unit"], f"≤ {figure['limit']:.3g}", {OURS: [figure["ours"]]})
