"""Which run the cursor is on, whatever the screen in front lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.screen import Screen

from tui.outline import DeedRow
from tui.views import ApprovalRow, DeadRow, Ref, RunRow
from tui.widgets.table import Table


def run_under_cursor(screen: Screen[Any]) -> Ref | None:
    """In the table with the keys, else in any that can be seen; None where the cursor is on something else."""
    return next((run for table in _tables(screen) if (run := run_of(table.row)) is not None), None)


def run_of(row: object) -> Ref | None:
    """The run that a row is about, if it is about one."""
    match row:
        case RunRow() | DeadRow():
            return row.key
        case ApprovalRow():
            return row.run
        case DeedRow(runs=(run,)):
            return run
    return None


def _tables(screen: Screen[Any]) -> Iterator[Table[Any]]:
    if isinstance(screen.focused, Table):
        yield screen.focused
    yield from (table for table in screen.query(Table) if table.display)
