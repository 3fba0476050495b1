"""What the Dead letters screen draws in its tables and above them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tui.format import Cell, Role, number, plural
from tui.widgets.columns import Column

COLUMNS = (
    Column("age", "AGE", 4, align="right", rank=3),
    Column("run", "RUN", 12, weight=2, most=36, keep="tail"),
    Column("workflow", "WORKFLOW", 16, weight=2, most=36, rank=2),
    Column("step", "STEP", 9, weight=1, most=24, rank=4),
    Column("tries", "TRY", 3, align="right", rank=5),
    Column("error", "ERROR", 20, weight=5, rank=1),
)
GROUPS = (
    Column("count", "RUNS", 5, align="right"),
    Column("error", "ERROR", 20, weight=3, most=60, keep="tail"),
    Column("newest", "NEWEST", 6, align="right"),
    Column("workflows", "WORKFLOWS", 14, weight=3, rank=1),
)
OTHERS = (Cell("nothing is left of these; esc shows all dead letters", Role.DIM),)

NOTHING = (
    Cell("no dead letters", Role.STRONG),
    Cell("A run that failed for good waits here for your judgement.", Role.DIM),
)


def counted(total: int) -> Cell:
    """How many there are."""
    return Cell(f" {plural(total, 'dead letter')}", Role.FAILED if total else Role.DIM)


def narrowed(only: Sequence[str], marked: int, hidden: int) -> Sequence[Cell]:
    """What the list is narrowed to, and how many are marked, in it or not."""
    then = "" if marked else ", esc shows all"
    cells = [Cell(f"  only {' in '.join(only)}{then}", Role.WAITING)] if only else []
    if marked:
        not_shown = f", {number(hidden)} not shown" if hidden else ""
        cells.append(Cell(f"  {number(marked)} marked{not_shown}", Role.WAITING))
    return cells
