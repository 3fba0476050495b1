"""Plain tables and lists of fields that fit a line; everything in them is made safe here. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sagewai.cli.safe import cells, clip, visible

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """``floor`` is the width down to which it may be shortened; None means never."""

    name: str
    floor: int | None = None


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], line: int) -> list[str]:
    """Left-aligned columns; where they don't fit into ``line`` cells, those furthest above their floor give way."""
    shown = [[column.name for column in columns], *([visible(cell) for cell in row] for row in rows)]
    widths = [max(cells(row[at]) for row in shown) for at in range(len(columns))]
    floors = [
        width if column.floor is None else min(column.floor, width)
        for column, width in zip(columns, widths, strict=True)
    ]
    widths = fit(widths, floors, line - GAP * (len(columns) - 1))
    return [_line(row, widths) for row in shown]


def fields(pairs: Iterable[tuple[str, str]], line: int) -> list[str]:
    """``name  value`` per line, values shortened to ``line``; pairs without a value are left out."""
    kept = [(name, visible(value)) for name, value in pairs if value]
    broad = max((len(name) for name, _ in kept), default=0)
    return [f"{name:<{broad}}  {clip(value, line - broad - GAP)}" for name, value in kept]


def fit(widths: Sequence[int], floors: Sequence[int], room: int) -> list[int]:
    """The widths, each at least its floor, whose sum fits into ``room`` if the floors allow it."""
    fitted = list(widths)
    while sum(fitted) > room:
        excess = [width - floor for width, floor in zip(fitted, floors, strict=True)]
        most = max(excess, default=0)
        if most <= 0:
            break
        fitted[excess.index(most)] -= min(most, max(1, (sum(fitted) - room) // len(fitted)))
    return fitted


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    texts = [clip(cell, width) for cell, width in zip(row, widths, strict=True)]
    padded = [text + " " * (width - cells(text)) for text, width in zip(texts, widths, strict=True)]
    return (" " * GAP).join(padded).rstrip()
