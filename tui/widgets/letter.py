"""A dead letter's error under its heading, or what can be done about a group of them."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.format import Cell, Role, plural
from tui.payload import Line
from tui.views import DeadRow, GroupRow
from tui.widgets.bar import Bar
from tui.widgets.pane import Pane


class Letter(Vertical):
    """Shows the one under the cursor."""

    def __init__(self) -> None:
        super().__init__(id="error")
        self._heading = Bar(id="error-title")
        self._text = Pane(id="error-text")

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._text

    def show_letter(self, row: DeadRow | None) -> None:
        if row is None:
            self._heading.show(())
            self._text.show(())
            return
        cells = row.cells
        lost = cells["lost"].text
        story = f"  step {cells['step'].text}, tries {cells['tries'].text}" + (
            f", workers lost {lost} " if lost != "0" else " "
        )
        left = (Cell(f" {row.key}", Role.ACCENT), Cell(f"  {row.workflow}", Role.STRONG))
        self._heading.show(left, (Cell(story, Role.DIM),))
        self._text.show([Line(line.text, line.role, f" {line.head}", f" {line.hang}") for line in row.error])

    def show_group(self, row: GroupRow | None, *, acts: bool) -> None:
        """``acts``: this console may act on it."""
        if row is None:
            self.show_letter(None)
            return
        runs = plural(row.count, "run")
        self._heading.show((Cell(f" {row.key}", Role.FAILED), Cell(f"  {runs}", Role.STRONG)))
        does = [Line(f"retries all {runs}, D discards them: one bulk job", head=" r  ")] if acts else []
        self._text.show(
            [
                Line(row.cells["workflows"].text, Role.DIM, " in ", "    "),
                Line(),
                *does,
                Line("lists them, v reads their errors", head=" enter  "),
                Line("writes them to a file, as JSON", head=" w  "),
            ]
        )
