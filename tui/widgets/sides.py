"""Two runs held against each other, scrolled by keys; laid out again for each width."""

from __future__ import annotations

from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip

from tui.comparison import Comparison, Row, laid_out
from tui.widgets.paint import Lines


class Sides(Lines):
    """Shows one comparison."""

    BINDINGS = [
        Binding("up,k", "scroll_by(-1)", "up", show=False, priority=True),
        Binding("down,j", "scroll_by(1)", "down", show=False, priority=True),
        Binding("pageup", "scroll_page(-1)", "a page up", show=False, priority=True),
        Binding("pagedown,space", "scroll_page(1)", "a page down", show=False, priority=True),
        Binding("home,g", "scroll_to(0)", "the top", show=False, priority=True),
        Binding("end,G", "scroll_to(1)", "the end", show=False, priority=True),
    ]

    class Turned(Message):
        """Another part of it is in view, or another share."""

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

    @property
    def place(self) -> str:
        """``1-12 of 40`` where not all of it is in view, else ''."""
        if self.length <= self.room:
            return ""
        return f"{self.row_offset + 1}-{min(self.length, self.row_offset + self.room)} of {self.length}"

    def scroll_to_line(self, y: int) -> None:
        super().scroll_to_line(y)
        self.post_message(self.Turned())

    def action_scroll_by(self, by: int) -> None:
        self.scroll_to_line(self.row_offset + by)

    def action_scroll_page(self, by: int) -> None:
        self.scroll_to_line(self.row_offset + by * max(1, self.size.height - 1))

    def action_scroll_to(self, end: int) -> None:
        self.scroll_to_line(end * self.length)
