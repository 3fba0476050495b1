"""What the Runs screen draws in its table and above it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sagewai.models.status import RunStatus
from tui.filters import Filter
from tui.format import Cell, Role, plural
from tui.widgets.columns import Column

if TYPE_CHECKING:
    from tui.views import Totals

COLUMNS = (
    Column("state", "STATE", 7),
    Column("run", "RUN", 12, weight=3, most=36, keep="tail"),
    Column("workflow", "WORKFLOW", 16, weight=3, most=40, rank=1),
    Column("step", "STEP", 12, weight=2, most=30, rank=2),
    Column("try", "TRY", 4, rank=4),
    Column("age", "AGE", 4, align="right", rank=3),
    Column("pool", "POOL", 7, weight=1, most=16, rank=5),
    Column("cost", "COST", 7, most=10, align="right", rank=6),
    Column("worker", "WORKER", 12, weight=1, most=24, rank=7, keep="tail"),
)

OTHERS = (Cell("nothing matches; esc shows all runs", Role.DIM),)

NOTHING = (
    Cell("no runs yet", Role.STRONG),
    Cell("Submit one from another shell:", Role.DIM),
    Cell("sagewai submit WORKFLOW --input '{...}'", Role.ACCENT),
    Cell("or run a script that calls wf.run(): it shows up here.", Role.DIM),
)


def counted(totals: Totals, chosen: Filter) -> int | None:
    """How many runs the filter leaves; None where kept counters don't know."""
    query = chosen.query
    if query.workflow or query.tag or query.prefix or chosen.is_sifted:
        return None
    counts = totals.by_pool.values() if query.pool is None else [totals.by_pool.get(query.pool, {})]
    wanted = query.status or frozenset(RunStatus)
    return sum(count.get(status, 0) for count in counts for status in wanted)


def narrowed(text: str, marked: int, hidden: int) -> Sequence[Cell]:
    """What the list is narrowed down to, and how many of it are marked."""
    left = (Cell(" /", Role.ACCENT), Cell(text, Role.STRONG)) if text else (Cell(" all runs", Role.DIM),)
    unseen = f", {hidden} not shown" if hidden else ""
    return (*left, Cell(f"  {plural(marked, 'run')} marked{unseen}", Role.WAITING)) if marked else left


def place(
    chosen: Filter, in_view: tuple[int, int, bool], total: int | None, looked: int, *, follows: bool
) -> Sequence[Cell]:
    """Where the list stands, in which order, and how many rows a costly filter has looked at."""
    first, last, more = in_view
    of = f"{last}{'+' if more else ''}" if total is None else f"{total:,}"
    sifted = f"looked at {looked:,}  " if chosen.is_sifted and more else ""
    order = "newest first" if chosen.query.order == "newest" else "last changed first"
    return (
        Cell("follows  " if follows else "", Role.RUNNING),
        Cell(f"{order}  {sifted}", Role.DIM),
        Cell(f"{first}-{last} of {of} ", Role.DIM),
    )
