"""From what processes measured to figures: rates, costs per step, medians and spreads. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from tests.bench.work import Tick

SLICES = 3
"""Into so many parts a window is cut, so that one run of a process shows a spread."""

OURS = "sagewai"

Samples = dict[str, list[float]]
"""By contender."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``wanted`` is what we set out to reach; of ``costs`` each is a figure by contender."""

    name: str
    unit: str
    wanted: str
    samples: Samples
    costs: Mapping[str, Samples] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "wanted": self.wanted,
            "figures": {who: _summary(values) for who, values in self.samples.items()},
            "costs": {
                what: {who: _summary(values) for who, values in samples.items()}
                for what, samples in self.costs.items()
            },
        }


def _summary(values: Sequence[float]) -> dict[str, Any]:
    if not values:
        return {"samples": []}
    return {"median": median(values), "min": min(values), "max": max(values), "samples": list(values)}


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def trimmed(ticks: Sequence[Tick]) -> list[Tick]:
    """Without the idle end of a queue that was drained."""
    end = len(ticks)
    while end > 2 and ticks[end - 2][1] == ticks[-1][1]:
        end -= 1
    return [*ticks[:end]]


def merged(processes: Sequence[Sequence[Tick]]) -> list[Tick]:
    """What several processes did together, while all of them were at it."""
    since = max(ticks[0][0] for ticks in processes)
    until = min(ticks[-1][0] for ticks in processes)
    moments = [since + (until - since) * part / 30 for part in range(31)]
    rows = [[at(ticks, moment) for ticks in processes] for moment in moments]
    return [
        (moment, round(sum(begun for begun, _ in row)), sum(cpu for _, cpu in row))
        for moment, row in zip(moments, rows, strict=True)
    ]


def at(ticks: Sequence[Tick], moment: float) -> tuple[float, float]:
    """Steps begun and CPU used at a moment, between two ticks or at the nearest."""
    if moment <= ticks[0][0]:
        return float(ticks[0][1]), ticks[0][2]
    for (early, begun, cpu), (late, begun_then, cpu_then) in pairwise(ticks):
        if early <= moment <= late:
            share = (moment - early) / (late - early) if late > early else 0.0
            return begun + share * (begun_then - begun), cpu + share * (cpu_then - cpu)
    return float(ticks[-1][1]), ticks[-1][2]


def rates(ticks: Sequence[Tick]) -> list[float]:
    """Steps per second in each slice."""
    since, until = ticks[0][0], ticks[-1][0]
    edges = [since + (until - since) * part / SLICES for part in range(SLICES + 1)]
    counts = [at(ticks, edge)[0] for edge in edges]
    width = (until - since) / SLICES
    return [(late - early) / width for early, late in pairwise(counts)]


def costs(ticks: Sequence[Tick], cost: Mapping[str, Any] | None) -> dict[str, float]:
    """Of one step, by name; ``cost`` is a :class:`tests.bench.meter.Cost`, as plain values."""
    steps = ticks[-1][1] - ticks[0][1]
    if steps <= 0:
        return {}
    found = {"client CPU µs": (ticks[-1][2] - ticks[0][2]) / steps * 1e6}
    if cost is not None:
        metered = at(ticks, cost["until"])[0] - at(ticks, cost["since"])[0]
        if metered > 0:
            found["write transactions"] = cost["writes"] / metered
            found["WAL bytes"] = cost["wal"] / metered
            if cost["server_cpu"] is not None:
                found["server CPU µs"] = cost["server_cpu"] / metered * 1e6
    return found
