"""Which columns of a table are shown, and how wide, on a terminal of this width. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

GAP = 2
"""Blanks between two columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """It needs ``least`` cells; what is left over goes to columns by ``weight``, up to ``most``. The higher its
    ``rank`` the sooner it gives way. ``keep`` says which end of a text that doesn't fit is shown."""

    name: str
    title: str
    least: int
    weight: int = 0
    most: int = 200
    rank: int = 0
    align: Literal["left", "right"] = "left"
    keep: Literal["head", "tail"] = "head"


def allot(columns: Sequence[Column], cells: int) -> tuple[tuple[Column, int], ...]:
    """The columns that fit, in their order, each with its width; together with their gaps at most ``cells`` wide."""
    shown = list(columns)
    while len(shown) > 1 and _needed(shown) > cells:
        worst = max(shown, key=lambda column: (column.rank, shown.index(column)))
        shown.remove(worst)
    widths = {column.name: column.least for column in shown}
    spare = cells - _needed(shown)
    while spare > 0:
        growing = [column for column in shown if column.weight and widths[column.name] < column.most]
        if not growing:
            break
        total = sum(column.weight for column in growing)
        given = 0
        for column in growing:
            more = min(
                max(1, spare * column.weight // total), column.most - widths[column.name], spare - given
            )
            widths[column.name] += more
            given += more
        spare -= given
        if not given:
            break
    if spare < 0:
        widths[shown[0].name] = max(1, cells)
    return tuple((column, widths[column.name]) for column in shown)


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.least for column in columns) + GAP * (len(columns) - 1)
