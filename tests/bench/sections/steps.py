"""Steps per second, and what one costs: few runs and many, small results and large, with and without sleep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from tests.bench.bench import Bench
from tests.bench.figures import OURS, Row, Samples, costs, rates
from tests.bench.work import Task, Work


class Load(NamedTuple):
    """So many runs under way; ``quick`` ones are measured by --quick too."""

    lanes: int
    work: Work
    wanted: str
    quick: bool = True

    @property
    def name(self) -> str:
        size = f"{self.work.size // 1000} kB" if self.work.size >= 1_000 else f"{self.work.size} B"
        sleep = f", 0-{self.work.sleep * 1000:.0f} ms sleep" if self.work.sleep else ""
        return f"steps/s, {self.lanes} run{'s' if self.lanes > 1 else ''}, {size}{sleep}"


LOADS = {
    "postgres": (
        Load(1, Work(), "≥ 1,500, ≥ 5 × DBOS"),
        Load(100, Work(), "≥ 10,000, ≥ 30 × DBOS"),
        Load(1000, Work(), "≥ 10,000, ≥ 30 × DBOS"),
        Load(1, Work(size=20_000), "", quick=False),
        Load(100, Work(size=20_000), "", quick=False),
        Load(100, Work(sleep=0.02), ""),
        Load(1000, Work(sleep=0.02), "", quick=False),
    ),
    "sqlite": (Load(1, Work(), "≥ 2,000"), Load(1000, Work(), "≥ 20,000")),
    "memory": (Load(1, Work(), ""), Load(1000, Work(), "")),
}

LIMITS = {"postgres": "raw", "sqlite": "raw-sqlite", "memory": None}


def measure(bench: Bench) -> Iterable[Row]:
    for store in bench.stores:
        for load in LOADS[store]:
            if load.quick or not bench.quick:
                yield from _rows(bench, store, load)


def _rows(bench: Bench, store: str, load: Load) -> Iterable[Row]:
    peers = ("dbos", "absurd") if store == "postgres" else ()
    samples: Samples = defaultdict(list)
    per_step: dict[str, Samples] = defaultdict(lambda: defaultdict(list))
    memory: Samples = defaultdict(list)
    for _ in range(bench.rounds):
        for who in bench.contenders(None if load.work.sleep else LIMITS[store], *peers):
            with bench.place(store, who) as place:
                task = Task("steps", who, place, load.work, lanes=load.lanes, seconds=bench.seconds)
                for measured in bench.run(task):
                    samples[who] += rates(measured["ticks"])
                    for what, figure in costs(measured["ticks"], measured.get("cost")).items():
                        per_step[what][who].append(figure)
                    if measured["resident"] is not None:
                        memory[who].append(measured["resident"])
    prefix = "" if store == "postgres" else f"{store}: "
    yield Row(f"{prefix}{load.name}", "/s", load.wanted, samples, per_step)
    if load.lanes == 1000 and not load.work.sleep and store == "postgres":
        with_us = {who: values for who, values in memory.items() if who == OURS or not who.startswith("raw")}
        yield Row("memory at 1000 runs", "MB", "≤ 60", with_us)
