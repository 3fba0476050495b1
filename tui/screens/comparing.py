"""Two runs compared: a sheet with both of them."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.comparison import Comparison
from tui.screens.sheet import Sheet
from tui.widgets.sides import Sides


class CompareSheet(Sheet):
    """Shows what differs, and dimly what doesn't."""

    def __init__(self, comparison: Comparison) -> None:
        super().__init__(f"{comparison.left} and {comparison.right}")
        self._sides = Sides(comparison, id="sheet-sides")

    def compose_body(self) -> ComposeResult:
        yield self._sides

    def place(self) -> str:
        return self._sides.place

    def draw(self) -> None:
        self._sides.focus()
