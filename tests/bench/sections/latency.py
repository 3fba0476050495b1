"""How long an idle worker takes from the submission to the step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.bench.bench import Bench
from tests.bench.figures import Row, Samples, percentile
from tests.bench.work import Task, Work

LANES = 10


def measure(bench: Bench) -> Iterable[Row]:
    if "postgres" not in bench.stores:
        return
    half: Samples = defaultdict(list)
    most: Samples = defaultdict(list)
    for _ in range(bench.rounds):
        for who in bench.contenders("raw", "dbos", "absurd", "pgqueuer"):
            with bench.place("postgres", who) as place:
                task = Task("latency", who, place, Work(steps=1), LANES, seconds=bench.seconds)
                for measured in bench.run(task):
                    if measured["ways"]:
                        half[who].append(percentile(measured["ways"], 0.5))
                        most[who].append(percentile(measured["ways"], 0.99))
    yield Row("submit → step start, p50", "ms", "≤ 3", half)
    yield Row("submit → step start, p99", "ms", "≤ 7", most)
