"""The bench's rows as a table to read and a document to keep. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from tests.bench.contender import PEERS
from tests.bench.figures import OURS, Row, Samples

LIMITS = ("raw", "raw-sqlite")


def table(rows: Sequence[Row], peers: bool) -> str:
    """Medians with their spread; how many times ours a peer's is, and which part of the limit ours is."""
    shown = [who for who in PEERS if peers and any(row.samples.get(who) for row in rows)]
    lines = [["", "we reach", OURS, "limit", "of it", *shown]]
    lines += [_line(row, shown) for row in rows]
    costs = [["per step", "", OURS, "limit", "", *shown]]
    for row in rows:
        for what, samples in row.costs.items():
            costs.append([f"{row.name}: {what}", "", *_cells(samples, shown)])
    return "\n".join([*_laid_out(lines), "", *(_laid_out(costs) if len(costs) > 1 else ())])


def document(rows: Iterable[Row], about: dict[str, Any]) -> dict[str, Any]:
    """What --json writes: medians, spreads and every sample."""
    return {"about": about, "rows": [row.plain() for row in rows]}


def _line(row: Row, shown: Sequence[str]) -> list[str]:
    return [f"{row.name}, {row.unit}", row.wanted, *_cells(row.samples, shown, rate=row.unit == "/s")]


def _cells(samples: Samples, shown: Sequence[str], *, rate: bool = False) -> list[str]:
    limit = next((who for who in LIMITS if samples.get(who)), "")
    part = ""
    if rate and limit and samples.get(OURS):
        part = f"{median(samples[OURS]) / median(samples[limit]):.0%}"
    cells = [_spread(samples.get(OURS)), _spread(samples.get(limit)), part]
    for who in shown:
        cell = _spread(samples.get(who))
        if rate and samples.get(who) and samples.get(OURS) and median(samples[who]):
            cell += f" ×{median(samples[OURS]) / median(samples[who]):.1f}"
        cells.append(cell)
    return cells


def _spread(values: Sequence[float] | None) -> str:
    if not values:
        return "–"
    if len(values) == 1:
        return _number(values[0])
    return f"{_number(median(values))} ({_number(min(values))}–{_number(max(values))})"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _laid_out(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
