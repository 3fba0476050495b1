"""Two runs held against each other; laid out again for each width."""

from __future__ import annotations

from textual.strip import Strip

from tui.comparison import Comparison, Row, laid_out
from tui.widgets.scrolled import Scrolled


class Sides(Scrolled):
    """Shows one comparison."""

    def __init__(self, comparison: Comparison, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._comparison = comparison
        self._rows: tuple[Row, ...] = ()

    def line_at(self, y: int) -> Strip:
        at = self.row_offset + y
        row = self._rows[at] if at < len(self._rows) else ()
        return self.line(row, (), self.size.width)

    @property
    def length(self) -> int:
        return len(self._rows)

    def resized(self) -> None:
        self._rows = laid_out(self._comparison, self.size.width, self.glyphs)
