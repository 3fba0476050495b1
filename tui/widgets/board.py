"""Some lines that are only read: each has something on its left and something on its right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.strip import Strip

from tui.format import Glyphs
from tui.outline import Outline, Row
from tui.widgets.paint import Lines

Draw = Callable[[Outline, int, Glyphs], Sequence[Row]]
"""Gives the rows for so many columns."""


class Board(Lines, can_focus=False):
    """Draws an outline, laid out for its own width. Showing the same again draws nothing."""

    def __init__(self, draw: Draw, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._draw = draw
        self._outline = Outline()
        self._rows: tuple[Row, ...] = ()

    def show(self, outline: Outline) -> None:
        """Draw the rows whose look has changed."""
        self._outline = outline
        self._rows = tuple(self._draw(outline, self.size.width, self.glyphs))
        self.repaint()

    @property
    def length(self) -> int:
        return len(self._rows)

    def resized(self) -> None:
        self._rows = tuple(self._draw(self._outline, self.size.width, self.glyphs))

    def line_at(self, y: int) -> Strip:
        left, right = self._rows[y] if y < len(self._rows) else ((), ())
        return self.line(left, right, self.size.width)
