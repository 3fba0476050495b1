"""A queue of recorded one-step runs, worked off by one worker, and by two in processes of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.bench.bench import Bench
from tests.bench.figures import OURS, Row, Samples, costs, merged, rates, trimmed
from tests.bench.work import Task, Work

LANES = {OURS: 500, "raw": 500, "pgqueuer": 500, "dbos": 500, "absurd": 64}
"""Runs at once: as many as pay; absurd works in waves."""
FILLED = {OURS: 16_000, "raw": 60_000, "pgqueuer": 16_000, "dbos": 600, "absurd": 1_000}
"""Runs recorded beforehand for each second and worker: more than are worked off in it."""


def measure(bench: Bench) -> Iterable[Row]:
    if "postgres" not in bench.stores:
        return
    alone = bench.contenders("raw", "dbos", "absurd", "pgqueuer")
    yield _row(bench, alone, 1, "≥ 5,000, ≥ 20 × DBOS, towards 12,700")
    yield _row(bench, [OURS], 2, "")


def _row(bench: Bench, contenders: list[str], workers: int, wanted: str) -> Row:
    samples: Samples = defaultdict(list)
    per_run: dict[str, Samples] = defaultdict(lambda: defaultdict(list))
    for _ in range(bench.rounds):
        for who in contenders:
            with bench.place("postgres", who) as place:
                runs = int(FILLED[who] * bench.seconds * workers)
                if not bench.run(Task("fill", who, place, Work(steps=1), LANES[who], runs)):
                    continue
                task = Task("drain", who, place, Work(steps=1), LANES[who], runs, bench.seconds)
                measured = bench.run(*[task] * workers)
                ticks = [trimmed(each["ticks"]) for each in measured]
                together = merged(ticks) if workers > 1 else ticks[0]
                samples[who] += rates(together)
                for what, figure in costs(together, measured[0].get("cost")).items():
                    per_run[what][who].append(figure)
    name = f"1-step runs/s drained by {workers} worker{'s' if workers > 1 else ''}"
    return Row(name, "/s", wanted, samples, per_run)
