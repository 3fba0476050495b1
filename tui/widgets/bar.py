"""One line of the console's frame: context, counters, tabs, keys."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip

from tui.format import Cell
from tui.widgets.paint import Painted, differing


class Bar(Painted):
    """A line with something on its left and something on its right. Showing the same again draws nothing."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.left: tuple[Cell, ...] = ()
        self.right: tuple[Cell, ...] = ()
        self._drawn: Strip | None = None

    def show(self, left: Sequence[Cell], right: Sequence[Cell] = ()) -> None:
        """Draw these cells if they aren't drawn already."""
        if (tuple(left), tuple(right)) != (self.left, self.right):
            self.left, self.right = tuple(left), tuple(right)
            if self._drawn is None:
                self.refresh()
                return
            first, end = differing(self._drawn, self._line())
            self.refresh(Region(first, 0, end - first, 1))

    @property
    def text(self) -> str:
        """What it says, for tests and for reading aloud."""
        return "".join(cell.text for cell in (*self.left, *self.right))

    def render_line(self, y: int) -> Strip:
        if y:
            return self.blank(self.size.width)
        self._drawn = self._line()
        return self._drawn

    def _line(self) -> Strip:
        return self.line(self.left, self.right, self.size.width)
